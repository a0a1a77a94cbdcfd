/** Says something beside the results, which stdout has. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
