import { attributesOf } from '../../autograd/attributes.js';
import type { OpCases } from '../../autograd/cases.js';
import { composed } from '../../autograd/composed.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { formatShape, normaliseAxis, type Shape, stridesOf } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { nameValue } from '../../tensor/tree.js';
import { expandDims } from './reshape.js';
import { slice } from './slice.js';
import { eachStrided, type Strided, writeStrided } from './strided.js';

/** Attributes of `concat` and `stack`: the axis to join along. */
export interface ConcatAttrs {
  readonly axis: number;
}

/** Where operand `k` lies in the result. */
function part(shapes: readonly Shape[], k: number, y: Shape, axis: number): Strided {
  const strides = stridesOf(y);
  return { extents: shapes[k], strides, offset: begins(shapes, axis)[k] * strides[axis] };
}

/** First index of each operand along the axis. */
function begins(shapes: readonly Shape[], axis: number): number[] {
  let next = 0;
  return shapes.map((shape) => {
    const begin = next;
    next += shape[axis];
    return begin;
  });
}

const shapesOf = (xs: readonly { readonly shape: Shape }[]) => xs.map(({ shape }) => shape);

/** The operands of `op` as one array, which reads better before attributes than a rest parameter. */
function ofArray({ def, apply }: Op<Tensor[], ConcatAttrs>) {
  const call = (xs: readonly Tensor[], attrs?: Partial<ConcatAttrs>) => {
    checkArray(def.name, xs);
    return apply(xs, attrs);
  };
  return Object.assign(call, { def, apply });
}

function checkArray(name: string, xs: readonly Tensor[]): void {
  if (Array.isArray(xs)) return;
  throw new ShapeError(
    `${name}: the operands are ${nameValue(xs)}, expected one array of tensors; write ${name}([a, b], { axis: 0 })`,
  );
}

/** Joins tensors one behind the other along an axis that they have; their other extents are equal. */
export const concat = /* @__PURE__ */ ofArray(
  /* @__PURE__ */ defineOp<Tensor[], ConcatAttrs>({
    name: 'concat',
    attrs: { axis: 0 },
    anyDType: true,
    half: 'all',
    shape(xs, attrs) {
      const { shape, dtype } = xs[0];
      if (shape.length === 0) throw new ShapeError('concat: scalars have no axis to join along; use stack');
      const axis = normaliseAxis('concat', attrs.axis, shape.length);
      let extent = 0;
      xs.forEach((x, k) => {
        const fits = x.shape.length === shape.length && x.shape.every((n, d) => d === axis || n === shape[d]);
        if (!fits || x.dtype !== dtype) {
          throw new ShapeError(
            `concat: operand ${k} is ${x.dtype} ${formatShape(x.shape)}, operand 0 is ${dtype} ${formatShape(shape)}; ` +
              `they may differ along axis ${axis} only`,
          );
        }
        extent += x.shape[axis];
      });
      return { shape: shape.map((n, d) => (d === axis ? extent : n)), dtype };
    },
    reference(xs, [y], attrs) {
      const axis = normaliseAxis('concat', attrs.axis, y.shape.length);
      xs.forEach((x, k) => {
        eachStrided(part(shapesOf(xs), k, y.shape, axis), (i, at) => {
          y.data[at] = x.data[i];
        });
      });
    },
    launches(xs, [y], attrs) {
      const axis = normaliseAxis('concat', attrs.axis, y.rank);
      return xs.map((x, k) => writeStrided('concat', x, y, part(shapesOf(xs), k, y.shape, axis)));
    },
    vjp(g, { inputs: xs, attrs }) {
      const axis = normaliseAxis('concat', attrs.axis, g.rank);
      const first = begins(shapesOf(xs), axis);
      return xs.map((x, k) => () => {
        const begin = g.shape.map((_, d) => (d === axis ? first[k] : 0));
        return slice(g, { begin, end: begin.map((b, d) => b + x.shape[d]) });
      });
    },
    keep: { inputs: [] },
  }),
);

/** Joins tensors of one shape along a new axis, which stands at `axis` of the result. */
export function stack(xs: readonly Tensor[], attrs?: Partial<ConcatAttrs>): Tensor {
  checkArray('stack', xs);
  const { axis } = attributesOf('stack', concat.def.attrs, attrs);
  return composed('stack', xs, () =>
    concat(
      xs.map((x) => expandDims(x, { axis })),
      { axis },
    ),
  );
}

export const concatCases = (): OpCases => ({
  op: concat,
  samples: [
    { inputs: [{ shape: [2, 3] }, { shape: [1, 3] }, { shape: [4, 3] }] },
    { inputs: [{ shape: [2, 3] }, { shape: [2, 1] }], attrs: { axis: -1 } },
    { inputs: [{ shape: [2, 4, 3] }, { shape: [2, 2, 3] }], attrs: { axis: 1 } },
    { inputs: [{ shape: [3, 4] }, { shape: [3, 8] }], attrs: { axis: 1 } },
    { inputs: [{ shape: [5] }] },
    {
      inputs: [
        { shape: [2], dtype: 'int32', lo: -9, hi: 9 },
        { shape: [3], dtype: 'int32', lo: -9, hi: 9 },
      ],
    },
  ],
  errors: [
    { inputs: [{ shape: [2, 3] }, { shape: [2, 4] }], message: /operand 1 is float32 \[2, 4\].*axis 0 only/ },
    { inputs: [{ shape: [2] }, { shape: [2], dtype: 'int32' }], message: /operand 1 is int32 \[2\]/ },
    { inputs: [{ shape: [] }, { shape: [] }], message: /scalars have no axis/ },
    { inputs: [{ shape: [2] }], attrs: { axis: 1 }, message: /axis 1 is out of range for rank 1/ },
  ],
  bench: [
    {
      name: 'two halves of the channels of 32x56x56x64',
      inputs: [{ shape: [32, 56, 56, 32] }, { shape: [32, 56, 56, 32] }],
      attrs: { axis: -1 },
      flop: 0,
      bytes: 51_380_224,
    },
  ],
});
