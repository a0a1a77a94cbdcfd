import { defineMultiOp, defineOp, type Op, type Operand, type TensorSpec } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { f32bits, type Launch, type LaunchContext, type View } from '../../tensor/backend.js';
import { GROUP } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { formatShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { finalStatus, partialNorms } from '../wgsl/gradStatus.wgsl.js';
import {
  checkLossScale,
  LOSS_SCALE_DEFAULTS,
  type LossScaleAttrs,
  lossScaleFloats,
  moveLossScale,
} from './lossScale.js';
import { checkArenas, checkStatus, RULE_BLOCK, STATUS } from './stepStatus.js';

const partials = /* @__PURE__ */ programs('gradStatus partial', partialNorms);
const statuses = /* @__PURE__ */ programs('gradStatus', finalStatus);

export interface GradStatusAttrs {
  /** Largest global norm that gradients keep; infinite for no clipping. */
  readonly clipNorm: number;
  /** Factor of `rate`. A learning rate that the host knows is given here, with a `rate` of 1. */
  readonly lr: number;
}

/** The most workgroups per arena. A GPU needs some 4 MB of loads on their way, 64 bytes of each thread. */
const MOST_GROUPS = { gpu: 256, software: 64, reference: 64 };
/** Floats that a workgroup takes at a time. */
const FLOATS = 16 * GROUP;

/**
 * @internal What an optimiser must know before it steps: the global norm `sqrt(sum g^2)` of all gradients without frozen
 * blocks, whether all are finite, the clipping factor `min(1, clipNorm / (norm + 1e-6))` (PyTorch's `clip_grad_norm_`),
 * and the learning rate `lr rate`.
 *
 * Adds 1 to the steps applied, or to the steps skipped if a gradient or the learning rate is not finite or the norm
 * overflows. One dispatch per arena and one more.
 *
 * @param status [6], see `STATUS`; updated in place, the handle dies
 * @param rate of shape []
 * @param arenas then pairs of flat gradients [length] and their rules [length / 64, 2]
 */
export const gradStatus: Op<[status: Tensor, rate: Operand, ...arenas: Tensor[]], GradStatusAttrs> =
  /* @__PURE__ */ defineOp({
    name: 'gradStatus',
    attrs: { clipNorm: Number.POSITIVE_INFINITY, lr: 1 },
    shape([status, rate, ...arenas], attrs) {
      checkOperands('gradStatus', status, rate, arenas, attrs);
      return status;
    },
    reference([, rate, ...arenas], [status], attrs) {
      judge(status, rate, arenas, attrs);
    },
    launches: ([, rate, ...arenas], [status], attrs, context) => launches(rate, arenas, [status], attrs, context),
    vjp: null,
    donates: [0],
  });

/**
 * @internal The same for gradients of `S loss`: norm and clipping are those of `g / S`, and the factor of the gradients undoes S.
 * Then S moves as PyTorch's `GradScaler` moves it: times `backoff` if a gradient was not finite, times `growth` after
 * `interval` finite steps in a row; but it stays within [1, 2^24].
 *
 * @param lossScale [2], S and the finite steps since it last moved; updated in place like `status`
 */
export const scaledGradStatus: Op<
  [status: Tensor, lossScale: Tensor, rate: Operand, ...arenas: Tensor[]],
  GradStatusAttrs & LossScaleAttrs,
  readonly [status: Tensor, lossScale: Tensor]
> = /* @__PURE__ */ defineMultiOp({
  name: 'scaledGradStatus',
  attrs: { clipNorm: Number.POSITIVE_INFINITY, lr: 1, ...LOSS_SCALE_DEFAULTS },
  shape([status, lossScale, rate, ...arenas], attrs) {
    checkOperands('scaledGradStatus', status, rate, arenas, attrs);
    checkLossScale('scaledGradStatus', lossScale, attrs);
    return [status, lossScale];
  },
  reference([, , rate, ...arenas], [status, lossScale], attrs) {
    const finite = judge(status, rate, arenas, attrs, lossScale.data[0]);
    moveLossScale(lossScale, finite, attrs);
  },
  launches: ([, , rate, ...arenas], updated, attrs, context) => launches(rate, arenas, updated, attrs, context, attrs),
  vjp: null,
  donates: [0, 1],
});

function checkOperands(
  op: string,
  status: TensorSpec,
  rate: TensorSpec,
  arenas: readonly TensorSpec[],
  { clipNorm, lr }: GradStatusAttrs,
): void {
  checkStatus(op, status);
  if (rate.shape.length > 0 || !Number.isFinite(lr)) {
    throw new ShapeError(
      `${op}: the learning rate must be a tensor of shape [] times a finite number, got ${formatShape(rate.shape)} times ${lr}`,
    );
  }
  if (arenas.length === 0 || arenas.length % 2 !== 0) {
    throw new ShapeError(`${op}: wants pairs of gradients and rules, got ${arenas.length} tensors`);
  }
  for (const [gradients, rules] of pairs(arenas)) checkArenas(op, { gradients }, rules);
  if (!(clipNorm > 0)) throw new ShapeError(`${op}: clipNorm must be positive, got ${clipNorm}`);
}

/** The reference: fills the status in. @returns whether all gradients were finite */
function judge(
  { data: status }: View,
  rate: View,
  arenas: readonly View[],
  { clipNorm, lr }: GradStatusAttrs,
  lossScale = 1,
): boolean {
  let squares = 0;
  for (const [gradients, rules] of pairs(arenas)) {
    gradients.data.forEach((g, i) => {
      if (rules.data[2 * Math.floor(i / RULE_BLOCK)] !== 0) squares += g * g;
    });
  }
  const norm = Math.sqrt(squares) / lossScale;
  status[STATUS.lr] = lr * rate.data[0];
  const finite = Number.isFinite(norm) && Number.isFinite(status[STATUS.lr]);
  status[STATUS.steps] += finite ? 1 : 0;
  status[STATUS.skipped] += finite ? 0 : 1;
  status[STATUS.norm] = Number.isFinite(norm) ? norm : Number.NaN;
  status[STATUS.scale] = finite ? Math.min(1, clipNorm / (norm + 1e-6)) / lossScale : 0;
  status[STATUS.finite] = finite ? 1 : 0;
  return Number.isFinite(norm);
}

function launches(
  rate: Tensor,
  arenas: readonly Tensor[],
  updated: readonly Tensor[],
  { clipNorm, lr }: GradStatusAttrs,
  context: LaunchContext,
  scale?: LossScaleAttrs,
): Launch[] {
  const { tier } = context.capabilities;
  const most = MOST_GROUPS[tier];
  const alone = tier === 'software'; // pays more for meeting at barriers than for partial sums: 1.5 to 3 times the time
  const each = alone ? GROUP : 1;
  const groups = pairs(arenas).map(([g]) => Math.min(Math.ceil(g.size / FLOATS), most));
  const count = each * groups.reduce((a, b) => a + b);
  const partial = context.scratch(2 * count, 'uint32');
  let base = 0;
  const sums = pairs(arenas).map(([g, rules], k): Launch => {
    const launch: Launch = {
      program: partials({ alone }),
      read: [g, rules],
      write: [partial],
      params: [base],
      grid: [groups[k], 1, 1],
    };
    base += each * groups[k];
    return launch;
  });
  const floats = [Math.min(clipNorm, LARGEST_FLOAT), lr, ...(scale ? lossScaleFloats(scale) : [])];
  const last: Launch = {
    program: statuses({ scaled: scale !== undefined }),
    read: [partial, rate],
    write: updated,
    params: [count, ...floats.map(f32bits)],
    grid: [1, 1, 1],
  };
  return [...sums, last];
}

/** Stands for infinity, which WGSL does not have as a constant. */
const LARGEST_FLOAT = 3.4e38;

function pairs<T>(items: readonly T[]): [T, T][] {
  return items.flatMap((item, i): [T, T][] => (i % 2 === 0 ? [[item, items[i + 1]]] : []));
}
