/** A number with three decimals and a true minus sign. */
export function decimals(x: number, digits = 3): string {
  return Number.isFinite(x) ? x.toFixed(digits).replace('-', '\u2212') : String(x);
}
