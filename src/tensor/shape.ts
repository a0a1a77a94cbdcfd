import { ShapeError } from '../errors.js';

/** The extents of the axes of a tensor, outermost first; [] is one number. */
export type Shape = readonly number[];

/** Element types: booleans are `uint32` 0 or 1; the CPU backend holds both floats in float64, without rounding. */
export type DType = 'float32' | 'float16' | 'int32' | 'uint32';

/** What kernels call the element types; they see float16 as float32 (see `withHalfBindings`). */
export const WGSL_TYPE = { float32: 'f32', float16: 'f32', int32: 'i32', uint32: 'u32' } as const;

const BYTES = { float32: 4, float16: 2, int32: 4, uint32: 4 } as const;

/** The bytes of elements in device memory: a multiple of 4, since copies and bindings count words. */
export function bytesOf(dtype: DType, length: number): number {
  return Math.ceil((BYTES[dtype] * length) / 4) * 4;
}

/** Whether a tensor has a dtype with derivatives: float32 or float16. */
export function isFloat({ dtype }: { readonly dtype: DType }): boolean {
  return dtype === 'float32' || dtype === 'float16';
}

/** The dtype of a sum: float32 for float16, which ends at 65504 and in which 2048 + 1 is 2048. */
export function sumType(dtype: DType): DType {
  return dtype === 'float16' ? 'float32' : dtype;
}

/** The number of elements of a shape; 1 for a scalar `[]`. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** A shape as messages write it: [2, 3]. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Throws unless the dtype is one of wgrad's. */
export function checkDType(op: string, dtype: DType): void {
  if (Object.hasOwn(BYTES, dtype)) return;
  throw new ShapeError(
    `${op}: dtype is ${String(dtype)}, expected one of ${Object.keys(BYTES).join(', ')}; choose one`,
  );
}

/** Throws unless the shape is an array in which every extent is an integer >= 1: wgrad has no empty tensors. */
export function checkShape(op: string, shape: Shape): void {
  if (!Array.isArray(shape)) {
    throw new ShapeError(`${op}: the shape is ${String(shape)}, expected an array of extents; write [4] or [2, 3]`);
  }
  for (const n of shape) {
    if (!Number.isInteger(n) || n < 1) {
      throw new ShapeError(`${op}: every extent must be an integer >= 1, got ${formatShape(shape)}`);
    }
  }
}

/** Throws a ShapeError unless all operands have the dtype. */
export function requireDType(op: string, operands: readonly { readonly dtype: DType }[], dtype: DType): void {
  const wrong = operands.findIndex((x) => x.dtype !== dtype);
  if (wrong >= 0) {
    throw new ShapeError(
      `${op}: operand ${wrong} is ${operands[wrong].dtype}, expected ${dtype}; convert it with cast(x, { dtype: '${dtype}' })`,
    );
  }
}

/** Throws a ShapeError unless all operands are float32 or float16. */
export function requireFloats(op: string, operands: readonly { readonly dtype: DType }[]): void {
  const wrong = operands.findIndex((x) => !isFloat(x));
  if (wrong >= 0) {
    throw new ShapeError(
      `${op}: operand ${wrong} is ${operands[wrong].dtype}, expected float32 or float16; convert it with cast(x, { dtype: 'float32' })`,
    );
  }
}

/** Throws a ShapeError unless all operands have one dtype. */
export function requireOneDType(op: string, operands: readonly { readonly dtype: DType }[]): void {
  const other = operands.findIndex((x) => x.dtype !== operands[0].dtype);
  if (other >= 0) {
    throw new ShapeError(
      `${op}: operands are ${operands[0].dtype} and ${operands[other].dtype}; convert one with cast(x, { dtype })`,
    );
  }
}

/** The common shape of two operands by NumPy's rule: align at the right, extents equal or 1. */
export function broadcastShapes(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const m = a[a.length - rank + i] ?? 1;
    const n = b[b.length - rank + i] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new ShapeError(
        `${op}: ${formatShape(a)} and ${formatShape(b)} do not broadcast (${m} against ${n}); ` +
          'extents must be equal or 1, counted from the right',
      );
    }
    out[i] = m === 1 ? n : m;
  }
  return out;
}

/** Strides of an operand of `shape` seen as `out`: 0 along the axes that it repeats. */
export function broadcastStrides(shape: Shape, out: Shape): number[] {
  const strides = stridesOf(shape);
  const lead = out.length - shape.length;
  return out.map((_, i) => (i < lead || shape[i - lead] === 1 ? 0 : strides[i - lead]));
}

/** Axis in `[0, rank)`; negative axes count from the end. */
export function normaliseAxis(op: string, axis: number, rank: number): number {
  const a = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(a) || a < 0 || a >= rank) {
    throw new ShapeError(`${op}: axis ${axis} is out of range for rank ${rank}`);
  }
  return a;
}

/** A shape seen as [outer, extent, inner] around an axis. */
export function aroundAxis(op: string, shape: Shape, axis: number): { outer: number; extent: number; inner: number } {
  const d = normaliseAxis(op, axis, shape.length);
  return { outer: sizeOf(shape.slice(0, d)), extent: shape[d], inner: sizeOf(shape.slice(d + 1)) };
}

/** Sorted distinct axes; `undefined` means all of them. */
export function normaliseAxes(op: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof axes === 'number' ? [axes] : [...axes]).map((a) => normaliseAxis(op, a, rank));
  const sorted = [...new Set(list)].sort((p, q) => p - q);
  if (sorted.length !== list.length) throw new ShapeError(`${op}: an axis is named twice in [${list.join(', ')}]`);
  return sorted;
}
