import { ShapeError } from '../errors.js';

import { halfReady } from '../tensor/float16Rewriter.js';
import { checkDType, checkShape, type DType, formatShape, type Shape, sizeOf } from '../tensor/shape.js';
import { type Device, type Kernel, overlap, Tensor } from '../tensor/tensor.js';
import { nameValue } from '../tensor/tree.js';
import { type Arity, attributesOf, checkArity } from './attributes.js';
import { observeOp } from './observer.js';
import { checkDTypes, commonDevice, dtypeOfNumbers, type Operand, scalarOperand } from './operands.js';
import { isRecomputing } from './recompute.js';
import { type Places, record } from './tape.js';

export type { Operand } from './operands.js';

/** What is known of a tensor before it has elements. */
export interface TensorSpec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** What a VJP may use. Tensors that `keep` does not list have a shape but no data any more. */
export interface VjpContext<A> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attrs: A;
  /**
   * Where the gradient of each input is wanted, if anywhere. The op that makes it can put it there,
   * `matmul.apply([g, x], { transA: true }, [places[1]])`; a gradient that lies elsewhere is copied.
   */
  readonly places: Places;
}

/** One thunk per input, run only if that input needs a gradient; `null` marks an input that has none. */
export type Pullback = readonly ((() => Tensor) | null)[];

/** How an op is declared; see `kernels/` for examples, one object per op. */
export interface OpDefinition<A extends object, G> extends Kernel<A> {
  readonly name: string;
  /**
   * How many operands there are, or the least and the most of them: what else a call passes is refused, and a number in
   * the place of the attributes is not taken for an operand. Where it is left out, `shape` judges any number of operands.
   */
  readonly arity?: Arity;
  /** Defaults of the attributes. */
  readonly attrs: A;
  /** Operands need not be float32: `shape` judges their dtypes. */
  readonly anyDType?: boolean;
  /**
   * Indices of operands that may be float16 instead, all of them or none; `all`: any operand, whatever the others are.
   *
   * Kernels count in float32 all the same: the device rewrites how they read and write a binding that is float16. So every
   * float tensor of such an op, except what it updates in place, is declared on one line as `array<T>`, where T is f32, vec4f,
   * u32 or vec4u (the bits of floats) or an alias of one; it is read as `x[i]` and written as `y[i] = value;`. No `+=`, no
   * assignment to a component, no pointer to it, no other array of its name. A kernel that does otherwise is refused by a
   * DeviceError at its first launch, in any dtype.
   */
  readonly half?: 'all' | readonly number[];
  /** Shapes and dtypes of the outputs; throws ShapeError on operands that do not fit. */
  shape(inputs: readonly TensorSpec[], attrs: A): TensorSpec | readonly TensorSpec[];
  /**
   * Vector-Jacobian product, written with ops; `g` is the cotangent of the output.
   * `null` says that the derivative is zero wherever it exists (comparisons, argMax): no tape records the op.
   */
  readonly vjp: ((g: G, context: VjpContext<A>) => Pullback) | null;
  /** How many of the last outputs of a `defineMultiOp` are by-products that only the VJP sees; default 0. */
  readonly byProducts?: number;
  /** Indices of the inputs and outputs whose data the VJP uses; default: all inputs, no output. */
  readonly keep?: { readonly inputs?: readonly number[]; readonly outputs?: readonly number[] };
  /**
   * Inputs that are updated in place: output `i` takes over the memory of input `donates[i]`, whose handle dies. Those of
   * optional operands come last and count only where the operand is given. Further outputs must not depend on their
   * elements: when a checkpoint repeats the op, these are not there any more.
   */
  readonly donates?: readonly number[];
}

/** An op as `defineOp` makes it: call it with its operands and, last, its attributes as a record. */
export interface Op<I extends readonly unknown[], A extends object, R = Tensor> {
  (...args: [...inputs: I, attrs?: Partial<A>]): R;
  readonly def: OpDefinition<A, never>;
  /** The same call with the operands in an array. An output is made at its place, if `places` has one that it fits. */
  apply(inputs: readonly Operand[], attrs?: Partial<A>, places?: Places): R;
}

/** Any op, as registries hold it: called through `apply`, with attributes that only the op itself can judge. */
export interface AnyOp {
  readonly def: Omit<OpDefinition<object, never>, 'vjp'> & { readonly vjp: unknown };
  apply(inputs: readonly Operand[], attrs?: object, places?: Places): unknown;
}

/**
 * Declares an op with one visible output. Further outputs that `shape` lists are by-products that only the VJP sees
 * (`context.outputs`), such as the statistics of a batch norm.
 */
export function defineOp<I extends readonly unknown[] = [x: Operand], A extends object = object>(
  def: OpDefinition<NoInfer<A>, Tensor>,
): Op<I, A> {
  return declare<I, A, Tensor>(def, true);
}

/**
 * Declares an op that returns several tensors, all but its `byProducts`; `g` of its VJP is an array with `undefined` for
 * unused outputs.
 */
export function defineMultiOp<
  I extends readonly unknown[],
  A extends object,
  R extends readonly Tensor[] = readonly Tensor[],
>(def: OpDefinition<NoInfer<A>, readonly (Tensor | undefined)[]>): Op<I, A, R> {
  return declare<I, A, R>(def, false);
}

