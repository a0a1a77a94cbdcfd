const told = new Set<string>();

/**
 * Says on the console what the user should know and did not ask for.
 *
 * @param subject what it is about: each subject is told once in the life of the program
 */
export function notice(text: string, subject = text): void {
  if (told.has(subject)) return;
  told.add(subject);
  // biome-ignore lint/suspicious/noConsole: the only place of the library that writes there
  console.warn(`wgrad: ${text}`);
}
