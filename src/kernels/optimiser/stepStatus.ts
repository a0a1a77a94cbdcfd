import type { TensorSpec } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import type { Capabilities } from '../../tensor/backend.js';
import { formatShape, sameShape } from '../../tensor/shape.js';

/** What an optimiser knows on the device: float32 [6]. The step count is exact up to 2^24 steps. */
export const STATUS = {
  /** Steps applied. */
  steps: 0,
  /** Steps left out, because a gradient was not finite. */
  skipped: 1,
  /** Global norm of the last gradients, before clipping. */
  norm: 2,
  /** Factor that clips them. */
  scale: 3,
  /** 1 if all of them, and the learning rate, were finite. */
  finite: 4,
  /** The step's learning rate: on the device, so that a step can be repeated with another one. */
  lr: 5,
} as const;

export const STATUS_SIZE = 6;

/** A rule of an arena speaks for this many floats; leaves start at multiples of it. */
export const RULE_BLOCK = 64;

/**
 * vec4s that a thread of an optimiser's kernel takes from one block of an arena: a software adapter spends as long on a
 * thread's start as on two loads (Adam 1.2 times, norms 3 times as fast with 4 on llvmpipe); a GPU wants threads.
 */
export function selectFours({ tier }: Capabilities): number {
  return tier === 'software' ? 4 : 1;
}

/**
 * Throws unless arenas and their rules fit: every arena a vector of whole blocks and alike, `rules` [blocks, 2] with the
 * factor of the learning rate (0 freezes the block) and the weight decay of each block.
 */
export function checkArenas(
  op: string,
  arenas: Readonly<Record<string, TensorSpec>>,
  rules: TensorSpec,
  status?: TensorSpec,
): void {
  const [[firstName, first]] = Object.entries(arenas);
  for (const [name, { shape }] of Object.entries(arenas)) {
    if (shape.length === 1 && shape[0] % RULE_BLOCK === 0 && sameShape(shape, first.shape)) continue;
    throw new ShapeError(
      `${op}: ${name} ${formatShape(shape)} must be a flat arena of whole blocks of ${RULE_BLOCK} floats, ` +
        `like ${firstName} ${formatShape(first.shape)}`,
    );
  }
  const blocks = [first.shape[0] / RULE_BLOCK, 2];
  if (!sameShape(rules.shape, blocks)) {
    throw new ShapeError(`${op}: rules must be ${formatShape(blocks)}, got ${formatShape(rules.shape)}`);
  }
  if (status) checkStatus(op, status);
}

export function checkStatus(op: string, { shape }: TensorSpec): void {
  if (sameShape(shape, [STATUS_SIZE])) return;
  throw new ShapeError(`${op}: status must be [${STATUS_SIZE}], got ${formatShape(shape)}`);
}
