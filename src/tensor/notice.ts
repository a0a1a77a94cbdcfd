const told = new Set<string>();

/** Says on the console what the user should know and did not ask for: each thing once in the life of the program. */
export function notice(text: string): void {
  if (told.has(text)) return;
  told.add(text);
  // biome-ignore lint/suspicious/noConsole: the only place of the library that writes there
  console.warn(`wgrad: ${text}`);
}
