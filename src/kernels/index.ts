/** Every op, by file; `cases.ts` lists their cases in the same order. */
export { gelu, leakyRelu, leakyReluGrad, relu, reluGrad, silu } from './activation.js';
export { adamStep } from './adamStep.js';
export { affineWarp } from './affineWarp.js';
export { avgPool2d, avgPool2dGrad } from './avgPool2d.js';
export { batchNorm, batchNormAddRelu, batchNormRelu } from './batchNorm.js';
export { batchNormEval } from './batchNormEval.js';
export { batchNormAddReluGrad, batchNormGrad, batchNormReluGrad } from './batchNormGrad.js';
export { add, atan2, div, maximum, minimum, mul, shareOfLarger, sub } from './binary.js';
export { blend } from './blend.js';
export { cast } from './cast.js';
export { clamp, clampGrad } from './clamp.js';
export {
  equal,
  greater,
  greaterEqual,
  isFinite,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
} from './compare.js';
export { concat, stack } from './concat.js';
export { conv2d, conv2dInput, conv2dWeight } from './conv2d.js';
export { conv2dNorm } from './conv2dNorm.js';
export { convTranspose2d } from './convTranspose2d.js';
export { cumsum } from './cumsum.js';
export { argMax, max, min } from './extremum.js';
export { full } from './fill.js';
export { flip } from './flip.js';
export { gather, gatherGrad } from './gather.js';
export { globalAveragePool } from './globalAveragePool.js';
export { gradStatus, scaledGradStatus } from './gradStatus.js';
export { halfBlocks } from './halfBlocks.js';
export { linear } from './linear.js';
export { logSumExp } from './logSumExp.js';
export { matmul } from './matmul.js';
export { maxPool2d, maxPool2dGather, maxPool2dGrad } from './maxPool2d.js';
export { mean } from './mean.js';
export { neg } from './neg.js';
export { permute } from './permute.js';
export { pick, place } from './pick.js';
export { pow } from './pow.js';
export { randomNormal, randomUniform } from './random.js';
export { broadcastTo, sum } from './reduce.js';
export { expandDims, reshape, squeeze } from './reshape.js';
export { sgdStep } from './sgdStep.js';
export { pad, slice } from './slice.js';
export { logSoftmax, softmax } from './softmax.js';
export {
  abs,
  cos,
  erf,
  exp,
  expm1,
  log,
  log1p,
  reciprocal,
  rsqrt,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
} from './unary.js';
export { sigmoidGrad, tanhGrad } from './unaryGrad.js';
export { warpPixels } from './warpPixels.js';
export { where } from './where.js';
