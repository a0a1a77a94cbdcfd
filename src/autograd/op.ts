import { DeviceError, ShapeError } from '../errors.js';
import type { Device, Kernel } from '../tensor/backend.js';
import {
  checkShape,
  type DType,
  formatShape,
  requireDType,
  requireFloats,
  requireOneDType,
  type Shape,
  sizeOf,
} from '../tensor/shape.js';
import { overlap, Tensor } from '../tensor/tensor.js';
import { type Arity, attributesOf, checkArity } from './attributes.js';
import { observeOp } from './observer.js';
import { isRecomputing } from './recompute.js';
import { type Places, record } from './tape.js';

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
  /** Indices of operands that may be float16 instead, all of them or none; `all`: any operand, whatever the others are. */
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

export type Operand = Tensor | number;

export interface Op<I extends readonly unknown[], A extends object, R = Tensor> {
  (...args: [...inputs: I, attrs?: Partial<A>]): R;
  readonly def: OpDefinition<A, never>;
  /** The same call for an array of operands. An output lies at its place, if `places` has one and it fits there. */
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
  const first = (inputs: readonly Operand[], attrs?: Partial<A>, places?: Places) => {
    const [y, ...byProducts] = applyOp(def as unknown as OpDefinition<A, never>, inputs, attrs, places, (gs) => gs[0]);
    for (const t of byProducts) t.dispose(); // a tape that needs one has retained it
    return y;
  };
  return makeOp<I, A, Tensor>(def as unknown as OpDefinition<A, never>, first);
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
  const all = (inputs: readonly Operand[], attrs?: Partial<A>, places?: Places) => {
    const outputs = applyOp(def as unknown as OpDefinition<A, never>, inputs, attrs, places, (gs) => gs);
    const visible = outputs.length - (def.byProducts ?? 0);
    for (const t of outputs.slice(visible)) t.dispose(); // a tape that needs one has retained it
    return outputs.slice(0, visible) as unknown as R;
  };
  return makeOp<I, A, R>(def as unknown as OpDefinition<A, never>, all);
}

/**
 * @internal All outputs of an op, by-products included: for a fused op's own VJP. The tape that records the op knows the
 * visible ones only, so call it where none does.
 */
export function withByProducts<I extends readonly unknown[], A extends object>(
  { def }: Op<I, A, unknown>,
  inputs: readonly Operand[],
  attrs?: Partial<A>,
): Tensor[] {
  return applyOp(def, inputs, attrs, undefined, (gs) => gs[0]);
}

function makeOp<I extends readonly unknown[], A extends object, R>(
  def: OpDefinition<A, never>,
  apply: (inputs: readonly Operand[], attrs?: Partial<A>, places?: Places) => R,
): Op<I, A, R> {
  const call = (...given: unknown[]) => {
    const args = given.filter((x) => x !== undefined); // an optional operand or attributes left out
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
  checkArity(def, operands);
  const device = commonDevice(name, operands);
  const dtype = dtypeOfNumbers(operands);
  const inputs = operands.map((x) => (x instanceof Tensor ? x : device.scalar(x, dtype)));
  const donates = def.donates?.filter((i) => i < inputs.length) ?? NOTHING;
  // What the first run of a checkpoint has updated in place is not updated again.
  const repeated = isRecomputing() ? donates : NOTHING;
  const updated = isRecomputing() ? NOTHING : donates;
  for (let i = 0; i < inputs.length; i++) if (!repeated.includes(i)) inputs[i].assertLive(name);
  const attrs = given !== undefined ? attributesOf(name, def.attrs, given) : def.attrs;
  checkDTypes(def, inputs);
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

function checkDTypes(
  { name, anyDType, half = NOTHING }: Pick<OpDefinition<object, never>, 'name' | 'anyDType' | 'half'>,
  inputs: readonly Tensor[],
): void {
  if (anyDType) return;
  if (half === 'all') requireFloats(name, inputs);
  else {
    const chosen = half.flatMap((i) => inputs[i] ?? []);
    if (chosen.some((x) => x.dtype === 'float16')) requireOneDType(name, chosen);
    const may = (i: number) => half.includes(i) && inputs[i].dtype === 'float16';
    requireDType(
      name,
      inputs.map((x, i) => (may(i) ? FLOAT32 : x)),
      'float32',
    );
  }
}

const FLOAT32 = { dtype: 'float32' } as const;

/** Numbers among the operands are of the tensors' kind; beside float16 they keep their digits. */
function dtypeOfNumbers(operands: readonly Operand[]): DType | undefined {
  const dtype = operands.find((x) => x instanceof Tensor)?.dtype;
  return dtype === 'float16' ? 'float32' : dtype;
}

/** At its place, if it fits there and no operand lies in that memory: a dispatch cannot read the buffer that it writes. */
function makeOutput(
  name: string,
  device: Device,
  { shape, dtype }: TensorSpec,
  inputs: readonly Tensor[],
  place: Tensor | undefined,
): Tensor {
  checkShape(name, shape);
  const size = sizeOf(shape);
  const fits = place?.size === size && place.dtype === dtype && inputs.every((x) => x.allocation !== place.allocation);
  return fits
    ? new Tensor(device, shape, dtype, place.allocation, place.offset)
    : new Tensor(device, shape, dtype, device.allocate(dtype, size));
}

/** What is updated in place must not be held by a tape, nor be another operand: a dispatch cannot read what it writes. */
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

function commonDevice(name: string, operands: readonly Operand[]): Device {
  let device: Device | undefined;
  for (const x of operands) {
    if (typeof x === 'number') continue;
    if (!(x instanceof Tensor)) throw new ShapeError(`${name}: expected a tensor or a number, got ${String(x)}`);
    device ??= x.device;
    if (x.device !== device) {
      throw new DeviceError(
        `${name}: operands are on different devices (${device.description}; ${x.device.description}); ` +
          'read one with data() and make it again with device.tensor()',
      );
    }
  }
  if (!device) throw new ShapeError(`${name}: at least one operand must be a tensor, so that the device is known`);
  return device;
}

/** Computes once, however many thunks of a pullback ask. */
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
