import { ShapeError } from '../errors.js';
import { checkElements, holds, notHeld } from './elements.js';
import { checkDType, type DType, formatShape, type Shape } from './shape.js';

/** A number, or rows of numbers nested to any depth, all rows of a level alike: `[[1, 2], [3, 4]]` is [2, 2]. */
export type Nested = number | readonly Nested[];

/** The elements of a tensor: a flat array of any kind, or nested arrays, whose nesting gives the shape. */
export type TensorData = ArrayLike<number> | Nested;

/**
 * @internal The elements in row-major order, and their shape: the one given, else that of the nesting.
 * @throws ShapeError if rows of one level differ in length, or if there is something else than numbers that the dtype holds
 */
export function flattenData(
  data: TensorData,
  dtype: DType,
  given?: Shape,
): { readonly data: ArrayLike<number>; readonly shape: Shape } {
  checkDType('tensor', dtype);
  if (isView(data)) {
    checkElements('tensor', dtype, data);
    return { data, shape: given ?? [data.length] };
  }
  const shape: number[] = [];
  for (let x: unknown = data; isRow(x); x = x[0]) shape.push(x.length);
  const flat: number[] = [];
  collect(data, dtype, 0, shape, flat, '');
  return { data: flat, shape: given ?? shape };
}

function collect(x: unknown, dtype: DType, depth: number, shape: Shape, flat: number[], path: string): void {
  const wanted = depth < shape.length ? `a row of ${shape[depth]}` : 'a number';
  if (depth === shape.length && typeof x === 'number') {
    if (!holds(dtype, x)) throw notHeld('tensor', `data${path}`, dtype, x);
    flat.push(x);
  } else if (depth < shape.length && isRow(x) && x.length === shape[depth]) {
    for (let i = 0; i < x.length; i++) collect(x[i], dtype, depth + 1, shape, flat, `${path}[${i}]`);
  } else {
    const got = isRow(x)
      ? `a row of ${x.length}`
      : typeof x === 'number'
        ? 'a number'
        : `${x === undefined ? '' : `${typeof x} `}${String(x)}`;
    throw new ShapeError(
      `tensor: data${path} is ${got}, expected ${wanted}, as the first of ${formatShape(shape)}; ` +
        'rows of one level must be equally long, and hold numbers',
    );
  }
}

function isView(data: TensorData): data is ArrayLike<number> {
  return ArrayBuffer.isView(data) && !(data instanceof DataView);
}

/** An array, or an object with a length and numbered elements like one. */
function isRow(x: unknown): x is ArrayLike<unknown> {
  return typeof x === 'object' && x !== null && typeof (x as ArrayLike<unknown>).length === 'number';
}
