import type { Ellipse } from 'wgrad/rle';

/** A loss that says where joints may be. */
export const JOINT_LOSSES = {
  laplace: 'Laplace',
  rle: 'RLE',
  rleLogS: 'RLE with log s',
} as const;
export type JointLoss = keyof typeof JOINT_LOSSES;

/** A picture that the network never learns from, cut out around its figure: RGB, `side` x `side` pixels. */
export interface Shown {
  readonly side: number;
  readonly pixels: Uint8Array;
  /** The true joints [K, 2], in the units of the crop, from -0.5 to 0.5. */
  readonly truth: Float64Array;
}

/** What is predicted of a figure, in the units of the crop. */
export interface FigurePose {
  /** [K, 2]. */
  readonly joints: Float64Array;
  /** Around each joint, one standard deviation large. */
  readonly ellipses: readonly Ellipse[];
}

export interface JointsFrame {
  readonly steps: number;
  /** Only in the first frame: they stay the same. */
  readonly shown?: readonly Shown[];
  readonly poses: readonly FigurePose[];
  /** Radii, in standard deviations, of the ellipses that should hold the share of `LEVELS` each. */
  readonly radii: readonly number[];
  /** Of figures that the network does not learn from: the mean loss in nats, */
  readonly loss: number;
  /** the mean distance of a joint from the truth, in percent of the crop's side, */
  readonly error: number;
  /** and the share of labels inside of the ellipses of each of `LEVELS`. */
  readonly held: readonly number[];
  /** The skeleton: pairs of joints and a colour. */
  readonly limbs: readonly (readonly [from: number, to: number, colour: string])[];
}

/** Levels of ellipses. */
export const LEVELS: readonly number[] = [0.5, 0.7, 0.8, 0.9, 0.95];