function declare<I extends readonly unknown[], A extends object, R>(given: object, hasOne: boolean): Op<I, A, R> {
  const written = given as OpDefinition<A, never>;
  if (typeof written.vjp !== 'function' && written.vjp !== null) {
    throw new ShapeError(
      `${written.name}: vjp is ${nameValue(written.vjp)}, expected a function; ` +
        'declare one, or null if the derivative is zero wherever it exists',
    );
  }
  const def = written.half ? { ...written, launches: halfReady(written.launches, written.donates?.length) } : written;
  const apply = (inputs: readonly Operand[], attrs?: Partial<A>, places?: Places) => {
    const outputs = applyOp(def, inputs, attrs, places, (gs) => (hasOne ? gs[0] : gs));
    const visible = hasOne ? 1 : outputs.length - (def.byProducts ?? 0);
    for (const t of outputs.slice(visible)) t.dispose(); // a tape whose VJP needs one has retained it
    return (hasOne ? outputs[0] : outputs.slice(0, visible)) as R;
  };
  const call = (...operands: unknown[]) => {
    const args = operands.filter((x) => x !== undefined); // an optional operand or attributes left out
    const last = args[args.length - 1];
    const hasAttrs = args.length > 0 && !(last instanceof Tensor) && typeof last !== 'number';
    return apply((hasAttrs ? args.slice(0, -1) : args) as Operand[], hasAttrs ? (last as Partial<A>) : undefined);
  };
  return Object.assign(call, { def, apply }) as unknown as Op<I, A, R>;
}

const NOTHING: readonly number[] = [];

function applyOp<A extends object>(
  def: OpDefinition<A, never>,
  operands: readonly Operand[],
  given: Partial<A> | undefined,
  places: Places | undefined,
  pickCotangent: (gs: readonly (Tensor | undefined)[]) => unknown,
): Tensor[] {
  const { name } = def;
  checkArity(def, operands, given);
  const device = commonDevice(name, operands);
  const dtype = dtypeOfNumbers(operands);
  const inputs = operands.map((x, i) => (x instanceof Tensor ? x : scalarOperand(name, i, device, x, dtype)));
  const donates = def.donates?.filter((i) => i < inputs.length) ?? NOTHING;
  // In the second run of a checkpoint nothing is updated: the first run has done it.
  const repeated = isRecomputing() ? donates : NOTHING;
  const updated = isRecomputing() ? NOTHING : donates;
  for (let i = 0; i < inputs.length; i++) if (!repeated.includes(i)) inputs[i].assertLive(name);
  const attrs = given !== undefined ? attributesOf(name, def.attrs, given) : def.attrs;
  checkDTypes(name, def, inputs);
  const shaped = def.shape(inputs, attrs);
  for (const i of updated) checkDonation(name, inputs, i);
  const specs = Array.isArray(shaped) ? (shaped as readonly TensorSpec[]) : [shaped as TensorSpec];
  const outputs = specs.map((spec, i) => {
    const source = updated[i];
    return source === undefined
      ? makeOutput(name, device, spec, inputs, places?.[i])
      : takeOver(name, inputs[source], spec);
  });
  device.run(def, inputs, outputs, attrs);
  observeOp(name, inputs, repeated.length > 0 ? outputs.slice(repeated.length) : outputs);
  for (const i of updated) inputs[i].donate(name);
  for (const k of repeated.keys()) outputs[k].expire(`${name} ran again for a checkpoint, which updates nothing twice`);
  const { vjp } = def;
  if (vjp) {
    record({
      name,
      inputs,
      outputs,
      keep: [
        ...(def.keep?.inputs?.map((i) => inputs[i]) ?? inputs),
        ...(def.keep?.outputs ?? []).map((i) => outputs[i]),
      ],
      pullback: (gs, wanted) => vjp(pickCotangent(gs) as never, { inputs, outputs, attrs, places: wanted }),
    });
  }
  return outputs;
}

/** Makes an output, at its place if it fits there and no operand lies in that memory: a dispatch cannot read what it writes. */
function makeOutput(
  name: string,
  device: Device,
  { shape, dtype }: TensorSpec,
  inputs: readonly Tensor[],
  place: Tensor | undefined,
): Tensor {
  checkShape(name, shape);
  checkDType(name, dtype);
  const size = sizeOf(shape);
  const fits = place?.size === size && place.dtype === dtype && inputs.every((x) => x.allocation !== place.allocation);
  return fits
    ? new Tensor(device, shape, dtype, place.allocation, place.offset)
    : new Tensor(device, shape, dtype, device.allocate(dtype, size));
}

/** What is updated in place must not be held by a tape, nor overlap another operand, which the dispatch could not read. */
function checkDonation(name: string, inputs: readonly Tensor[], i: number): void {
  const donated = inputs[i];
  donated.assertDonatable(name);
  const other = inputs.findIndex((x, k) => k !== i && x.allocation === donated.allocation && overlap(x, donated));
  if (other < 0) return;
  throw new ShapeError(
    `${name}: operand ${i} is updated in place, and operand ${other} lies in its memory; pass a copy`,
  );
}

function takeOver(name: string, input: Tensor, spec: TensorSpec): Tensor {
  if (sizeOf(spec.shape) !== input.size || spec.dtype !== input.dtype) {
    throw new ShapeError(
      `${name}: ${formatShape(input.shape)} cannot be updated in place to ${formatShape(spec.shape)}`,
    );
  }
  return new Tensor(input.device, spec.shape, spec.dtype, input.allocation, input.offset);
}

/** A function that computes at its first call and returns that result from then on, for the thunks of a pullback. */
export function once<T>(compute: () => T): () => T {
  let value: { readonly result: T } | undefined;
  return () => {
    value ??= { result: compute() };
    return value.result;
  };
}

/** For ops whose gradient kernels have no derivative themselves: throws by name when differentiated twice. */
export function firstOrderOnly(name: string): () => never {
  return () => {
    throw new ShapeError(
      `${name}: this op is differentiable once only; its gradient kernel has no derivative. ` +
        'Compose it from differentiable ops, or stopGradient around it.',
    );
  };
}
