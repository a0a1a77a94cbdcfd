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
    const all = allCases.map(({ op }) => op.def.name);
    const near = nearOf(all, name);
    const others = `${near.length > 0 ? 'near are' : 'there are'} ${(near.length > 0 ? near : all).join(', ')}`;
    if (Object.hasOwn(kernels, name)) {
      throw new DataError(
        `'${name}' is composed of other ops, which have the kernels and gradients; name those: ${others}`,
      );
    }
    throw new DataError(`no op is named '${name}'; ${others}`);
  });
}

/** The names that have the text in them, or else those that begin as it does but for a letter in four, at most two. */
function nearOf(names: readonly string[], text: string): readonly string[] {
  const asked = text.toLowerCase();
  const holding = names.filter((name) => name.toLowerCase().includes(asked));
  if (holding.length > 0) return holding;
  const most = Math.min(2, asked.length / 4);
  return names.filter((name) =>
    [-1, 0, 1].some((more) => editsBetween(name.toLowerCase().slice(0, asked.length + more), asked) <= most),
  );
}

/** How many letters are added, left out or changed on the shortest way from one text to another (Levenshtein's distance). */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[to.length];
}
