import type { OpCases } from '../autograd/cases.js';
import { elementwiseCases, isElementwise } from './elementwise/cases.js';
import * as kernels from './index.js';

/**
 * Collects the cases of all ops among the given exports. An op with a function named `<op>Cases` has what that returns;
 * any other elementwise op has the cases that follow from its row.
 */
export function casesAmong(exports: Readonly<Record<string, unknown>>): readonly OpCases[] {
  const stated = Object.entries(exports).flatMap(([name, value]) =>
    name.endsWith('Cases') ? (value as () => OpCases | OpCases[])() : [],
  );
  const known = new Set<unknown>(stated.map(({ op }) => op));
  const rows = Object.values(exports).filter(isElementwise);
  return [...stated, ...rows.filter((op) => !known.has(op)).map(elementwiseCases)];
}

/** What tests, benches and the command line know about every op of `index.ts`; user bundles never reach this file. */
export const kernelCases: readonly OpCases[] = /* @__PURE__ */ casesAmong(kernels);
