/** The densities of the first figure: what an error e costs, `-log q(e)` in nats. */
export const COSTS = {
  normal: { title: 'normal', colour: 'network', cost: (e: number) => 0.5 * e * e + 0.5 * Math.log(2 * Math.PI) },
  laplace: { title: 'Laplace', colour: 'second', cost: (e: number) => Math.abs(e) + Math.LN2 },
  student: {
    title: 'Student-t of 3 degrees',
    colour: 'baseline-3',
    cost: (e: number) => 2 * Math.log1p((e * e) / 3) + Math.log((Math.PI * Math.sqrt(3)) / 2),
  },
} as const;

/** What a sigma costs where the error is `error`: `log sigma - log q(error / sigma)`. */
export const costOfSigma = (cost: (e: number) => number, error: number, sigma: number) =>
  Math.log(sigma) + cost(error / sigma);
