/**
 * A value from a file as an error quotes it: short, whatever it is. `JSON.stringify` would fail on values that are nested
 * thousands of levels deep.
 */
export function excerpt(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return shortened(typeof value === 'string' ? JSON.stringify(shortened(value, 100)) : String(value), 40);
}

/** As `excerpt`, but a short list is quoted in full, as JSON. */
export function excerptOfList(value: unknown): string {
  return Array.isArray(value) && isSmall(value) ? shortened(JSON.stringify(value), 60) : excerpt(value);
}

function isSmall(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return value.length <= 20;
  if (typeof value !== 'object' || value === null) return true;
  return Array.isArray(value) && value.length <= 8 && depth < 3 && value.every((item) => isSmall(item, depth + 1));
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}...` : text;
}
