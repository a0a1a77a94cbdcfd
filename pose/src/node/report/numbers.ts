/** What a table shows where there is no number. */
const NONE = '–';

/** A fraction as a percentage with one decimal and no sign: 0.7134 is `71.3`. */
export function percent(fraction: number | undefined): string {
  return decimals(fraction === undefined ? undefined : 100 * fraction, 1);
}

/** A number with a fixed count of decimals and a true minus sign, which a zero has not; a dash if there is none. */
export function decimals(value: number | undefined, digits: number): string {
  if (value === undefined || !Number.isFinite(value)) return NONE;
  return value
    .toFixed(digits)
    .replace(/^-(?=0*(\.0*)?$)/, '')
    .replace('-', '−');
}

/** A joint's name in words: `right_ankle` is `right ankle`. */
export function inWords(name: string): string {
  return name.replaceAll('_', ' ');
}
