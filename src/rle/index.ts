/** Residual log-likelihood estimation: flows, likelihoods, losses, the head and a whole pose regressor. */
export { type Density, gaussianNegLog, laplaceNegLog } from './density.js';
export * as head from './head.js';
export { checkLabels, type LabelNames } from './labels.js';
export { gaussianNll, l1, l2, laplaceNll } from './loss.js';
export { alternatingMasks, type Masks } from './masks.js';
export * as realNvp from './realNvp.js';
export * as regressor from './regressor.js';
export { dle, type RleOptions, rle, type Variant } from './rle.js';
export { type MixedFlows, type RleMixedOptions, rleMixed } from './rleMixed.js';
export type { Labels, Prediction, SigmaOptions } from './standardise.js';
