import type { OpCases } from '../autograd/cases.js';
import { avgPool2dCases, avgPool2dGradCases } from './avgPool2d.js';
import { broadcastToCases } from './broadcastTo.js';
import { concatCases } from './concat.js';
import { conv2dCases } from './conv2d.js';
import { conv2dInputCases } from './conv2dInput.js';
import { conv2dWeightCases } from './conv2dWeight.js';
import { cumsumCases } from './cumsum.js';
import { argMaxCases, maxCases, minCases } from './extremum.js';
import { flipCases } from './flip.js';
import { gatherCases, gatherGradCases } from './gather.js';
import { linearCases } from './linear.js';
import { logSumExpCases } from './logSumExp.js';
import { matmulCases } from './matmul.js';
import { maxPool2dCases, maxPool2dGatherCases, maxPool2dGradCases } from './maxPool2d.js';
import { padCases } from './pad.js';
import { permuteCases } from './permute.js';
import { pickCases, placeCases } from './pick.js';
import { meanCases, sumCases } from './reduce.js';
import { reshapeCases } from './reshape.js';
import { sliceCases } from './slice.js';
import { logSoftmaxCases, softmaxCases } from './softmax.js';

/** What tests, benches and the command line know about every op; user bundles never reach this file. */
export const kernelCases: readonly OpCases[] = [
  argMaxCases,
  avgPool2dCases,
  avgPool2dGradCases,
  broadcastToCases,
  concatCases,
  conv2dCases,
  conv2dInputCases,
  conv2dWeightCases,
  cumsumCases,
  flipCases,
  gatherCases,
  gatherGradCases,
  linearCases,
  logSoftmaxCases,
  logSumExpCases,
  matmulCases,
  maxCases,
  maxPool2dCases,
  maxPool2dGatherCases,
  maxPool2dGradCases,
  meanCases,
  minCases,
  padCases,
  permuteCases,
  pickCases,
  placeCases,
  reshapeCases,
  sliceCases,
  softmaxCases,
  sumCases,
];
