/** Every op, by file; `cases.ts` lists their cases in the same order. */

export { full } from './creation/full.js';
export { randomNormal, randomUniform } from './creation/random.js';
export { gelu, leakyRelu, leakyReluGrad, relu, reluGrad, silu } from './elementwise/activation.js';
export { add, atan2, div, maximum, minimum, mul, neg, shareOfLarger, sub } from './elementwise/arithmetic.js';
export { cast } from './elementwise/cast.js';
export { clamp, clampGrad } from './elementwise/clamp.js';
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
} from './elementwise/comparison.js';
export { pow } from './elementwise/pow.js';
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
  sigmoidGrad,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
  tanhGrad,
} from './elementwise/unary.js';
export { where } from './elementwise/where.js';
export { affineWarp } from './image/affineWarp.js';
export { warpPixels } from './image/warpPixels.js';
export { gather, gatherGrad } from './indexing/gather.js';
export { pick, place } from './indexing/pick.js';
export { concat, stack } from './layout/concat.js';
export { flip } from './layout/flip.js';
export { permute } from './layout/permute.js';
export { expandDims, reshape, squeeze } from './layout/reshape.js';
export { pad, slice } from './layout/slice.js';
export { batchNorm, batchNormAddRelu, batchNormRelu } from './norm/batchNorm.js';
export { batchNormEval } from './norm/batchNormEval.js';
export { batchNormAddReluGrad, batchNormGrad, batchNormReluGrad } from './norm/batchNormGrad.js';
export { adamStep } from './optimiser/adamStep.js';
export { blend } from './optimiser/blend.js';
export { gradStatus, scaledGradStatus } from './optimiser/gradStatus.js';
export { halfBlocks } from './optimiser/halfBlocks.js';
export { sgdStep } from './optimiser/sgdStep.js';
export { avgPool2d, avgPool2dGrad } from './pool/avgPool2d.js';
export { globalAveragePool } from './pool/globalAveragePool.js';
export { maxPool2d, maxPool2dGather, maxPool2dGrad } from './pool/maxPool2d.js';
export { conv2d, conv2dInput, conv2dWeight } from './product/conv2d.js';
export { conv2dNorm } from './product/conv2dNorm.js';
export { convTranspose2d } from './product/convTranspose2d.js';
export { linear } from './product/linear.js';
export { matmul } from './product/matmul.js';
export { cumsum } from './reduction/cumsum.js';
export { argMax, max, min } from './reduction/extremum.js';
export { logSumExp } from './reduction/logSumExp.js';
export { mean } from './reduction/mean.js';
export { logSoftmax, softmax } from './reduction/softmax.js';
export { broadcastTo, sum } from './reduction/sum.js';
