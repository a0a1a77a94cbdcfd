/** Residual log-likelihood estimation: flows, likelihoods, losses, the head and a whole pose regressor. */
export { type Density, gaussianNegLog, laplaceNegLog } from './density.js';
export { affineFlow } from './flows/affineFlow.js';
export { chain } from './flows/chain.js';
export { type CouplingFlowOptions, couplingFlow } from './flows/couplingFlow.js';
export { type Flow, flowOver, type InvertibleMap } from './flows/flow.js';
export { rationalQuadratic, type SplineOptions } from './flows/rationalQuadratic.js';
export { realNvpFlow } from './flows/realNvpFlow.js';
export { additive, affine, type Transform } from './flows/transforms.js';
export { type RunningScaleOptions, runningErrorScale, unitVariance } from './gauge.js';
export type { HeadOptions, HeadParams } from './head.js';
export * as head from './head.js';
export { type Ellipse, ellipse, ellipseRadius, highestDensityThreshold, sortedDistances } from './highestDensity.js';
export { checkLabels, type LabelNames } from './labels.js';
export { type Design, type LikelihoodOptions, likelihood } from './likelihood.js';
export { type LogSMethod, type LogSNodes, type LogSOptions, logS, logSNodes } from './logS.js';
export { gaussianNll, l1, l2, laplaceNll } from './loss.js';
export { alternatingMasks, type Masks } from './masks.js';
export { mahalanobis, type PlaneCovariance, type PlaneMoments, planeMoments } from './planeMoments.js';
export { type DrawOptions, drawErrors, type PredictiveOptions, predictiveDraws } from './predictive.js';
export type { RealNvpParams } from './realNvp.js';
export * as realNvp from './realNvp.js';
export * as regressor from './regressor.js';
export { dle, type RleOptions, rle, type Variant } from './rle.js';
export {
  type DleMixedOptions,
  dleMixed,
  type MixedFlows,
  type MixedLogSNodes,
  type RleMixedOptions,
  rleMixed,
} from './rleMixed.js';
export { drawStandard, type StandardDensity, standardDeviation, standardNegLog } from './standardDensity.js';
export { type Labels, maskedDifference, type Prediction, type SigmaOptions } from './standardise.js';
export {
  type Calibrated,
  calibrated,
  type ErrorMoments,
  errorMoments,
  predictiveQuantiles,
  quantiles,
  sortedQuantile,
} from './uncertainty.js';
