import { accumulateCases, assignCases } from '../autograd/accumulate.js';
import type { OpCases } from '../autograd/cases.js';
import { kernelCases } from '../kernels/cases.js';

/** Every op with its samples, error inputs and bench shapes, by name. */
export const allCases: readonly OpCases[] = [accumulateCases, assignCases, ...kernelCases].sort((a, b) =>
  a.op.def.name < b.op.def.name ? -1 : 1,
);
