/** Bernoulli terms of Stirling's series, `B_2k / (2k (2k - 1))`. */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188];

/** From here on the series' first omitted term, 691 / (360360 x^11), is below 1e-14. */
const LARGE = 12;

/** `log Gamma(x)`, x > 0: Stirling's series, reached from small x by `Gamma(x + 1) = x Gamma(x)`. */
export function logGamma(x: number): number {
  let shift = 0;
  let y = x;
  for (; y < LARGE; y++) shift += Math.log(y);
  const series = STIRLING.reduce((sum, term, k) => sum + term / y ** (2 * k + 1), 0);
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
