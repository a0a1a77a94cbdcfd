import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op, type OpDefinition } from '../../autograd/op.js';
import type { Capabilities, Launch, LaunchContext, Program } from '../../tensor/backend.js';
import { grid, MAX_GROUPS, threadEntry } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { normaliseAxis } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { mul, sub } from '../elementwise/arithmetic.js';
import { exp } from '../elementwise/unary.js';
import { withMath } from '../wgsl/math.wgsl.js';
import { softmaxHeldWgsl } from '../wgsl/softmaxHeld.wgsl.js';
import { softmaxRowsWgsl } from '../wgsl/softmaxRows.wgsl.js';
import { type SoftmaxValue, valueFunction } from '../wgsl/softmaxValue.wgsl.js';
import { logSum, normaliser } from './logSumExp.js';
import { arrange, collapsedView, stages } from './stages.js';
import { sum } from './sum.js';

/** Attributes of `softmax` and `logSoftmax`: the axis along which the probabilities add up to 1. */
export interface SoftmaxAttrs {
  readonly axis: number;
}

/** What softmax and its logarithm differ in. */
interface Normalisation extends SoftmaxValue {
  readonly name: string;
  /** One element in float64, from its log-probability. */
  readonly exact: (logP: number) => number;
  readonly vjp: OpDefinition<SoftmaxAttrs, Tensor>['vjp'];
}

function normalisation({ name, exact, term, value, vjp }: Normalisation): Op<[x: Tensor], SoftmaxAttrs> {
  return defineOp<[x: Tensor], SoftmaxAttrs>({
    name,
    arity: 1,
    attrs: { axis: -1 },
    shape([x], { axis }) {
      normaliseAxis(name, axis, x.shape.length);
      return x;
    },
    reference([x], [y], { axis }) {
      const { data, outer, reduce, inner } = collapsedView(name, x, axis);
      for (let row = 0; row < outer * inner; row++) {
        const start = Math.floor(row / inner) * reduce * inner + (row % inner);
        const sum = logSum(data, start, reduce, inner);
        const total = Number.isFinite(sum) ? sum : Number.NaN;
        for (let r = 0; r < reduce; r++) y.data[start + r * inner] = exact(data[start + r * inner] - total);
      }
    },
    launches([x], [y], { axis }, context) {
      const rows = rowsLaunch(name, { term, value }, x, y, axis, context);
      if (rows) return [rows];
      const { launches, data, ...collapsed } = arrange(name, x, axis, context);
      const { outer, reduce, inner } = collapsed;
      const states = context.scratch(2 * outer * inner);
      return [
        ...launches,
        ...stages(normaliser(name, 'vec2f', 's'), data, states, collapsed, context),
        {
          program: normalisers({ term, value }),
          read: [x, states],
          write: [y],
          params: [reduce * inner, inner],
          grid: grid(y.size),
        },
      ];
    },
    vjp,
    keep: { inputs: [], outputs: [0] },
  });
}

const normalisers = /* @__PURE__ */ programs((_: SoftmaxValue) => 'softmax columns', normalise);
const longRows = /* @__PURE__ */ programs(({ threads }) => `softmax rows, ${threads} threads`, softmaxRowsWgsl);
const heldRows = /* @__PURE__ */ programs(
  ({ threads, held }) => `softmax rows, ${threads} threads hold ${held} each`,
  softmaxHeldWgsl,
);

/** Threads that share a row: the fewest that hold all of it in registers, or if none can. */
const ROW_THREADS = { gpu: [128], software: [8, 16, 32, 64, 128, 256], reference: [1] } as const;
/** Elements or vec4s that a thread may hold: 64 registers. */
const MOST_HELD = 16;
/** A row longer than this wants more than one workgroup, unless there are rows enough. */
const LONG_ROW = 4096;
const MANY_ROWS = 8;

/** One dispatch for contiguous rows, if that keeps the device busy. */
function rowsLaunch(
  name: string,
  value: SoftmaxValue,
  x: Tensor,
  y: Tensor,
  axis: number,
  { capabilities }: LaunchContext,
): Launch | undefined {
  const length = x.shape[normaliseAxis(name, axis, x.rank)];
  const isLast = normaliseAxis(name, axis, x.rank) === x.rank - 1;
  const rows = x.size / length;
  if (!isLast || (length > LONG_ROW && rows < MANY_ROWS)) return undefined;
  const vec = length % 4 === 0;
  const elements = vec ? length / 4 : length;
  const across = Math.min(rows, MAX_GROUPS);
  return {
    program: rowsProgram(value, vec, elements, capabilities),
    read: [x],
    write: [y],
    params: [elements, rows],
    grid: [across, Math.ceil(rows / across), 1],
  };
}

