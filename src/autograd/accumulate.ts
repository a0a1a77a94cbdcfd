import type { Launch } from '../tensor/backend.js';
import { launchThreads, threadEntry } from '../tensor/grid.js';
import { programs } from '../tensor/programs.js';
import type { Tensor } from '../tensor/tensor.js';
import type { OpCases } from './cases.js';
import { defineOp, type Op } from './op.js';

function elementwise(bindings: string, statement: string): string {
  return /* wgsl */ `
${bindings}
${threadEntry('i', 'arrayLength(&y)')}
  ${statement}
}`;
}

const sums = /* @__PURE__ */ programs('accumulate', (type: 'vec4f' | 'f32') =>
  elementwise(
    `@group(0) @binding(0) var<storage, read> a: array<${type}>;
@group(0) @binding(1) var<storage, read> b: array<${type}>;
@group(0) @binding(2) var<storage, read_write> y: array<${type}>;`,
    'y[i] = a[i] + b[i];',
  ),
);

const copies = /* @__PURE__ */ programs('assign', () =>
  elementwise(
    `@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;`,
    'y[i] = source[min(i, arrayLength(&source) - 1u)];',
  ),
);

/** @internal Sum of two cotangents, `y = a + b` of one shape: what fan-out in the forward pass becomes in the reverse sweep. */
export const accumulate: Op<[a: Tensor, b: Tensor], object> = /* @__PURE__ */ defineOp({
  name: 'accumulate',
  arity: 2,
  attrs: {},
  half: [0, 1],
  shape: ([a]) => a,
  reference([a, b], [y]) {
    for (let i = 0; i < y.data.length; i++) y.data[i] = a.data[i] + b.data[i];
  },
  launches([a, b], [y]): Launch[] {
    const vec = y.size % 4 === 0;
    const program = sums(vec ? 'vec4f' : 'f32');
    return [launchThreads(vec ? y.size / 4 : y.size, program, [a, b], [y])];
  },
  vjp: (g) => [() => g, () => g],
  keep: { inputs: [] },
});

/** @internal Overwrites `target` in place with `source` of the same shape, or with one number: puts a gradient into its arena. */
export const assign: Op<[target: Tensor, source: Tensor], object> = /* @__PURE__ */ defineOp({
  name: 'assign',
  arity: 2,
  attrs: {},
  shape: ([target]) => target,
  reference([target, source], [y]) {
    for (let i = 0; i < target.data.length; i++) y.data[i] = source.data[source.data.length === 1 ? 0 : i];
  },
  launches([, source], [y]): Launch[] {
    return [launchThreads(y.size, copies(), [source], [y])];
  },
  vjp: null,
  donates: [0],
});

export const accumulateCases = (): OpCases => ({
  op: accumulate,
  samples: [{ inputs: [{ shape: [] }, { shape: [] }] }, { inputs: [{ shape: [3, 5, 17] }, { shape: [3, 5, 17] }] }],
  errors: [],
  bench: [
    {
      name: '64x56x56x64',
      inputs: [{ shape: [64, 56, 56, 64] }, { shape: [64, 56, 56, 64] }],
      flop: 12845056,
      bytes: 154140672,
    },
  ],
});

export const assignCases = (): OpCases => ({
  op: assign,
  samples: [{ inputs: [{ shape: [3, 7] }, { shape: [3, 7] }] }, { inputs: [{ shape: [2, 1, 5] }, { shape: [] }] }],
  errors: [],
  bench: [],
});
