import { mul, type Tensor } from 'wgrad';
import {
  type Flow,
  type Labels,
  type LogSNodes,
  type MixedParams,
  mixedFlow,
  type RealNvpParams,
  type RleOptions,
  realNvp,
  rle,
  type StandardDensity,
  type VariantName,
} from 'wgrad/rle';
import { dsnt, heatmapMse } from '../heatmaps/heatmapLoss.js';
import type { LossName, QName, TrainConfig } from './config.js';
import { type ModelOutput, predictionOf } from './modelOutput.js';

/** A loss, and what it needs from the network. */
export interface TrainingLoss {
  /** Whether the network predicts a sigma for every coordinate. */
  readonly sigma: boolean;
  /** Whether a flow learns the density of the residuals. */
  readonly flow: boolean;
  /** The density assumed for errors in units of sigma; absent where a flow learns it. */
  readonly assumed?: StandardDensity;
  /**
   * The loss, a scalar. The output has what the head gives, with a logit if `sigma` is true; the density has a flow if
   * `flow` is true.
   */
  value(output: ModelOutput, labels: Labels, density: ResidualModel): Tensor;
}

/** One flow for joints with a depth, one for joints without. */
export type SpatialFlows = MixedParams<RealNvpParams, RealNvpParams>;

/** What RLE takes the density of the errors to be. */
export interface ResidualModel {
  /** Parameters of the flow of losses in the plane, or of those of losses in space. */
  readonly flow: RealNvpParams | SpatialFlows;
  readonly q: QName;
  /** Where log s is estimated, if the loss includes it. */
  readonly nodes?: LogSNodes | undefined;
}

/** The flow that has these parameters; a checkpoint may hold one of another width or with more couplings. */
export function flowOf({ t }: RealNvpParams): Flow<RealNvpParams> {
  const [hidden, dims] = t[0][0].weight.shape;
  return realNvp({ dims, hidden, couplings: t.length });
}

/** The flow for labels in space, some of which may lack a depth. */
function spatialFlowOf({ flow3d, flow2d }: SpatialFlows): Flow<SpatialFlows> {
  return mixedFlow(flowOf(flow3d), flowOf(flow2d));
}

/**
 * The tails lie between those of Laplace, in which one joint in a thousand is an outlier, and Cauchy, which has no
 * variance.
 */
const DEGREES_OF_FREEDOM = 4;

export const DENSITIES: Readonly<Record<QName, StandardDensity>> = {
  laplace: 'laplace',
  gaussian: 'gaussian',
  logistic: 'logistic',
  studentT: { studentT: DEGREES_OF_FREEDOM },
};

/**
 * The Q that together with the flow gives the density of the errors, if there is log s; without log s the flow is all
 * of it.
 */
export function residualOf({ loss, q, logS }: Pick<TrainConfig, 'loss' | 'q' | 'logS'>): StandardDensity | undefined {
  return loss === 'rle' && logS !== 'none' ? DENSITIES[q] : undefined;
}

/**
 * Whether a loss leaves open where mu is: with DLE and with log s the flow is part of the only density of `mu - sigma e`, and takes
 * up any shift of mu. Poses are then read at the mean of that density. Without log s, Q pulls mu to the median.
 */
export const isPlaceOpen = ({ loss, logS }: Pick<TrainConfig, 'loss' | 'logS'>): boolean =>
  loss === 'dle' || (loss === 'rle' && logS !== 'none');

/** Weights that give losses without sigma the size of the others, so that one learning rate suits all. */
const HALF_L2_WEIGHT = 100;
const L1_WEIGHT = 10;
/**
 * The mean over pixels is some 0.02, too small for the digits of a progress line. Adam does not care: on LSP an epoch at 1 and one
 * at 1000 both came to PCK@0.2 23.1 %.
 */
const HEATMAP_WEIGHT = 1000;

/** `rle` without a flow, times a weight. */
const simple = (
  options: RleOptions,
  { sigma, weight = 1 }: { readonly sigma: boolean; readonly weight?: number },
): TrainingLoss => ({
  sigma,
  flow: false,
  assumed: sigma ? options.q : undefined,
  value(output, labels) {
    const { mu, logit } = predictionOf(output);
    const loss = rle(sigma ? { mu, logit } : { mu }, labels, options);
    return weight === 1 ? loss : mul(loss, weight);
  },
});

/** `rle` with the flow for the labels' dimensions. */
const learned = (options: (model: ResidualModel, dims: 2 | 3) => RleOptions): TrainingLoss => ({
  sigma: true,
  flow: true,
  value(output, labels, model) {
    const { flow } = model;
    const prediction = predictionOf(output);
    return 'flow3d' in flow
      ? rle(prediction, labels, {
          ...options(model, 3),
          flow: spatialFlowOf(flow as SpatialFlows),
          params: flow,
        } as RleOptions<SpatialFlows>)
      : rle(prediction, labels, {
          ...options(model, 2),
          flow: flowOf(flow as RealNvpParams),
          params: flow,
        } as RleOptions<RealNvpParams>);
  },
});

/** The official code's arithmetic where it exists, without log s and for two densities; otherwise the paper's. */
export function rleVariant(q: QName, logS: boolean, dims: 2 | 3): VariantName {
  if (logS || (q !== 'laplace' && q !== 'gaussian')) return 'paper';
  return dims === 3 ? 'official3d' : 'official';
}

export const LOSSES: Readonly<Record<LossName, TrainingLoss>> = {
  l2: simple({ q: 'gaussian' }, { sigma: false, weight: HALF_L2_WEIGHT }),
  l1: simple({ q: 'laplace' }, { sigma: false, weight: L1_WEIGHT }),
  gaussian: simple({ q: 'gaussian' }, { sigma: true }),
  laplace: simple({ q: 'laplace' }, { sigma: true }),
  studentT: simple({ q: DENSITIES.studentT }, { sigma: true }),
  dle: learned(() => ({ design: 'reparameterised' })),
  rle: learned(({ q, nodes }, dims) => ({
    variant: rleVariant(q, nodes !== undefined, dims),
    q: DENSITIES[q],
    logS: nodes ?? 'none',
  })),
  heatmap: {
    sigma: false,
    flow: false,
    value: ({ maps }, labels) => mul(heatmapMse(maps as Tensor, labels), HEATMAP_WEIGHT),
  },
  dsnt: { sigma: false, flow: false, value: ({ maps }, labels) => dsnt(maps as Tensor, labels) },
};
