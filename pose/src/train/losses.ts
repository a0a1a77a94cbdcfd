import { mul, type Tensor } from 'wgrad';
import {
  dle,
  dleMixed,
  gaussianNll,
  type Labels,
  type LogSNodes,
  l1,
  l2,
  laplaceNll,
  likelihood,
  type MixedFlows,
  type MixedLogSNodes,
  type RealNvpParams,
  realNvpFlow,
  rle,
  rleMixed,
  type StandardDensity,
} from 'wgrad/rle';
import { dsnt, heatmapMse } from '../heatmaps/heatmapLoss.js';
import type { LossName, QName, TrainConfig } from './config.js';
import type { StepNodes } from './deviceBatch.js';
import { type ModelOutput, predictionOf } from './modelOutput.js';

/** A loss and what it needs of the network. */
export interface TrainingLoss {
  /** Whether the network predicts a sigma for every coordinate. */
  readonly sigma: boolean;
  /** Whether a flow learns the density of the residuals. */
  readonly flow: boolean;
  /** The density that errors in units of sigma are taken to have; absent where a flow learns it. */
  readonly assumed?: StandardDensity;
  /** A scalar. Output and residual density hold what the head, `sigma` and `flow` promise. */
  value(output: ModelOutput, labels: Labels, density: ResidualModel): Tensor;
}

/** What RLE takes the density of the errors to be. */
export interface ResidualModel {
  /** The flow of losses in the plane, or those of losses in space. */
  readonly flow: RealNvpParams | MixedFlows;
  readonly q: QName;
  /** Where log s is estimated, if it counts. */
  readonly nodes?: StepNodes | undefined;
}

/** Labels in space, some of which may lack a depth. */
const isMixed = (flow: RealNvpParams | MixedFlows): flow is MixedFlows => 'flow3d' in flow;

/** The flow of all losses in the plane that have one. */
export const RESIDUAL_FLOW = realNvpFlow({ dims: 2 });

/** Tails between the Laplace's, which hold one outlier in a thousand joints, and the Cauchy's, which has no variance. */
const DEGREES_OF_FREEDOM = 4;

export const DENSITIES: Readonly<Record<QName, StandardDensity>> = {
  laplace: 'laplace',
  gaussian: 'gaussian',
  logistic: 'logistic',
  studentT: { studentT: DEGREES_OF_FREEDOM },
};

/** The Q whose product with the flow's density is that of the errors: with log s. Without it the flow is all of it. */
export function residualOf({ loss, q, logS }: Pick<TrainConfig, 'loss' | 'q' | 'logS'>): StandardDensity | undefined {
  return loss === 'rle' && logS !== 'none' ? DENSITIES[q] : undefined;
}

/** Weights that bring the losses without sigma to the size of the others, so that one learning rate suits all. */
const L2_WEIGHT = 50;
const L1_WEIGHT = 10;
/**
 * The mean over pixels is some 0.02, too small for the digits of a progress line. Adam does not care: on LSP an epoch at 1 and one
 * at 1000 both came to PCK@0.2 23.1 %.
 */
const HEATMAP_WEIGHT = 1000;

export const LOSSES: Readonly<Record<LossName, TrainingLoss>> = {
  l2: { sigma: false, flow: false, value: (output, labels) => mul(l2(predictionOf(output), labels), L2_WEIGHT) },
  l1: { sigma: false, flow: false, value: (output, labels) => mul(l1(predictionOf(output), labels), L1_WEIGHT) },
  gaussian: {
    sigma: true,
    flow: false,
    assumed: 'gaussian',
    value: (output, labels) => gaussianNll(predictionOf(output), labels),
  },
  laplace: {
    sigma: true,
    flow: false,
    assumed: 'laplace',
    value: (output, labels) => laplaceNll(predictionOf(output), labels),
  },
  dle: { sigma: true, flow: true, value: directLoss },
  rle: { sigma: true, flow: true, value: residualLoss },
  heatmap: {
    sigma: false,
    flow: false,
    value: ({ maps }, labels) => mul(heatmapMse(maps as Tensor, labels), HEATMAP_WEIGHT),
  },
  dsnt: { sigma: false, flow: false, value: ({ maps }, labels) => dsnt(maps as Tensor, labels) },
};

function directLoss(output: ModelOutput, labels: Labels, { flow }: ResidualModel): Tensor {
  const prediction = predictionOf(output);
  return isMixed(flow) ? dleMixed(prediction, labels as Required<Labels>, flow) : dle(prediction, labels, flow);
}

/**
 * The official code's arithmetic where it has any: without log s, for two densities; of labels in the plane in few dispatches.
 */
function residualLoss(output: ModelOutput, labels: Labels, { flow, q, nodes }: ResidualModel): Tensor {
  const prediction = predictionOf(output);
  const official = !nodes && (q === 'laplace' || q === 'gaussian') ? q : undefined;
  if (isMixed(flow)) {
    const logS = (nodes as MixedLogSNodes | undefined) ?? 'none';
    const options = { variant: official ? 'official' : 'paper', q: DENSITIES[q], logS } as const;
    return rleMixed(prediction, labels as Required<Labels>, flow, options);
  }
  if (official) return rle(prediction, labels, flow, { q: official });
  const logS = (nodes as LogSNodes | undefined) ?? 'none';
  return likelihood(prediction, labels, RESIDUAL_FLOW, flow, { q: DENSITIES[q], logS });
}
