import { describe, expect, test } from 'vitest';
import { grad } from '../src/autograd/grad.js';
import type { AnyOp } from '../src/autograd/op.js';
import * as k from '../src/kernels/index.js';
import { cpu } from '../src/tensor/cpu.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { sharedGpu, withGpu } from './adapter.js';
import { BACKENDS } from './backends.js';
import { ELEMENTWISE_ULP } from './tolerance.js';

const COUNT = 4096;
/** The golden ratio's multiples fill [0, 1) evenly without hitting round numbers. */
const unit = (i: number) => (i * 0.6180339887498949) % 1;

const linear = (lo: number, hi: number) => Float32Array.from({ length: COUNT }, (_, i) => lo + (hi - lo) * unit(i));
const positive = (lo: number, hi: number) =>
  Float32Array.from({ length: COUNT }, (_, i) => Math.exp(Math.log(lo) + Math.log(hi / lo) * unit(i)));
const signed = (lo: number, hi: number) => positive(lo, hi).map((x, i) => (i % 2 === 0 ? x : -x));

/** Size of the terms that the result is the sum of, where that is more than the result. */
type Scale = (y: number, ...xs: number[]) => number;

interface Accuracy {
  readonly op: AnyOp;
  readonly inputs: readonly Float32Array[];
  readonly scale?: Scale;
}

const accuracies: readonly Accuracy[] = [
  { op: k.exp, inputs: [linear(-85, 85)] },
  { op: k.log, inputs: [positive(1.2e-38, 3e38)] },
  { op: k.log, inputs: [linear(0.9, 1.1)] },
  { op: k.log1p, inputs: [signed(1e-8, 0.99)] },
  { op: k.log1p, inputs: [positive(0.1, 1e30)] },
  { op: k.expm1, inputs: [signed(1e-8, 20)] },
  { op: k.tanh, inputs: [signed(1e-8, 30)] },
  { op: k.sigmoid, inputs: [linear(-80, 30)] },
  { op: k.softplus, inputs: [linear(-80, 30)] },
  { op: k.erf, inputs: [signed(1e-8, 7)] },
  { op: k.sin, inputs: [linear(-1e4, 1e4)], scale: () => 1 },
  { op: k.cos, inputs: [linear(-1e4, 1e4)], scale: () => 1 },
  { op: k.gelu, inputs: [linear(-8, 8)], scale: (_, x) => Math.abs(x) },
  { op: k.silu, inputs: [linear(-30, 30)] },
  { op: k.sqrt, inputs: [positive(1e-30, 1e30)] },
  { op: k.rsqrt, inputs: [positive(1e-30, 1e30)] },
  { op: k.reciprocal, inputs: [signed(1e-30, 1e30)] },
  { op: k.div, inputs: [signed(1e-10, 1e10), linear(-3, 2)] },
  { op: k.atan2, inputs: [signed(1e-6, 1e6), linear(-3, 2)] },
  // An error of 1 ulp in the exponent b log a is one of |b log a| ulp in the result.
  { op: k.pow, inputs: [positive(1e-3, 1e3), linear(-4, 3)], scale: (y, a, b) => y * (1 + Math.abs(b * Math.log(a))) },
];

const spacing = (x: number) => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -126) - 23);

async function onReference(op: AnyOp, inputs: readonly ArrayLike<number>[]) {
  const device = cpu();
  const y = op.apply(
    inputs.map((x) => device.tensor(Float32Array.from(x))),
    undefined,
  ) as Tensor;
  return y.data();
}

