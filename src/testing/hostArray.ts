import { dtypeOfFill, type Fill } from '../autograd/cases.js';
import { ShapeError } from '../errors.js';
import type { TypedArray } from '../tensor/backend.js';
import { roundToFloat16 } from '../tensor/float16.js';
import type { Rng } from '../tensor/rng.js';
import { type DType, formatShape, isFloat, type Shape, sizeOf } from '../tensor/shape.js';
import type { Device, Tensor } from '../tensor/tensor.js';

/** Elements on the host, to be put on several devices. */
export interface HostArray {
  readonly shape: Shape;
  /** Default: that of the array. */
  readonly dtype?: DType;
  readonly data: Exclude<TypedArray, Float64Array>;
}

const ARRAY = { float32: Float32Array, float16: Float32Array, int32: Int32Array, uint32: Uint32Array } as const;
const CLEARANCE = 0.05;

/**
 * Draws the elements that `fill` describes. Floats are exact in their dtype, so that every device starts from the same
 * numbers.
 */
export function drawFill(fill: Fill, rng: Rng): HostArray {
  const { shape, values } = fill;
  const size = sizeOf(shape);
  const dtype = dtypeOfFill(fill);
  if (values && values.length !== size) {
    throw new ShapeError(`drawFill: ${formatShape(shape)} has ${size} elements, ${values.length} values are given`);
  }
  const data = ARRAY[dtype].from(values ?? drawValues(fill, size, rng));
  return { shape, dtype, data: dtype === 'float16' ? data.map(roundToFloat16) : data };
}

/** A tensor with a copy of the elements. */
export function upload(device: Device, { shape, dtype, data }: HostArray): Tensor {
  return device.tensor(data, shape, dtype);
}

function drawValues(fill: Fill, size: number, rng: Rng): number[] {
  const unsigned = fill.dtype === 'uint32';
  const { lo = unsigned ? 0 : -1, hi = unsigned ? 2 : 1, distinct = false } = fill;
  const order = distinct ? rng.permutation(size) : undefined;
  // Each value has a slot of its own and lies in its middle half, so neighbours are at least half a slot apart.
  const draw = (i: number) => (order ? (order[i] + 0.25 + 0.5 * rng.uniform()) / size : rng.uniform());
  const place = isFloat({ dtype: dtypeOfFill(fill) }) ? spread(allowed(fill, lo, hi)) : integers(lo, hi);
  return Array.from({ length: size }, (_, i) => place(draw(i)));
}

function integers(lo: number, hi: number): (t: number) => number {
  return (t) => Math.floor(lo + t * (hi - lo));
}

/** What is left of [lo, hi) when the surroundings of the points to avoid are cut out. */
function allowed({ avoid = [], shape }: Fill, lo: number, hi: number): [number, number][] {
  const intervals: [number, number][] = [];
  let from = lo;
  for (const point of [...avoid].sort((a, b) => a - b)) {
    if (point - CLEARANCE > from) intervals.push([from, Math.min(point - CLEARANCE, hi)]);
    from = Math.max(from, point + CLEARANCE);
  }
  if (from < hi) intervals.push([from, hi]);
  if (intervals.length === 0) {
    throw new ShapeError(
      `drawFill: nothing of [${lo}, ${hi}) is ${CLEARANCE} away from ${avoid.join(', ')} for ${formatShape(shape)}`,
    );
  }
  return intervals;
}

/** Maps [0, 1) onto intervals laid end to end. */
function spread(intervals: readonly [number, number][]): (t: number) => number {
  const total = intervals.reduce((sum, [a, b]) => sum + (b - a), 0);
  return (t) => {
    let rest = t * total;
    for (const [a, b] of intervals) {
      if (rest < b - a) return a + rest;
      rest -= b - a;
    }
    return intervals[intervals.length - 1][1];
  };
}
