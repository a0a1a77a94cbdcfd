import type { OpCases } from '../autograd/cases.js';
import { broadcastToCases } from './broadcastTo.js';
import { permuteCases } from './permute.js';
import { sumCases } from './reduce.js';
import { reshapeCases } from './reshape.js';

/** What tests, benches and the command line know about every op; user bundles never reach this file. */
export const kernelCases: readonly OpCases[] = [broadcastToCases, permuteCases, reshapeCases, sumCases];
