import { mul } from '../../kernels/binary.js';
import { gaussianNll, l1, l2, laplaceNll } from '../../rle/loss.js';
import type { RealNvpParams } from '../../rle/realNvp.js';
import { dle, rle } from '../../rle/rle.js';
import type { StandardDensity } from '../../rle/standardDensity.js';
import type { Labels, Prediction } from '../../rle/standardise.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { LossName } from './config.js';

/** A loss and what it needs of the network. */
export interface TrainingLoss {
  /** Whether the network predicts a sigma for every coordinate. */
  readonly sigma: boolean;
  /** Whether a flow learns the density of the residuals. */
  readonly flow: boolean;
  /** The density that errors in units of sigma are taken to have; absent where a flow learns it. */
  readonly assumed?: StandardDensity;
  /** A scalar. Prediction and flow hold what `sigma` and `flow` promise. */
  value(prediction: Prediction, labels: Labels, flow: RealNvpParams): Tensor;
}

/** Weights that bring the losses without sigma to the size of the others, so that one learning rate suits all. */
const L2_WEIGHT = 50;
const L1_WEIGHT = 10;

export const LOSSES: Readonly<Record<LossName, TrainingLoss>> = {
  l2: { sigma: false, flow: false, value: (p, labels) => mul(l2(p, labels), L2_WEIGHT) },
  l1: { sigma: false, flow: false, value: (p, labels) => mul(l1(p, labels), L1_WEIGHT) },
  gaussian: { sigma: true, flow: false, assumed: 'gaussian', value: (p, labels) => gaussianNll(p, labels) },
  laplace: { sigma: true, flow: false, assumed: 'laplace', value: (p, labels) => laplaceNll(p, labels) },
  dle: { sigma: true, flow: true, value: (p, labels, flow) => dle(p, labels, flow) },
  rle: { sigma: true, flow: true, value: (p, labels, flow) => rle(p, labels, flow) },
};