describe.runIf(withGpu)('on the GPU', () => {
  test.each(accuracies.map((a) => [a.op.def.name, a] as const))('%s keeps to a few ulp', async (_, a) => {
    const { op, inputs, scale = (y) => y } = a;
    const device = await sharedGpu();
    const got = await (op.apply(inputs.map((x) => device.tensor(x))) as Tensor).data();
    const expected = await onReference(op, inputs);
    const errors = Array.from(expected, (y, i) => {
      const xs = inputs.map((x) => x[i]);
      return Math.abs(got[i] - y) / spacing(Math.max(Math.abs(y), Math.abs(scale(y, ...xs))));
    });
    const worst = errors.reduce((w, e, i) => (e <= errors[w] ? w : i), 0);
    const where = `${inputs.map((x) => x[worst])}: ${got[worst]}, expected ${expected[worst]}`;
    expect(errors[worst], where).toBeLessThanOrEqual(ELEMENTWISE_ULP);
  });

  const SPECIAL = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, -1, 1, 2.5, 3e38, -3e38];
  const ofOne = [
    k.abs,
    k.erf,
    k.exp,
    k.expm1,
    k.isFinite,
    k.leakyRelu,
    k.log,
    k.log1p,
    k.neg,
    k.reciprocal,
    k.relu,
  ].concat([k.rsqrt, k.sigmoid, k.sign, k.softplus, k.sqrt, k.square, k.tanh, k.gelu, k.silu]);

  /** NaN where the reference has NaN, equal infinities and zeros, and the rest to the accuracy above. */
  async function expectSpecial(op: AnyOp, inputs: readonly number[][]): Promise<void> {
    const device = await sharedGpu();
    const got = await (op.apply(inputs.map((x) => device.tensor(x))) as Tensor).data();
    const expected = await onReference(op, inputs);
    expected.forEach((value, i) => {
      const y = Math.fround(value);
      const within = Number.isFinite(y) && Math.abs(got[i] - y) <= ELEMENTWISE_ULP * spacing(y);
      const where = `${op.def.name}(${inputs.map((x) => x[i])}) = ${got[i]}, expected ${y}`;
      expect(within || Object.is(got[i], y), where).toBe(true);
    });
  }

  test.each(ofOne.map((op) => [op.def.name, op] as const))('%s passes NaN and infinities on', (_, op) =>
    expectSpecial(op as AnyOp, [SPECIAL]),
  );

  test.each(
    [k.maximum, k.minimum, k.atan2, k.equal, k.notEqual, k.less, k.greaterEqual].map(
      (op) => [op.def.name, op] as const,
    ),
  )('%s treats NaN and infinities as IEEE 754 does', (_, op) => {
    const pairs = SPECIAL.flatMap((a) => SPECIAL.map((b) => [a, b]));
    return expectSpecial(op, [pairs.map(([a]) => a), pairs.map(([, b]) => b)]);
  });

  test('pow has real values for whole exponents of negative bases and 1 for the exponent 0', () =>
    expectSpecial(k.pow, [
      [-2, -2, -2, -0.5, 0, 0, 0, Number.NaN, -2, 4],
      [3, 2, 0.5, -3, 0, 2, -1, 0, -1, Number.NaN],
    ]));
});

describe.each(BACKENDS)('conventions on the $name', ({ open }) => {
  const gradientOf = async (f: (x: Tensor) => Tensor, at: number[]) => {
    const device = await open();
    return Array.from(await grad((x: Tensor) => k.sum(f(x)))(device.tensor(at)).data());
  };

  test('relu, leakyRelu and abs at 0', async () => {
    expect(await gradientOf(k.relu, [-1, 0, 2])).toEqual([0, 0, 1]);
    expect(await gradientOf((x) => k.leakyRelu(x, { slope: 0.25 }), [-1, 0, 2])).toEqual([0.25, 0.25, 1]);
    expect(await gradientOf(k.abs, [-3, 0, 2])).toEqual([-1, 0, 1]);
  });

  test('maximum and minimum share the gradient of a tie', async () => {
    expect(await gradientOf((x) => k.maximum(x, 1), [0, 1, 2])).toEqual([0, 0.5, 1]);
    expect(await gradientOf((x) => k.minimum(1, x), [0, 1, 2])).toEqual([1, 0.5, 0]);
    expect(await gradientOf((x) => k.maximum(x, x), [3])).toEqual([1]);
  });

  test('clamp passes the gradient on its bounds', async () => {
    expect(await gradientOf((x) => k.clamp(x, { min: -1, max: 1 }), [-2, -1, 0, 1, 2])).toEqual([0, 1, 1, 1, 0]);
    expect(await gradientOf((x) => k.clamp(x, { min: 0 }), [-2, 5])).toEqual([0, 1]);
  });

  test('pow of and to 0', async () => {
    expect(await gradientOf((x) => k.pow(x, 0), [0, 2])).toEqual([0, 0]);
    expect(await gradientOf((b) => k.pow(0, b), [2, 1])).toEqual([0, 0]);
  });

  test('where keeps what it does not choose out of the gradient', async () => {
    const safeLog = (x: Tensor) => k.where(k.greater(x, 0), k.log(k.where(k.greater(x, 0), x, 1)), 0);
    expect(await gradientOf(safeLog, [-1, 0, 0.5])).toEqual([0, 0, 2]);
    expect(await gradientOf((x) => k.where(k.greater(x, 0), x, Number.NaN), [-1, 3])).toEqual([0, 1]);
  });

  test('where gives numbers the dtype of the other choice, float32 for two numbers', async () => {
    const device = await open();
    const mask = device.tensor(new Uint32Array([0, 1]));
    expect(k.where(mask, 0.5, 2).dtype).toBe('float32');
    expect(k.where(mask, device.tensor(new Int32Array([3, -4])), 0).dtype).toBe('int32');
    expect(Array.from(await k.where(mask, 0.5, 2).data())).toEqual([2, 0.5]);
  });
});
