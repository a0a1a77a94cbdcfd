import type { TensorSpec } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import type { View } from '../../tensor/backend.js';
import { formatShape, sameShape } from '../../tensor/shape.js';

/** How the factor of a loss moves from step to step. */
export interface LossScaleAttrs {
  /** What it is multiplied by after `interval` steps without overflow. */
  readonly growth: number;
  /** What it is multiplied by after an overflow. */
  readonly backoff: number;
  readonly interval: number;
}

/** PyTorch's: 2000 steps to a doubling, halved at once. */
export const LOSS_SCALE_DEFAULTS: LossScaleAttrs = { growth: 2, backoff: 0.5, interval: 2000 };

/** Below 1 it would only lose digits; at 2^24 float16 still tells gradients of 2^-48 from zero. */
export const LOSS_SCALE_RANGE = [1, 2 ** 24] as const;

/** @throws ShapeError unless `lossScale` is [2] and the attributes are those of a scale that moves both ways */
export function checkLossScale(op: string, { shape }: TensorSpec, { growth, backoff, interval }: LossScaleAttrs): void {
  if (!sameShape(shape, [2])) throw new ShapeError(`${op}: the loss scale must be [2], got ${formatShape(shape)}`);
  if (
    growth >= 1 &&
    Number.isFinite(growth) &&
    backoff > 0 &&
    backoff < 1 &&
    Number.isInteger(interval) &&
    interval > 0
  )
    return;
  throw new ShapeError(
    `${op}: the loss scale wants growth >= 1, backoff in (0, 1) and a whole interval >= 1, ` +
      `got ${growth}, ${backoff} and ${interval}`,
  );
}

/** In the order of the kernel's uniforms. */
export function lossScaleFloats({ growth, backoff, interval }: LossScaleAttrs): number[] {
  return [growth, backoff, interval, ...LOSS_SCALE_RANGE];
}

/** The reference of the move. */
export function moveLossScale({ data }: View, finite: boolean, { growth, backoff, interval }: LossScaleAttrs): void {
  const good = finite ? data[1] + 1 : 0;
  const grows = good >= interval;
  const next = data[0] * (finite ? (grows ? growth : 1) : backoff);
  data[0] = Math.min(Math.max(next, LOSS_SCALE_RANGE[0]), LOSS_SCALE_RANGE[1]);
  data[1] = grows ? 0 : good;
}
