import type { Rng } from '../../../src/tensor/rng.js';

/** A density of a label's error in one coordinate, in units of its scale; its highest point is at 0, which is the truth. */
export interface Shape {
  draw(rng: Rng): number;
  logDensity(r: number): number;
  readonly mean: number;
  readonly variance: number;
}

const LOG_2PI = Math.log(2 * Math.PI);
const exponential = (rng: Rng) => -Math.log(1 - rng.uniform());
const logAdd = (a: number, b: number) => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));

const normal: Shape = {
  draw: (rng) => rng.normal(),
  logDensity: (r) => -0.5 * (r * r + LOG_2PI),
  mean: 0,
  variance: 1,
};

const laplace: Shape = {
  draw: (rng) => exponential(rng) - exponential(rng),
  logDensity: (r) => -Math.abs(r) - Math.LN2,
  mean: 0,
  variance: 2,
};

/** Student's t of 2 degrees of freedom, which has no variance. */
const heavy: Shape = {
  draw: (rng) => rng.normal() / Math.sqrt(exponential(rng)),
  logDensity: (r) => -1.5 * Math.log1p((r * r) / 2) - 1.5 * Math.LN2,
  mean: 0,
  variance: Number.POSITIVE_INFINITY,
};

/** A gamma density of shape 3: its median is 0.67 from its peak, its mean 1. */
const PEAK = 2;
const skewed: Shape = {
  draw: (rng) => exponential(rng) + exponential(rng) + exponential(rng) - PEAK,
  logDensity: (r) => (r > -PEAK ? 2 * Math.log(r + PEAK) - (r + PEAK) - Math.LN2 : Number.NEGATIVE_INFINITY),
  mean: 3 - PEAK,
  variance: 3,
};

const mirrored = ({ draw, logDensity, mean, variance }: Shape): Shape => ({
  draw: (rng) => -draw(rng),
  logDensity: (r) => logDensity(-r),
  mean: -mean,
  variance,
});

/** Two narrow peaks, the larger one at the truth. */
const OTHER = { share: 0.4, at: 2, width: 0.35 } as const;
const twoPeaks: Shape = {
  draw: (rng) => (rng.uniform() < OTHER.share ? OTHER.at : 0) + OTHER.width * rng.normal(),
  logDensity(r) {
    const peak = (at: number, share: number) =>
      Math.log(share / OTHER.width) + normal.logDensity((r - at) / OTHER.width);
    return logAdd(peak(0, 1 - OTHER.share), peak(OTHER.at, OTHER.share));
  },
  mean: OTHER.share * OTHER.at,
  variance: OTHER.width ** 2 + OTHER.share * (1 - OTHER.share) * OTHER.at ** 2,
};

/** How labels go wrong. */
export interface Noise {
  readonly name: string;
  /** The density of errors of a joint, the same in both coordinates. */
  shapeOf(joint: number): Shape;
  /** The scale of the errors in scene x, in units of the usual one. */
  scaleAt(x: number): number;
  /** Share of labels that stand at the partner's place: left and right confused. */
  readonly swaps: number;
  /** Whether the errors of all labels have one density, so that theory says how precise mu can be. */
  readonly isShared: boolean;
}

const noise = (name: string, shape: Shape, rest: Partial<Noise> = {}): Noise => ({
  name,
  shapeOf: () => shape,
  scaleAt: () => 1,
  swaps: 0,
  isShared: Object.keys(rest).length === 0,
  ...rest,
});

const skewedLeft = mirrored(skewed);

export const NOISES: readonly Noise[] = [
  noise('normal', normal),
  noise('Laplace', laplace),
  noise('heavy tails', heavy),
  noise('skewed', skewed),
  noise('two peaks', twoPeaks),
  noise('swapped', normal, { swaps: 0.2 }),
  noise('scale varies', normal, { scaleAt: (x) => Math.exp(1.5 * Math.sin(Math.PI * x)) }),
  noise('by joint', skewed, { shapeOf: (joint) => (joint % 2 === 0 ? skewed : skewedLeft) }),
];