function rowsProgram(
  value: SoftmaxValue,
  vec: boolean,
  elements: number,
  { tier, subgroupSize }: Capabilities,
): Program {
  const fits = ROW_THREADS[tier].find((threads) => threads * MOST_HELD >= elements);
  if (fits === undefined) {
    const threads = ROW_THREADS[tier][0];
    return longRows({ ...value, vec, threads });
  }
  const held = Math.ceil(elements / fits);
  const ragged = held * fits > elements;
  // Only on software drivers does the place of a thread in its subgroup follow from its number; a driver for GPUs need
  // not keep to that.
  const lanes = tier === 'software' && subgroupSize > 0 && fits % subgroupSize === 0 ? subgroupSize : 1;
  return heldRows({ ...value, vec, threads: fits, held, ragged, lanes });
}

function normalise(value: SoftmaxValue): string {
  return withMath(/* wgsl */ `
struct Params { block: u32, inner: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> states: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;
${valueFunction(value, 'f32')}

${threadEntry('i', 'arrayLength(&y)')}
  let state = states[i / p.block * p.inner + i % p.inner];
  let d = x[i] - state.x;
  let s = state.y;
  y[i] = value(d, exp(d), ${value.term});
}`);
}

/**
 * Probabilities along an axis, `y_r = exp(x_r) / sum_q exp(x_q)`; -infinity has probability 0. NaN everywhere along the axis
 * if it holds NaN or +infinity, or -infinity only, as in PyTorch.
 */
export const softmax: Op<[x: Tensor], SoftmaxAttrs> = /* @__PURE__ */ normalisation({
  name: 'softmax',
  exact: Math.exp,
  term: '1 / s',
  value: 'e * t',
  vjp: (g, { outputs: [y], attrs: { axis } }) => [() => mul(y, sub(g, sum(mul(g, y), { axes: axis, keepDims: true })))],
});

/** Log-probabilities along an axis, `y_r = x_r - log sum_q exp(x_q)`; NaN where `softmax` is. */
export const logSoftmax: Op<[x: Tensor], SoftmaxAttrs> = /* @__PURE__ */ normalisation({
  name: 'logSoftmax',
  exact: (logP) => logP,
  term: 'ln(s)',
  value: 'd - t',
  vjp: (g, { outputs: [y], attrs: { axis } }) => [() => sub(g, mul(exp(y), sum(g, { axes: axis, keepDims: true })))],
});

function casesOf(op: Op<[x: Tensor], SoftmaxAttrs>): OpCases {
  return {
    op,
    samples: [
      { inputs: [{ shape: [3, 5] }] },
      { inputs: [{ shape: [5], lo: -6, hi: 6 }] },
      { inputs: [{ shape: [2, 3, 4] }], attrs: { axis: 1 } },
      { inputs: [{ shape: [3, 2, 1, 2, 2] }], attrs: { axis: 0 } },
      { inputs: [{ shape: [2, 8] }], attrs: { axis: -1 } },
      { inputs: [{ shape: [2, 1] }] },
      { inputs: [{ shape: [3], lo: 200, hi: 203 }] },
      { inputs: [{ shape: [1031] }], order: 1 },
      { inputs: [{ shape: [5003] }], order: 0 },
      { inputs: [{ shape: [9, 52] }], order: 1 },
      { inputs: [{ shape: [2, 1024] }], order: 0 },
      { inputs: [{ shape: [8, 4099] }], order: 0 },
    ],
    errors: [
      { inputs: [{ shape: [2, 3] }], attrs: { axis: 2 }, message: /axis 2 is out of range for rank 2/ },
      { inputs: [{ shape: [] }], message: /axis -1 is out of range for rank 0/ },
      { inputs: [{ shape: [2], dtype: 'int32' }], message: /oftmax: operand 0 is int32/ },
    ],
    bench: [
      {
        name: 'heatmaps, 136 of 64x48',
        inputs: [{ shape: [136, 3072] }],
        flop: 10 * 136 * 3072,
        bytes: 8 * 136 * 3072,
      },
      {
        name: 'class scores, 4096x1000',
        inputs: [{ shape: [4096, 1000] }],
        flop: 24_576_000,
        bytes: 32_768_000,
      },
    ],
  };
}

export const softmaxCases = (): OpCases => casesOf(softmax);
export const logSoftmaxCases = (): OpCases => casesOf(logSoftmax);
