import type { ErrorTable } from './errorTable.js';
import type { LossName } from './losses.js';
import type { Points } from './noise.js';

/** What one of the losses has made of the labels. */
export interface Fit {
  /** At the x of `gridX`. */
  readonly mu: Float32Array;
  readonly sigma: Float32Array;
  /** Where labels are expected there: mu, or the mean of the density where the loss leaves mu open. */
  readonly place: Float32Array;
  /** The predicted density of e. */
  readonly table: ErrorTable;
  /** Mean loss and mean log-density of labels that it does not learn from, in nats. */
  readonly loss: number;
  readonly logLikelihood: number;
  /** The share of these labels inside of the central interval of each of `LEVELS`. */
  readonly coverage: readonly number[];
}

export interface LineFrame {
  readonly steps: number;
  readonly fits: Readonly<Record<LossName, Fit>>;
  /** Some of the labels that are not learned from. */
  readonly points: Points;
}

/** Places at which the page draws what is predicted. */
export const gridX: Float32Array = Float32Array.from({ length: 81 }, (_, i) => i / 40 - 1);
export const LEVELS: readonly number[] = Array.from({ length: 21 }, (_, i) => i / 20);
