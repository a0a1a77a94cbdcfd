/**
 * How an option's text is read: a parser, which gives undefined for a text that is not allowed, and a description of
 * what is.
 */
export type Setting<T> = readonly [parse: (text: string) => T | undefined, expected: string];

/** One of some names. */
export function oneOf<T extends string>(names: readonly T[]): Setting<T> {
  const expected = names.length > 1 ? `one of ${names.join(', ')}` : names[0];
  return [(text) => names.find((name) => name === text), expected];
}

/** A number as people write it, without a sign: `Number` also reads 0x10 and an empty text. */
const DECIMAL = /^\s*(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

/** The number >= 0 that a text is; NaN for any other text. */
export const decimal = (text: string): number => (DECIMAL.test(text) ? Number(text) : Number.NaN);

/** A number >= 0 of a closed range. */
export function number(low: number, high: number): Setting<number> {
  const parse = (text: string) => within(decimal(text), low, high);
  return [parse, `a number from ${low} to ${high}`];
}

/** An integer of a closed range, in digits. */
export function integer(low: number, high: number): Setting<number> {
  const parse = (text: string) => (/^\d+$/.test(text) ? within(Number(text), low, high) : undefined);
  return [parse, `an integer from ${low} to ${high}`];
}

/** Ascending integers of a closed range, separated by commas. */
export function ascending(low: number, high: number): Setting<readonly number[]> {
  const [one] = integer(low, high);
  const parse = (text: string) => {
    const values = text.split(',').map((part) => one(part.trim()) ?? Number.NaN);
    return values.every((value, i) => value > (values[i - 1] ?? 0)) ? values : undefined;
  };
  return [parse, `ascending integers from ${low} to ${high}, separated by commas`];
}

/** Numbers >= 0, separated by commas, not all of them 0. */
export function weights(): Setting<readonly number[]> {
  const [one] = number(0, 1e6);
  const parse = (text: string) => {
    const values = text.split(',').map((part) => one(part) ?? Number.NaN);
    return values.every((value) => value >= 0) && values.some((value) => value > 0) ? values : undefined;
  };
  return [parse, 'a weight for each, separated by commas'];
}

/** What either of two settings takes. */
export function eitherOf<A, B>([first, expected]: Setting<A>, [second, other]: Setting<B>): Setting<A | B> {
  return [(text) => first(text) ?? second(text), `${expected}, or ${other}`];
}

function within(value: number, low: number, high: number): number | undefined {
  return value >= low && value <= high ? value : undefined;
}

/** Whether an option names files, which lie elsewhere on another machine. */
export function isPlace(key: string): key is (typeof PLACES)[number] {
  return (PLACES as readonly string[]).includes(key);
}

/** Options that say what a run puts up with: they may change when it goes on. */
export const TOLERANCES = ['maxPixels', 'skipBroken'] as const;

const PLACES = ['data', 'train', 'test', 'images', 'joints', 'sigmas', 'init'] as const;

/** The option of a field as it is typed: `--log-s`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
