import { expect } from 'vitest';
import { observing } from '../../src/autograd/observer.js';
import type { TypedArray, View } from '../../src/tensor/backend.js';
import { cpu } from '../../src/tensor/cpu.js';
import type { Device, Kernel, Tensor } from '../../src/tensor/tensor.js';
import { norm } from '../numbers.js';
import { type Float32Gap, GPU_GRADIENT_RELATIVE, gradientBound, REFERENCE_RELATIVE } from '../tolerance.js';

/** Where an op with a kink shows on which side each element lies: in the operand or in the result that its VJP keeps. */
const KINKED: Readonly<Record<string, <T>(inputs: readonly T[], outputs: readonly T[]) => T>> = {
  relu: (_, [y]) => y,
  batchNormRelu: (_, [, , y]) => y,
  batchNormAddRelu: (_, [, , y]) => y,
  clamp: ([x]) => x,
};

/** Sides of the kinks of ReLU and ReLU6. */
const side = (v: number) => Number(v > 0) + Number(v > 6);

/** Runs `step` and keeps what shows where its ReLUs cut, in the order of the calls. */
export async function observeCuts<T>(step: () => T): Promise<[result: T, cuts: readonly TypedArray[]]> {
  const reads: Promise<TypedArray>[] = [];
  const result = observing((name, inputs, outputs) => {
    if (name in KINKED) reads.push(KINKED[name](inputs, outputs).data());
  }, step);
  return [result, await Promise.all(reads)];
}

/**
 * A reference whose ReLUs cut where those of another device did. An input within rounding of a kink, one of some 10^5, may
 * lie on its other side there, and then the gradients differ by percents though all kernels are exact.
 */
export function cutAlike(cuts: readonly TypedArray[]): Device {
  const device = cpu();
  const run: Device['run'] = device.run.bind(device);
  let next = 0;
  const cut = <A>(kernel: Kernel<A>): Kernel<A> => ({
    ...kernel,
    reference(inputs, outputs, attrs) {
      kernel.reference(inputs, outputs, attrs);
      if (kernel.name in KINKED) moveAcross(KINKED[kernel.name](inputs, outputs), cuts[next++], kernel.name);
    },
  });
  return Object.assign(device, {
    run: (kernel, inputs, outputs, attrs) => run(cut(kernel), inputs, outputs, attrs),
  } satisfies Pick<Device, 'run'>);
}

/** Only what lies on another side is moved, by no more than ten times what values in training may be off by. */
function moveAcross({ data }: View, cut: TypedArray, name: string): void {
  expect(cut.length, name).toBe(data.length);
  const allowed = (10 * GPU_GRADIENT_RELATIVE * norm(data)) / Math.sqrt(data.length);
  for (let i = 0; i < data.length; i++) {
    if (side(data[i]) === side(cut[i])) continue;
    expect(Math.abs(data[i] - cut[i]), `${name}: ${data[i]} and ${cut[i]} are not cut alike`).toBeLessThan(allowed);
    data[i] = cut[i];
  }
}

/** Fails unless gradients are as close to the reference's, element by element, as PyTorch's own float32 lets expect. */
export async function expectGradients(
  got: ReadonlyMap<string, Tensor>,
  want: ReadonlyMap<string, Tensor>,
  float32: Float32Gap,
): Promise<void> {
  expect([...got.keys()]).toEqual([...want.keys()]);
  const rows = [];
  for (const [path, g] of want) {
    const [mine, reference] = [await got.get(path)!.data(), await g.data()];
    rows.push({ path, own: norm(reference), error: norm(Array.from(reference, (v, i) => v - mine[i])) });
  }
  const whole = norm(rows.map(({ own }) => own));
  for (const { path, own, error } of rows) {
    // What a batch norm cancels has a gradient of rounding errors alone.
    const size = own > REFERENCE_RELATIVE * whole ? own : 1e-3 * whole;
    expect(error, `gradient of ${path}, of norm ${own}`).toBeLessThanOrEqual(gradientBound(float32.tensor) * size);
  }
  const error = norm(rows.map((row) => row.error));
  expect(error, `gradients of norm ${whole}`).toBeLessThanOrEqual(gradientBound(float32.whole) * whole);
}
