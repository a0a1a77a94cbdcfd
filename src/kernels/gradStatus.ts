import type { OpCases } from '../autograd/cases.js';
import { defineOp, type Op, type Operand } from '../autograd/op.js';
import { ShapeError } from '../errors.js';
import { f32bits, type Launch, program } from '../tensor/backend.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { selectFours } from './select.js';
import {
  checkArenas,
  checkStatus,
  RESNET18_ARENA,
  RULE_BLOCK,
  RULES_SAMPLE,
  STATUS,
  STATUS_SIZE,
} from './stepStatus.js';
import { finalStatus, partialNorms } from './wgsl/gradStatus.wgsl.js';

export interface GradStatusAttrs {
  /** Largest global norm that gradients keep; infinite for no clipping. */
  readonly clipNorm: number;
  /** Factor of `rate`: a learning rate that the host knows, where `rate` is 1. */
  readonly lr: number;
}

const GROUP = 256;
/** Workgroups per arena: 16384 threads keep a GPU's memory busy and leave few partial sums. */
const MAX_GROUPS = 64;

/**
 * What an optimiser must know before it steps: the global norm `sqrt(sum g^2)` of all gradients without frozen blocks,
 * whether all are finite, the clipping factor `min(1, clipNorm / (norm + 1e-6))` (PyTorch's `clip_grad_norm_`), and the
 * learning rate `lr rate`.
 *
 * Counts a step, or a skipped one if a gradient or the learning rate is not finite or the norm overflows. One dispatch per
 * arena and one more.
 *
 * @param status [6], see `STATUS`; updated in place, the handle dies
 * @param rate of shape []
 * @param arenas then pairs of flat gradients [length] and their rules [length / 64, 2]
 */
export const gradStatus: Op<[status: Tensor, rate: Operand, ...arenas: Tensor[]], GradStatusAttrs> =
  /* @__PURE__ */ defineOp({
    name: 'gradStatus',
    attrs: { clipNorm: Number.POSITIVE_INFINITY, lr: 1 },
    shape([status, rate, ...arenas], { clipNorm, lr }) {
      checkStatus('gradStatus', status);
      if (rate.shape.length > 0 || !Number.isFinite(lr)) {
        throw new ShapeError(
          `gradStatus: the learning rate must be a tensor of shape [] times a finite number, got ${formatShape(rate.shape)} times ${lr}`,
        );
      }
      if (arenas.length === 0 || arenas.length % 2 !== 0) {
        throw new ShapeError(`gradStatus: wants pairs of gradients and rules, got ${arenas.length} tensors`);
      }
      for (const [gradients, rules] of pairs(arenas)) checkArenas('gradStatus', { gradients }, rules);
      if (!(clipNorm > 0)) throw new ShapeError(`gradStatus: clipNorm must be positive, got ${clipNorm}`);
      return status;
    },
    reference([, rate, ...arenas], [status], { clipNorm, lr }) {
      let squares = 0;
      for (const [gradients, rules] of pairs(arenas)) {
        gradients.data.forEach((g, i) => {
          if (rules.data[2 * Math.floor(i / RULE_BLOCK)] !== 0) squares += g * g;
        });
      }
      const norm = Math.sqrt(squares);
      status.data[STATUS.lr] = lr * rate.data[0];
      const finite = Number.isFinite(norm) && Number.isFinite(status.data[STATUS.lr]);
      status.data[STATUS.steps] += finite ? 1 : 0;
      status.data[STATUS.skipped] += finite ? 0 : 1;
      status.data[STATUS.norm] = Number.isFinite(norm) ? norm : Number.NaN;
      status.data[STATUS.scale] = finite ? Math.min(1, clipNorm / (norm + 1e-6)) : 0;
      status.data[STATUS.finite] = finite ? 1 : 0;
    },
    launches([, rate, ...arenas], [status], { clipNorm, lr }, context): Launch[] {
      const fours = selectFours(context.capabilities);
      const groups = pairs(arenas).map(([g]) => Math.min(Math.ceil(g.size / 4 / fours / GROUP), MAX_GROUPS));
      const threads = GROUP * groups.reduce((a, b) => a + b);
      const partial = context.scratch(2 * threads, 'uint32');
      let base = 0;
      const sums = pairs(arenas).map(([g, rules], k): Launch => {
        const launch: Launch = {
          program: program(`gradStatus partial x${fours}`, () => partialNorms(fours)),
          read: [g, rules],
          write: [partial],
          params: [base],
          grid: [groups[k], 1, 1],
        };
        base += GROUP * groups[k];
        return launch;
      });
      const last: Launch = {
        program: program('gradStatus', finalStatus),
        read: [partial, rate],
        write: [status],
        params: [threads, f32bits(Math.min(clipNorm, LARGEST_FLOAT)), f32bits(lr)],
        grid: [1, 1, 1],
      };
      return [...sums, last];
    },
    vjp: null,
    donates: [0],
  });

