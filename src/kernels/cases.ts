import type { OpCases } from '../autograd/cases.js';
import { geluCases, leakyReluCases, leakyReluGradCases, reluCases, reluGradCases, siluCases } from './activation.js';
import { adamStepCases } from './adamStep.js';
import { affineWarpCases } from './affineWarp.js';
import { avgPool2dCases, avgPool2dGradCases } from './avgPool2d.js';
import { batchNormAddReluCases, batchNormCases, batchNormReluCases } from './batchNorm.js';
import { batchNormEvalCases } from './batchNormEval.js';
import { batchNormAddReluGradCases, batchNormGradCases, batchNormReluGradCases } from './batchNormGrad.js';
import {
  addCases,
  atan2Cases,
  divCases,
  maximumCases,
  minimumCases,
  mulCases,
  shareOfLargerCases,
  subCases,
} from './binary.js';
import { blendCases } from './blend.js';
import { castCases } from './cast.js';
import { clampCases, clampGradCases } from './clamp.js';
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
} from './compare.js';
import { concatCases } from './concat.js';
import { conv2dCases, conv2dInputCases, conv2dWeightCases } from './conv2dCases.js';
import { conv2dNormCases } from './conv2dNorm.js';
import { cumsumCases } from './cumsum.js';
import { argMaxCases, maxCases, minCases } from './extremum.js';
import { flipCases } from './flip.js';
import { gatherCases, gatherGradCases } from './gather.js';
import { gradStatusCases, scaledGradStatusCases } from './gradStatus.js';
import { halfBlocksCases } from './halfBlocks.js';
import { linearCases } from './linear.js';
import { logSumExpCases } from './logSumExp.js';
import { matmulCases } from './matmul.js';
import { maxPool2dCases, maxPool2dGatherCases, maxPool2dGradCases } from './maxPool2d.js';
import { meanCases } from './mean.js';
import { negCases } from './neg.js';
import { permuteCases } from './permute.js';
import { pickCases, placeCases } from './pick.js';
import { powCases } from './pow.js';
import { broadcastToCases, sumCases } from './reduce.js';
import { reshapeCases } from './reshape.js';
import { sgdStepCases } from './sgdStep.js';
import { padCases, sliceCases } from './slice.js';
import { logSoftmaxCases, softmaxCases } from './softmax.js';
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
  signCases,
  sinCases,
  softplusCases,
  sqrtCases,
  squareCases,
  tanhCases,
} from './unary.js';
import { sigmoidGradCases, tanhGradCases } from './unaryGrad.js';
import { warpPixelsCases } from './warpPixels.js';
import { whereCases } from './where.js';

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
