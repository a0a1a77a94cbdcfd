import type { Ellipse } from 'wgrad/rle';
import type { RgbImage } from '../dataset.js';
import type { UncertaintyScore } from '../metrics/uncertaintyScore.js';
import type { JointSchema } from '../schema.js';

/**
 * All that the report of a training run shows, as plain data. Shares and PCK are fractions in [0, 1]; lengths are in
 * units of the crop's side unless said to be pixels; [K] runs over the joints of the schema.
 */
export interface RunReport {
  readonly title: string;
  /** One or two sentences below the title: what was trained on what. */
  readonly summary: string;
  /** Device, configuration, data, time, images per second ... in the order of their importance. */
  readonly facts: readonly Fact[];
  readonly schema: JointSchema;
  /** The PCK thresholds of every `Score`, ascending, in units of `normLengths`. */
  readonly thresholds: readonly number[];
  /** Which of the thresholds the headline, the curves and the joints use. */
  readonly mainThreshold: number;
  readonly network: Score;
  /** What the network must beat: mean pose, ridge regression ... */
  readonly baselines: readonly Score[];
  readonly epochs: readonly EpochRecord[];
  /** Held-out images drawn without looking at the result. */
  readonly gallery: readonly Example[];
  /** Held-out images by the network's error. */
  readonly ranked?: {
    readonly best: readonly Example[];
    readonly median: readonly Example[];
    readonly worst: readonly Example[];
  };
  /** Absent where the loss predicts no sigma. */
  readonly uncertainty?: Uncertainty;
  /** Absent where the loss has no flow. */
  readonly density?: ResidualDensity;
}

export interface Fact {
  readonly label: string;
  readonly value: string;
}

/** How well one predictor does on the held-out images. */
export interface Score {
  readonly name: string;
  /** One per threshold. */
  readonly pck: readonly number[];
  /** PCKh@0.5, where heads are annotated. */
  readonly pckh?: number;
  readonly meanError: number;
  /** In millimetres, where the predictor tells depths. */
  readonly space?: { readonly mpjpe: number; readonly paMpjpe: number } | undefined;
  /** Where the predictor says how sure it is. */
  readonly uncertainty?: UncertaintyScore;
  readonly perJoint?: {
    /** [K], at the main threshold; NaN for a joint that the data do not label. */
    readonly pck: ArrayLike<number>;
    /** [K]. */
    readonly meanError: ArrayLike<number>;
    /** [K]: mean of the predicted root mean square distances. */
    readonly spread?: ArrayLike<number>;
  };
}

/** One line of the training curves; a validation number is absent in epochs that were not validated. */
export interface EpochRecord {
  /** Counts from 1. */
  readonly epoch: number;
  readonly trainLoss: number;
  readonly validLoss?: number;
  /** Held-out PCK at the main threshold. */
  readonly pck?: number;
  /** Of a run in 3-D, in millimetres. */
  readonly mpjpe?: number | null | undefined;
  readonly paMpjpe?: number | null | undefined;
}

/** One held-out image with its prediction, all in pixels of `image`. */
export interface Example {
  readonly id: string;
  readonly image: RgbImage;
  /** [K, 2]. */
  readonly predicted: ArrayLike<number>;
  /** [K]: one standard deviation of where the labels are expected. */
  readonly ellipses?: readonly Ellipse[];
  /** [K, 2]. */
  readonly label: ArrayLike<number>;
  /** [K]: 0 where the label is unknown. */
  readonly weights: ArrayLike<number>;
  /** Mean distance to the label. */
  readonly error: number;
  /** Share of joints within the main threshold. */
  readonly correct: number;
}

/** Every held-out joint: what the network predicted its distance from the label to be, and what it was. */
export interface Uncertainty {
  /** [N]: predicted root mean square distance. */
  readonly spread: ArrayLike<number>;
  /** [N]: distance to the label. */
  readonly error: ArrayLike<number>;
  /** The share of the density that an ellipse of one standard deviation holds. */
  readonly ellipseMass: number;
}

/** Two densities of the residual in the plane, each in units of its own standard deviations around its mean. */
export interface ResidualDensity {
  /** Cells per side, n. */
  readonly size: number;
  /** The grid covers [-halfWidth, halfWidth] along both axes, cell centres. */
  readonly halfWidth: number;
  /** [n, n]: the learned density at `(x_i, y_j)`, index `j * n + i`, y downwards as in images. */
  readonly learned: ArrayLike<number>;
  /** [n, n]: the density that training started from. */
  readonly initial: ArrayLike<number>;
  /** The name of the latter. */
  readonly assumed: string;
  /** Whether the learned density is the product of the flow's with the assumed one. */
  readonly isProduct?: boolean;
  /** Mean, seen from the predictions, and standard deviation of the learned density in x and y, in units of the predicted sigma. */
  readonly mean: readonly [number, number];
  readonly std: readonly [number, number];
}
