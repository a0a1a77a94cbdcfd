import type { OpCases } from '../autograd/cases.js';
import { avgPool2dCases, avgPool2dGradCases } from './avgPool2d.js';
import { broadcastToCases } from './broadcastTo.js';
import { concatCases } from './concat.js';
import { flipCases } from './flip.js';
import { maxPool2dCases, maxPool2dGatherCases, maxPool2dGradCases } from './maxPool2d.js';
import { padCases } from './pad.js';
import { permuteCases } from './permute.js';
import { sumCases } from './reduce.js';
import { reshapeCases } from './reshape.js';
import { sliceCases } from './slice.js';

/** What tests, benches and the command line know about every op; user bundles never reach this file. */
export const kernelCases: readonly OpCases[] = [
  avgPool2dCases,
  avgPool2dGradCases,
  broadcastToCases,
  concatCases,
  flipCases,
  maxPool2dCases,
  maxPool2dGatherCases,
  maxPool2dGradCases,
  padCases,
  permuteCases,
  reshapeCases,
  sliceCases,
  sumCases,
];
