/** `y = fixed + rate x^exponent`, as it fits some points. */
export interface Fit {
  readonly fixed: number;
  readonly rate: number;
  /** Given, not fitted. */
  readonly exponent: number;
  /** Share of the (weighted) variance of y that the curve explains. */
  readonly r2: number;
  /** Slope of log y over log x: what the growth looks like as a pure power, fixed part included. */
  readonly slope: number;
}

/**
 * Least squares of relative errors, that is with weights 1 / y^2, so that times of milliseconds and of seconds count
 * alike. The fixed part is at least 0.
 * @param xs, ys above 0, at least two different xs
 */
export function fitPower(xs: readonly number[], ys: readonly number[], exponent: number): Fit {
  const powers = xs.map((x) => x ** exponent);
  const weights = ys.map((y) => 1 / (y * y));
  const line = leastSquares(powers, ys, weights);
  const through = leastSquares(powers, ys, weights, 0);
  const { fixed, rate } = line.fixed < 0 ? through : line;
  const mean = weightedMean(ys, weights);
  const spread = (of: (i: number) => number) => ys.reduce((sum, y, i) => sum + weights[i] * (y - of(i)) ** 2, 0);
  const r2 = 1 - spread((i) => fixed + rate * powers[i]) / spread(() => mean);
  const ones = xs.map(() => 1);
  const slope = leastSquares(xs.map(Math.log), ys.map(Math.log), ones).rate;
  return { fixed, rate, exponent, r2, slope };
}

/** The line `fixed + rate x` of least squares; with `fixed` given, its rate alone. */
function leastSquares(xs: readonly number[], ys: readonly number[], weights: readonly number[], fixed?: number) {
  const [x0, y0] = fixed === undefined ? [weightedMean(xs, weights), weightedMean(ys, weights)] : [0, fixed];
  let [xy, xx] = [0, 0];
  xs.forEach((x, i) => {
    xy += weights[i] * (x - x0) * (ys[i] - y0);
    xx += weights[i] * (x - x0) ** 2;
  });
  return { fixed: y0 - (xy / xx) * x0, rate: xy / xx };
}

function weightedMean(values: readonly number[], weights: readonly number[]): number {
  const total = weights.reduce((sum, w) => sum + w, 0);
  return values.reduce((sum, v, i) => sum + weights[i] * v, 0) / total;
}
