let isSilent = false;

/** Says something beside the results, which stdout has. */
export function say(text: string): void {
  if (!isSilent) process.stderr.write(`${text}\n`);
}

/** From now on nothing is said: another process speaks for this one. */
export function sayNothing(): void {
  isSilent = true;
}