/** Infinity is no float of WGSL's. */
const LARGEST_FLOAT = 3.4e38;

function pairs<T>(items: readonly T[]): [T, T][] {
  return items.flatMap((item, i): [T, T][] => (i % 2 === 0 ? [[item, items[i + 1]]] : []));
}

const RATE = { shape: [], values: [0.01] };

export const gradStatusCases = (): OpCases => ({
  op: gradStatus,
  samples: [
    { inputs: [{ shape: [STATUS_SIZE], values: [3, 1, 0, 0, 0, 0] }, RATE, { shape: [192] }, RULES_SAMPLE] },
    {
      inputs: [
        { shape: [STATUS_SIZE], values: [0, 0, 0, 0, 0, 0] },
        { shape: [], values: [0.5] },
        { shape: [192], lo: 1, hi: 3 },
        RULES_SAMPLE,
        { shape: [64] },
        { shape: [1, 2], values: [1, 0] },
      ],
      attrs: { clipNorm: 0.5, lr: 0.1 },
    },
    // More than one turn per thread.
    {
      inputs: [
        { shape: [STATUS_SIZE], values: [9, 0, 0, 0, 1, 0] },
        RATE,
        { shape: [131_072] },
        { shape: [2048, 2], lo: 0.5 },
      ],
    },
    // A learning rate that would end it all.
    {
      inputs: [
        { shape: [STATUS_SIZE], values: [3, 1, 0, 0, 1, 0] },
        { shape: [], values: [Number.NaN] },
        { shape: [192] },
        RULES_SAMPLE,
      ],
    },
  ],
  errors: [
    { inputs: [{ shape: [4] }, RATE, { shape: [64] }, { shape: [1, 2] }], message: /status must be \[6\]/ },
    { inputs: [{ shape: [6] }, RATE, { shape: [64] }], message: /pairs of gradients and rules/ },
    { inputs: [{ shape: [6] }, RATE, { shape: [65] }, { shape: [1, 2] }], message: /whole blocks of 64/ },
    { inputs: [{ shape: [6] }, RATE, { shape: [128] }, { shape: [1, 2] }], message: /rules must be \[2, 2\]/ },
    { inputs: [{ shape: [6] }, { shape: [1] }, { shape: [64] }, { shape: [1, 2] }], message: /shape \[\].*got \[1\]/ },
    {
      inputs: [{ shape: [6] }, RATE, { shape: [64] }, { shape: [1, 2] }],
      attrs: { clipNorm: 0 },
      message: /clipNorm must/,
    },
  ],
  bench: [
    {
      name: 'ResNet-18',
      inputs: [
        { shape: [STATUS_SIZE], values: [0, 0, 0, 0, 0, 0] },
        RATE,
        { shape: [RESNET18_ARENA] },
        { shape: [RESNET18_ARENA / RULE_BLOCK, 2], lo: 0.5 },
      ],
      flop: 2 * RESNET18_ARENA,
      bytes: 4 * RESNET18_ARENA,
    },
  ],
});
