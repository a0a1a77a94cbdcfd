/**
 * How many of what in words: `1 image`, `2 images`.
 * @param many the word for another number than 1
 * @param shown the number as it is written, such as `2,000`
 */
export function counted(count: number, one: string, many = `${one}s`, shown = String(count)): string {
  return `${shown} ${count === 1 ? one : many}`;
}
