import { defineOp, type Op, type OpDefinition, type TensorSpec } from '../../autograd/op.js';
import type { View } from '../../tensor/backend.js';
import { broadcastShapes, type DType, requireOneDType, type Shape, sizeOf } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { gradientFor } from '../reduction/sum.js';
import type { Range, Sampled } from './cases.js';
import { type ElementwiseFormula, elementwiseLauncher, mergedBroadcast } from './launch.js';

/** An op that computes each element from the elements of its operands at the same place, after broadcasting. */
export interface ElementwiseDefinition<I extends readonly unknown[], A extends object>
  extends ElementwiseFormula<I, A> {
  /** One element in float64. */
  readonly value: (...args: [...values: { [K in keyof I]: number }, attrs: A]) => number;
  readonly attrs?: A;
  /** The dtype of the result; throws on operands of other dtypes. Default: see `floatOf`. */
  readonly dtype?: (inputs: readonly TensorSpec[], attrs: A) => DType;
  /** As in `OpDefinition`, for a `dtype` that knows float16. */
  readonly half?: 'all' | readonly number[];
  /** Gradients in the shape of the result; what broadcasting repeated is summed by `defineElementwise`. */
  readonly vjp: OpDefinition<A, Tensor>['vjp'];
  readonly keep?: OpDefinition<A, Tensor>['keep'];
  /** Where the values of its samples lie, by operand, and their attributes: see `elementwiseCases`. Default: [-1, 1). */
  readonly ranges?: { readonly [K in keyof I]: Range };
  readonly sampleAttrs?: A;
}

/** Declares an elementwise op; NumPy's broadcasting rule applies to its operands. */
export function defineElementwise<I extends readonly unknown[], A extends object = object>(
  def: ElementwiseDefinition<I, NoInfer<A>>,
): Op<I, A> {
  const { name, attrs = {} as A, vjp, keep, dtype } = def;
  const launch = elementwiseLauncher(def);
  const op = defineOp<I, A>({
    name,
    arity: def.operands.length,
    attrs,
    anyDType: dtype !== undefined,
    half: dtype ? def.half : 'all',
    shape(inputs, given) {
      const shape = inputs.reduce<Shape>((s, x) => broadcastShapes(name, s, x.shape), []);
      return { shape, dtype: dtype ? dtype(inputs, given) : floatOf(name, inputs, shape) };
    },
    reference: (inputs, [y], given) => evaluate(def.value as unknown as Value<A>, inputs, y, given),
    launches: (inputs, [y], given) => [launch(inputs, y, given)],
    vjp:
      vjp &&
      ((g, context) => {
        const gradient = (thunk: () => Tensor, i: number) => () =>
          gradientFor(context.inputs[i], thunk(), context.places[i]);
        return vjp(g, context).map((thunk, i) => thunk && gradient(thunk, i));
      }),
    keep,
  });
  const { ranges = def.operands.map(() => ({})), sampleAttrs } = def;
  return Object.assign(op, { ranges, sampleAttrs } satisfies Sampled);
}

/**
 * The dtype of a result of floats: float16 if all operands that are as large as the result are float16. Smaller ones,
 * which are repeated, may be float32 beside them, as a bias is beside activations.
 */
export function floatOf(op: string, operands: readonly TensorSpec[], shape: Shape): DType {
  const isWhole = (x: TensorSpec) => x.shape.length > 0 && sizeOf(x.shape) === sizeOf(shape);
  const whole = operands.filter(isWhole);
  requireOneDType(op, whole);
  if (whole.length > 0) return whole[0].dtype;
  const isRepeated = (x: TensorSpec) => x.shape.length === 0 && shape.length > 0;
  return operands.some((x) => x.dtype === 'float32' && !isRepeated(x)) ? 'float32' : 'float16';
}

/** Elementwise functions of one float tensor. */
export type Unary<A extends object = object> = Op<[x: Tensor], A>;

export interface UnaryDefinition<A extends object> {
  readonly name: string;
  readonly value: (x: number, attrs: A) => number;
  readonly wgsl: string;
  readonly attrs?: A;
  readonly uniforms?: readonly (keyof A & string)[];
  /** What the tape keeps for `pull`: operand, result or neither. */
  readonly keep: 'x' | 'y' | 'nothing';
  /** Gradient of `x` from the cotangent and what was kept; null where the derivative is 0. */
  readonly pull: ((g: Tensor, kept: Tensor, attrs: A) => Tensor) | null;
  /** Where the values of its samples lie, clear of kinks and poles, and their attributes. Default: [-1, 1). */
  readonly range?: Range;
  readonly sampleAttrs?: A;
}

/** Declares an elementwise op of one operand, called `x` in `wgsl`. */
export function defineUnary<A extends object = object>({
  keep,
  pull,
  range = {},
  ...row
}: UnaryDefinition<NoInfer<A>>): Unary<A> {
  return defineElementwise<[x: Tensor], A>({
    ...row,
    operands: ['x'],
    ranges: [range],
    vjp: pull && ((g, { inputs: [x], outputs: [y], attrs }) => [() => pull(g, keep === 'y' ? y : x, attrs)]),
    keep: { inputs: keep === 'x' ? [0] : [], outputs: keep === 'y' ? [0] : [] },
  });
}

type Value<A> = (...args: (number | A)[]) => number;

/** The reference: nested loops over the merged axes, the last one specialised for up to three operands. */
function evaluate<A extends object>(value: Value<A>, inputs: readonly View[], y: View, attrs: A): void {
  const { extents, strides } = mergedBroadcast(y.shape, inputs);
  const last = extents.length - 1;
  const n = extents[last];
  const [a, b, c] = inputs.map((x) => x.data);
  const [sa, sb, sc] = strides.map((s) => s[last]);
  const out = y.data;
  for (let row = 0; row < sizeOf(extents) / n; row++) {
    let rest = row;
    const at = inputs.map(() => 0);
    for (let d = last - 1; d >= 0; d--) {
      const index = rest % extents[d];
      rest = (rest - index) / extents[d];
      for (let k = 0; k < at.length; k++) at[k] += index * strides[k][d];
    }
    const start = row * n;
    const [pa, pb, pc] = at;
    const all = (i: number) => inputs.map((x, k) => x.data[at[k] + i * strides[k][last]]);
    if (at.length > 3) for (let i = 0; i < n; i++) out[start + i] = value(...all(i), attrs);
    else if (c)
      for (let i = 0; i < n; i++) out[start + i] = value(a[pa + i * sa], b[pb + i * sb], c[pc + i * sc], attrs);
    else if (b) for (let i = 0; i < n; i++) out[start + i] = value(a[pa + i * sa], b[pb + i * sb], attrs);
    else for (let i = 0; i < n; i++) out[start + i] = value(a[pa + i * sa], attrs);
  }
}
