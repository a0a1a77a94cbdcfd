import { ShapeError } from '../../errors.js';

import { pinned } from '../../tensor/scopeStack.js';
import type { Device, Tensor } from '../../tensor/tensor.js';

/** One row of 0 and 1 per coupling; 1 = the coordinate passes unchanged and conditions the others. */
export type Masks = readonly (readonly number[])[];

/**
 * Alternating halves: couplings 0, 2, 4, ... transform the first ceil(D/2) coordinates, the other couplings the rest.
 * For D = 2 and 3 these are the official [[0,1],[1,0]] x 3 and [[0,0,1],[1,1,0]] x 3. With D = 1 no other coordinate
 * can condition the only one: every coupling transforms it, and the flow is an affine map.
 */
export function alternatingMasks(dims: number, couplings: number): Masks {
  const half = Math.ceil(dims / 2);
  return Array.from({ length: couplings }, (_, i) =>
    Array.from({ length: dims }, (_, d) => (dims > 1 && d < half === (i % 2 === 1) ? 1 : 0)),
  );
}

/** Throws unless a flow's counts (coordinates, couplings, widths, layers) are whole and at least 1. */
export function checkCounts(op: string, counts: Readonly<Record<string, number>>): void {
  for (const [name, n] of Object.entries(counts)) {
    if (!(Number.isInteger(n) && n >= 1)) {
      throw new ShapeError(`${op}: ${name} must be a whole number of at least 1, got ${n}`);
    }
  }
}

/** Throws unless there is one row of `dims` zeros and ones per coupling, and every coordinate is transformed by some. */
export function checkMasks(masks: Masks, dims: number, couplings: number): void {
  const text = `[${masks.map((row) => `[${[row].flat().join(', ')}]`).join(', ')}]`;
  if (
    masks.length !== couplings ||
    masks.some((row) => !Array.isArray(row) || row.length !== dims || row.some((m) => m !== 0 && m !== 1))
  ) {
    throw new ShapeError(
      `flow: masks must be ${couplings} rows (one per coupling) of ${dims} zeros or ones, got ${text}`,
    );
  }
  const stuck = masks[0].findIndex((_, d) => masks.every((row) => row[d] === 1));
  if (stuck >= 0) {
    throw new ShapeError(
      `flow: no coupling transforms coordinate ${stuck} of ${text}; set its mask to 0 in at least one row`,
    );
  }
}

/** A mask on a device. */
export interface DeviceMask {
  /** `m`, [D]. */
  readonly pass: Tensor;
  /** `1 - m`. */
  readonly change: Tensor;
}

const cache = new WeakMap<Device, Map<string, DeviceMask>>();

/** The tensors of a mask row, uploaded once per device and kept for its life. */
export function deviceMask(device: Device, row: readonly number[]): DeviceMask {
  const ofDevice = cache.get(device) ?? new Map<string, DeviceMask>();
  cache.set(device, ofDevice);
  const key = row.join('');
  const mask = ofDevice.get(key) ?? upload(device, row);
  ofDevice.set(key, mask);
  return mask;
}

function upload(device: Device, row: readonly number[]): DeviceMask {
  const keep = (values: readonly number[]) => pinned(() => device.tensor(values));
  return { pass: keep(row), change: keep(row.map((m) => 1 - m)) };
}
