/**
 * Layers: each a module of `init(...)`, which makes parameters, and pure functions of them. Parameters are nested records
 * of tensors whose paths are PyTorch's state-dict names.
 */
export { averageGradients } from './averageGradients.js';
export * as batchNorm from './batchNorm.js';
export * as conv1d from './conv1d.js';
export * as conv2d from './conv2d.js';
export * as convNorm from './convNorm.js';
export * as convTranspose2d from './convTranspose2d.js';
export * as convUnit from './convUnit.js';
export { type CrossEntropyOptions, crossEntropy } from './crossEntropy.js';
export * as groupNorm from './groupNorm.js';
export { halfParameters } from './halfParameters.js';
export {
  constant,
  type Fan,
  fans,
  kaimingNormal,
  kaimingUniform,
  normal,
  torchUniform,
  uniform,
  type WeightInit,
  xavierNormal,
  xavierUniform,
} from './init.js';
export * as layerNorm from './layerNorm.js';
export * as linear from './linear.js';
export { countMacs, type Macs } from './macs.js';
export * as mlp from './mlp.js';
export {
  type AdamOptions,
  type AdamState,
  type AverageOptions,
  adam,
  adamW,
  type InitOptions,
  lossScaleOf,
  type ParameterGroup,
  readStatus,
  type SgdOptions,
  type SgdState,
  type StepOptions,
  type StepStatus,
  sgd,
} from './optim.js';
export type { BlockOptions } from './residualBlock.js';
export * as residualBlock from './residualBlock.js';
export type { Depth, ResnetMode, ResnetOptions, ResnetParams, ResnetState } from './resnet.js';
export * as resnet from './resnet.js';
export {
  type CosineOptions,
  cosine,
  type Schedule,
  type StepDecayOptions,
  stepDecay,
  type WarmUpOptions,
  warmUp,
} from './schedule.js';
export { copyState, keepUnlessSkipped } from './skippedState.js';
export { namedTensors, parameterCount } from './tree.js';
export { upsampleNearest } from './upsample.js';
