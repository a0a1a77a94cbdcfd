import { vjp } from '../autograd/grad.js';
import type { AnyOp } from '../autograd/op.js';
import { GradcheckError } from '../errors.js';
import { dtypeOf, type TypedArray } from '../tensor/backend.js';
import { cpu } from '../tensor/cpu.js';
import { roundToFloat16 } from '../tensor/float16.js';
import { Rng } from '../tensor/rng.js';
import { scope } from '../tensor/scope.js';
import { type DType, formatShape, isFloat, type Shape, stridesOf } from '../tensor/shape.js';
import { type Device, Tensor } from '../tensor/tensor.js';
import { drawFill, type HostArray, upload } from './hostArray.js';
import { gradientInHalf, gradientTolerance, kernelTolerance, storedAsHalf, type Tolerance } from './tolerance.js';

/** What `checkKernel` found: the largest error of a kernel against its float64 reference. */
export interface KernelReport {
  /** Elements compared. */
  readonly elements: number;
  /** The largest error as a share of what is allowed. */
  readonly worst: number;
}

interface Result {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: TypedArray;
}

/**
 * Runs an op on a device and on the float64 reference and compares every element of its outputs: floats within
 * `absolute + relative * max(|element|, rms(output))`, integers and non-finite values exactly.
 *
 * @throws GradcheckError that names the worst element, both values and the error in units of the last place.
 */
export function checkKernel(
  op: AnyOp,
  inputs: readonly HostArray[],
  attrs: object | undefined,
  device: Device,
  tolerance: Tolerance = kernelTolerance(largest(inputs)),
): Promise<KernelReport> {
  const allowed = (y: Result) => (y.dtype === 'float16' ? storedAsHalf(tolerance) : tolerance);
  return compare(op.def.name, (xs) => outputsOf(op, xs, attrs), inputs, device, allowed);
}

/** The same for the op's gradients: its VJP on the device against its VJP on the reference, for a random cotangent. */
export function checkKernelGradient(
  op: AnyOp,
  inputs: readonly HostArray[],
  attrs: object | undefined,
  device: Device,
  tolerance: Tolerance = kernelTolerance(largest(inputs)),
  seed = 0,
): Promise<KernelReport> {
  const isVariable = inputs.map(isFloatArray);
  const call = (xs: Tensor[]) => outputsOf(op, xs, attrs).filter(isFloat);
  const reference = cpu();
  const rng = new Rng(seed);
  const cotangents = scope(() =>
    call(inputs.map((x) => upload(reference, x))).map(({ shape, dtype }) => ({ shape, dtype })),
  ).map((like) => drawFill(like, rng));
  const gradient = (operands: Tensor[]) => {
    const xs = operands.slice(0, inputs.length);
    const f = (variables: Tensor[]) => {
      let next = 0;
      return call(xs.map((x, i) => (isVariable[i] ? variables[next++] : x)));
    };
    const variables = xs.filter((_, i) => isVariable[i]);
    return vjp(f, variables, operands.slice(inputs.length))[1];
  };
  const operands = [...inputs, ...cotangents];
  const inHalf = inputs.some(({ dtype }) => dtype === 'float16');
  const allowed = inHalf ? gradientInHalf(tolerance) : gradientTolerance(tolerance);
  return compare(`gradient of ${op.def.name}`, gradient, operands, device, () => allowed);
}

/** Whether the elements are floats. */
export function isFloatArray({ dtype, data }: HostArray): boolean {
  return isFloat({ dtype: dtype ?? dtypeOf(data) });
}

/** Calls an op of a registry; the outputs as a list. */
export function outputsOf(op: AnyOp, inputs: readonly Tensor[], attrs: object | undefined): Tensor[] {
  const y = op.apply(inputs, attrs) as Tensor | readonly Tensor[];
  return y instanceof Tensor ? [y] : [...y];
}

function largest(inputs: readonly HostArray[]): number {
  return Math.max(1, ...inputs.map(({ data }) => data.length));
}

async function compare(
  what: string,
  f: (xs: Tensor[]) => Tensor[],
  operands: readonly HostArray[],
  device: Device,
  allowed: (output: Result) => Tolerance,
): Promise<KernelReport> {
  const [expected, got] = [await resultsOn(cpu(), f, operands), await resultsOn(device, f, operands)];
  let elements = 0;
  let worst = 0;
  expected.forEach((reference, k) => {
    elements += reference.data.length;
    const [share, index] = worstElement(reference, got[k], allowed(reference));
    worst = Math.max(worst, share);
    if (share <= 1) return;
    const [a, b] = [got[k].data[index], reference.data[index]];
    throw new GradcheckError(
      `${what}: output ${k} ${formatShape(reference.shape)} at ${formatShape(unravel(index, reference.shape))}: ` +
        `${device.description} gave ${a}, the reference ${b}; ${distance(a, b)}, ${share.toPrecision(3)} times what is allowed`,
    );
  });
  return { elements, worst };
}

async function resultsOn(
  device: Device,
  f: (xs: Tensor[]) => Tensor[],
  operands: readonly HostArray[],
): Promise<Result[]> {
  const call = () => f(operands.map((host) => upload(device, host)));
  // A browser compiles ahead beside the page, which would stand still if kernels were compiled when they run.
  await device.compile?.(() => void call());
  const outputs = scope(call);
  const results = await Promise.all(
    outputs.map(async (y) => ({ shape: y.shape, dtype: y.dtype, data: await y.data() })),
  );
  for (const y of outputs) y.dispose();
  return results;
}

/** The largest error as a share of the allowed one, and where. */
function worstElement(reference: Result, got: Result, { absolute, relative, own = 0 }: Tolerance): [number, number] {
  const float = isFloat(reference);
  const rounded = reference.dtype === 'float16' ? roundToFloat16 : Math.fround;
  const scale = float ? rootMeanSquare(reference.data) : 0;
  let [worst, at] = [0, 0];
  for (let i = 0; i < reference.data.length; i++) {
    const expected = reference.data[i];
    const error = Math.abs(got.data[i] - expected);
    const size = Math.abs(expected);
    const allowed = float ? absolute + relative * Math.max(size, scale) + own * size : 0;
    const isExact = Object.is(got.data[i], rounded(expected)) || error === 0;
    const share = isExact ? 0 : Number.isFinite(error) && allowed > 0 ? error / allowed : Number.POSITIVE_INFINITY;
    if (share > worst) [worst, at] = [share, i];
  }
  return [worst, at];
}

function rootMeanSquare(data: TypedArray): number {
  const finite = Array.from(data).filter(Number.isFinite);
  return Math.sqrt(finite.reduce((sum, x) => sum + x * x, 0) / Math.max(finite.length, 1));
}

function unravel(index: number, shape: Shape): number[] {
  return stridesOf(shape).map((stride, axis) => Math.floor(index / stride) % shape[axis]);
}

function distance(a: number, b: number): string {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(b))), -126);
  const ulp = 2 ** (exponent - 23);
  return `off by ${Math.abs(a - b).toPrecision(3)} = ${(Math.abs(a - b) / ulp).toPrecision(3)} ulp`;
}
