import type { OpCases } from '../autograd/cases.js';
import {
  geluCases,
  leakyReluCases,
  leakyReluGradCases,
  reluCases,
  reluGradCases,
  siluCases,
} from './elementwise/activation.js';
import {
  addCases,
  atan2Cases,
  divCases,
  maximumCases,
  minimumCases,
  mulCases,
  negCases,
  shareOfLargerCases,
  subCases,
} from './elementwise/arithmetic.js';
import { castCases } from './elementwise/cast.js';
import { clampCases, clampGradCases } from './elementwise/clamp.js';
import {
  equalCases,
  greaterCases,
  greaterEqualCases,
  isFiniteCases,
  lessCases,
  lessEqualCases,
  logicalAndCases,
  logicalNotCases,
  logicalOrCases,
  notEqualCases,
} from './elementwise/comparison.js';
import { powCases } from './elementwise/pow.js';
import {
  absCases,
  cosCases,
  erfCases,
  expCases,
  expm1Cases,
  log1pCases,
  logCases,
  reciprocalCases,
  rsqrtCases,
  sigmoidCases,
  sigmoidGradCases,
  signCases,
  sinCases,
  softplusCases,
  sqrtCases,
  squareCases,
  tanhCases,
  tanhGradCases,
} from './elementwise/unary.js';
import { whereCases } from './elementwise/where.js';
import { affineWarpCases } from './image/affineWarp.js';
import { warpPixelsCases } from './image/warpPixels.js';
import { gatherCases, gatherGradCases } from './indexing/gather.js';
import { pickCases, placeCases } from './indexing/pick.js';
import { concatCases } from './layout/concat.js';
import { flipCases } from './layout/flip.js';
import { permuteCases } from './layout/permute.js';
import { reshapeCases } from './layout/reshape.js';
import { padCases, sliceCases } from './layout/slice.js';
import { batchNormAddReluCases, batchNormCases, batchNormReluCases } from './norm/batchNorm.js';
import { batchNormEvalCases } from './norm/batchNormEval.js';
import { batchNormAddReluGradCases, batchNormGradCases, batchNormReluGradCases } from './norm/batchNormGrad.js';
import { adamStepCases } from './optimiser/adamStep.js';
import { blendCases } from './optimiser/blend.js';
import { gradStatusCases, scaledGradStatusCases } from './optimiser/gradStatus.js';
import { halfBlocksCases } from './optimiser/halfBlocks.js';
import { sgdStepCases } from './optimiser/sgdStep.js';
import { avgPool2dCases, avgPool2dGradCases } from './pool/avgPool2d.js';
import { maxPool2dCases, maxPool2dGatherCases, maxPool2dGradCases } from './pool/maxPool2d.js';
import { conv2dCases, conv2dInputCases, conv2dWeightCases } from './product/conv2dCases.js';
import { conv2dNormCases } from './product/conv2dNorm.js';
import { linearCases } from './product/linear.js';
import { matmulCases } from './product/matmul.js';
import { cumsumCases } from './reduction/cumsum.js';
import { argMaxCases, maxCases, minCases } from './reduction/extremum.js';
import { logSumExpCases } from './reduction/logSumExp.js';
import { meanCases } from './reduction/mean.js';
import { logSoftmaxCases, softmaxCases } from './reduction/softmax.js';
import { broadcastToCases, sumCases } from './reduction/sum.js';

/** What tests, benches and the command line know about every op; user bundles never reach this file. */
export const kernelCases: readonly OpCases[] = [
  absCases(),
  adamStepCases(),
  addCases(),
  affineWarpCases(),
  argMaxCases(),
  atan2Cases(),
  avgPool2dCases(),
  avgPool2dGradCases(),
  batchNormAddReluCases(),
  batchNormAddReluGradCases(),
  batchNormCases(),
  batchNormEvalCases(),
  batchNormGradCases(),
  batchNormReluCases(),
  batchNormReluGradCases(),
  blendCases(),
  broadcastToCases(),
  castCases(),
  clampCases(),
  clampGradCases(),
  concatCases(),
  conv2dCases(),
  conv2dInputCases(),
  conv2dNormCases(),
  conv2dWeightCases(),
  cosCases(),
  cumsumCases(),
  divCases(),
  equalCases(),
  erfCases(),
  expCases(),
  expm1Cases(),
  flipCases(),
  gatherCases(),
  gatherGradCases(),
  geluCases(),
  gradStatusCases(),
  halfBlocksCases(),
  scaledGradStatusCases(),
  greaterCases(),
  greaterEqualCases(),
  isFiniteCases(),
  leakyReluCases(),
  leakyReluGradCases(),
  lessCases(),
  lessEqualCases(),
  linearCases(),
  log1pCases(),
  logCases(),
  logicalAndCases(),
  logicalNotCases(),
  logicalOrCases(),
  logSoftmaxCases(),
  logSumExpCases(),
  matmulCases(),
  maxCases(),
  maximumCases(),
  maxPool2dCases(),
  maxPool2dGatherCases(),
  maxPool2dGradCases(),
  meanCases(),
  minCases(),
  minimumCases(),
  mulCases(),
  negCases(),
  notEqualCases(),
  padCases(),
  permuteCases(),
  pickCases(),
  placeCases(),
  powCases(),
  reciprocalCases(),
  reluCases(),
  reluGradCases(),
  reshapeCases(),
  rsqrtCases(),
  sgdStepCases(),
  shareOfLargerCases(),
  sigmoidCases(),
  sigmoidGradCases(),
  signCases(),
  siluCases(),
  sinCases(),
  sliceCases(),
  softmaxCases(),
  softplusCases(),
  sqrtCases(),
  squareCases(),
  subCases(),
  sumCases(),
  tanhCases(),
  tanhGradCases(),
  warpPixelsCases(),
  whereCases(),
];
