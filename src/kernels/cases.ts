import type { OpCases } from '../autograd/cases.js';
import { broadcastToCases } from './broadcastTo.js';
import { concatCases } from './concat.js';
import { flipCases } from './flip.js';
import { padCases } from './pad.js';
import { permuteCases } from './permute.js';
import { sumCases } from './reduce.js';
import { reshapeCases } from './reshape.js';
import { sliceCases } from './slice.js';

/** What tests, benches and the command line know about every op; user bundles never reach this file. */
export const kernelCases: readonly OpCases[] = [
  broadcastToCases,
  concatCases,
  flipCases,
  padCases,
  permuteCases,
  reshapeCases,
  sliceCases,
  sumCases,
];
