import { accumulateCases, assignCases } from '../autograd/accumulate.js';
import type { OpCases } from '../autograd/cases.js';
import { DataError } from '../errors.js';
import { kernelCases } from '../kernels/cases.js';
import * as kernels from '../kernels/index.js';
import { rleCases } from '../rle/cases.js';

/** Every op with its samples, error inputs and bench shapes, by name. */
export const allCases: readonly OpCases[] = [accumulateCases(), assignCases(), ...kernelCases, ...rleCases].sort(
  (a, b) => (a.op.def.name < b.op.def.name ? -1 : 1),
);

/**
 * The cases of the ops of these names; of all ops if there are none.
 *
 * @throws DataError for a name that no op has, with those that are near, and for a function that is composed of ops.
 */
export function casesOf(names: readonly string[]): readonly OpCases[] {
  if (names.length === 0) return allCases;
  return names.map((name) => {
    const found = allCases.find(({ op }) => op.def.name === name);
    if (found) return found;
    if (Object.hasOwn(kernels, name)) {
      throw new DataError(`'${name}' is composed of other ops, which have the kernels and gradients; name those`);
    }
    const all = allCases.map(({ op }) => op.def.name);
    const near = all.filter((other) => other.toLowerCase().includes(name.toLowerCase()));
    throw new DataError(
      `no op is named '${name}'; ${near.length > 0 ? 'near are' : 'there are'} ${(near.length > 0 ? near : all).join(', ')}`,
    );
  });
}
