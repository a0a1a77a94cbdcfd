/** Steps that several processes take together: gradients are summed over them, batch norms may see all their batches. */

export { type DistributedOptions, type DistributedStep, distributed, type RankResult } from './distributed.js';
export { addHalves, HALVES_OF_SCALE, packHalves, unpackHalves } from './halves.js';
export type { Ranks, Wire } from './ranks.js';
