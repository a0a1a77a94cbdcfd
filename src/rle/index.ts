/** Residual log-likelihood estimation: flows, likelihoods, losses, the head and a whole pose regressor. */
export { drawStandard, type StandardDensity, standardDeviation, standardNegLog } from './density.js';
export { type RunningScaleOptions, runningErrorScale } from './errorScale.js';
export { affineFlow } from './flows/affineFlow.js';
export { chain } from './flows/chain.js';
export { type CouplingFlowOptions, type CouplingFlowParams, couplingFlow } from './flows/couplingFlow.js';
export { type Flow, flowOver, type InvertibleMap } from './flows/flow.js';
export { alternatingMasks, type Masks } from './flows/masks.js';
export { type MixedParams, mixedFlow } from './flows/mixedFlow.js';
export { rationalQuadratic, type SplineOptions } from './flows/rationalQuadratic.js';
export { type RealNvpOptions, type RealNvpParams, realNvp } from './flows/realNvp.js';
export { additive, affine, type Transform } from './flows/transforms.js';
export { unitVariance } from './flows/unitVariance.js';
export type { HeadOptions, HeadParams, PlainHeadParams } from './head.js';
export * as head from './head.js';
export { type Ellipse, ellipse, ellipseRadius, highestDensityThreshold, sortedDistances } from './highestDensity.js';
export { checkLabels, type LabelNames } from './labels.js';
export { type LogSMethod, type LogSNodes, type LogSOptions, logS, logSNodes } from './logS.js';
export { perResidual } from './perResidual.js';
export { mahalanobis, type PlaneCovariance, type PlaneMoments, planeMoments } from './planeMoments.js';
export { type Labels, maskedDifference, type Prediction } from './prediction.js';
export { type DrawOptions, drawErrors, type PredictiveOptions, predictiveDraws } from './predictive.js';
export type { Backbone } from './regressor.js';
export * as regressor from './regressor.js';
export { errorsOf, type RleOptions, rle } from './rle.js';
export { type Scale, type SigmaOptions, sigmaOf, sigmaSaturation } from './sigma.js';
export {
  type Calibrated,
  calibrated,
  type ErrorMoments,
  errorMoments,
  predictiveQuantiles,
  quantiles,
  sortedQuantile,
} from './uncertainty.js';
export type { Design, VariantName } from './variants.js';
