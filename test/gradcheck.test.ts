import { describe, expect, test } from 'vitest';
import type { Fill } from '../src/autograd/cases.js';
import { defineOp, type Op } from '../src/autograd/op.js';
import { DeviceError, DisposedError, GradcheckError, ShapeError } from '../src/errors.js';
import { cpu } from '../src/tensor/cpu.js';
import { Rng } from '../src/tensor/rng.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { checkKernel, checkKernelGradient } from '../src/testing/checkKernel.js';
import { gradcheck } from '../src/testing/gradcheck.js';
import { drawFill } from '../src/testing/hostArray.js';
import { sharedGpu, withGpu } from './adapter.js';
import { cube, product, times } from './testOps.js';

const device = cpu();
const rng = new Rng(7);
const random = (...shape: number[]) => {
  const { data } = drawFill({ shape }, rng);
  return device.tensor(data, shape);
};
const right = (g: Tensor, x: Tensor) => times(product(g, product(x, x)), { factor: 3 });

/** `y[i, j] = x[j]`, with a VJP of the caller's. */
function repeat(vjp: (g: Tensor) => Tensor): Op<[x: Tensor], object> {
  return defineOp({
    name: 'repeat',
    attrs: {},
    shape: ([x]) => ({ shape: [3, ...x.shape], dtype: 'float32' }),
    reference([x], [y]) {
      for (let i = 0; i < y.data.length; i++) y.data[i] = x.data[i % x.data.length];
    },
    launches: () => [],
    vjp: (g) => [() => vjp(g)],
    keep: { inputs: [] },
  });
}

/** The first `count` rows of three, added up. */
function rows(count: number): Op<[x: Tensor], object> {
  return defineOp({
    name: 'rows',
    attrs: {},
    shape: ([x]) => ({ shape: x.shape.slice(1), dtype: 'float32' }),
    reference([x], [y]) {
      y.data.fill(0);
      for (let i = 0; i < count * y.data.length; i++) y.data[i % y.data.length] += x.data[i];
    },
    launches: () => [],
    vjp: null,
  });
}

describe('gradcheck accepts', () => {
  test('a right gradient, twice, with an error far below the tolerance', async () => {
    const report = await gradcheck(cube(), [random(3, 5)], { order: 2 });
    expect(report.checks).toBe(2 + 2 * 3);
    expect(report.worst).toBeLessThan(0.01);
  });

  test('several inputs, also one that is used twice, and a fan-out', async () => {
    const f = (a: Tensor, b: Tensor) => [product(product(a, b), a), product(a, a)];
    expect((await gradcheck(f, [random(4, 3), random(4, 3)], { order: 2 })).checks).toBe(2 * 3 + 2 * 5);
  });

  test('a function that does not depend on its input', async () => {
    const constant = random(5);
    expect((await gradcheck(() => constant, [random(3)], { order: 2 })).worst).toBe(0);
  });

  test('a right broadcast sum', async () => {
    expect((await gradcheck(repeat(rows(3)), [random(5)])).worst).toBeLessThan(1);
  });
});

describe('gradcheck rejects', () => {
  const seeds = Array.from({ length: 20 }, (_, seed) => seed);

  test.each([
    ['0.1 %', 1.001, /ratio 1\.00100;/],
    ['0.01 %', 1.0001, /ratio 1\.00010;/],
    ['the sign', -1, /ratio -1\.00000 \(the sign is wrong\)/],
    ['a factor of 2', 2, /ratio 2\.00000 \(a factor of 2 is wrong\)/],
    ['a mean for a sum', 1 / 15, /\(a factor of 15 is wrong: a mean for a sum/],
    ['no gradient', 0, /ratio 0\.00000 \(the gradient is missing\)/],
  ])('a gradient wrong by %s, whatever the seed', async (_, factor, message) => {
    const wrong = cube({ vjp: (g, { inputs: [x] }) => [() => times(right(g, x), { factor })] });
    const x = random(3, 5);
    for (const seed of seeds) {
      const check = gradcheck(wrong, [x], { seed, directions: 1 });
      await expect(check).rejects.toThrow(GradcheckError);
      await expect(check).rejects.toThrow(message);
      await expect(check).rejects.toThrow(new RegExp(`order 1, input 0 \\[3, 5\\], direction 0.*seed ${seed}$`));
    }
  });

  test('a gradient that is not a number', async () => {
    const wrong = cube({ vjp: (g) => [() => times(g, { factor: Number.NaN })] });
    await expect(gradcheck(wrong, [random(3)])).rejects.toThrow(/not finite/);
  });

  test('one wrong input of two', async () => {
    const wrong: Op<[a: Tensor, b: Tensor], object> = defineOp({
      ...product.def,
      vjp: (g: Tensor, { inputs: [, b] }: { inputs: readonly Tensor[] }) => [() => product(g, b), () => product(g, b)],
    } as never);
    await expect(gradcheck(wrong, [random(4), random(4)])).rejects.toThrow(/order 1, input 1 \[4\]/);
  });

  test('a missing broadcast sum, of the right shape and of a wrong one', async () => {
    await expect(gradcheck(repeat(rows(1)), [random(5)])).rejects.toThrow(GradcheckError);
    const unsummed = gradcheck(
      repeat((g) => g),
      [random(5)],
    );
    await expect(unsummed).rejects.toThrow(ShapeError);
    await expect(unsummed).rejects.toThrow(
      /repeat: its VJP gave input 0 a gradient of shape \[3, 5\].*sum over the axes/,
    );
  });

  test('a wrong second derivative, which order 1 lets pass', async () => {
    const frozen: Op<[g: Tensor, x: Tensor], object> = defineOp({
      name: 'frozen',
      attrs: {},
      shape: ([g]) => g,
      reference([g, x], [y]) {
        for (let i = 0; i < y.data.length; i++) y.data[i] = 3 * g.data[i] * x.data[i] ** 2;
      },
      launches: () => [],
      vjp: (h, { inputs: [g, x] }) => [() => right(h, x), () => times(product(h, product(g, x)), { factor: 5.9 })],
    });
    const wrong = cube({ vjp: (g, { inputs: [x] }) => [() => frozen(g, x)] });
    expect((await gradcheck(wrong, [random(6)])).worst).toBeLessThan(1);
    await expect(gradcheck(wrong, [random(6)], { order: 2 })).rejects.toThrow(/order 2, input 0 \[6\].*ratio 0\.98333/);
  });

  test('a VJP that reads what its op does not keep', async () => {
    const forgetful = cube({ keep: { inputs: [] } });
    await expect(gradcheck(forgetful, [random(3)])).rejects.toThrow(DisposedError);
    const output = cube({ vjp: (g, { outputs: [y] }) => [() => product(g, y)] });
    await expect(gradcheck(output, [random(3)])).rejects.toThrow(DisposedError);
  });

  test('inputs that it cannot difference', async () => {
    await expect(gradcheck(cube(), [device.tensor([1, 2], [2], 'int32')])).rejects.toThrow(ShapeError);
  });
});

describe('drawFill', () => {
  const draw = (fill: Fill) => Array.from(drawFill(fill, new Rng(3)).data);

  test('stays inside the bounds and away from the points to avoid', () => {
    const values = draw({ shape: [500], lo: -0.5, hi: 2, avoid: [0, 1, 1.02] });
    for (const x of values) {
      expect(x).toBeGreaterThanOrEqual(-0.5);
      expect(x).toBeLessThanOrEqual(2);
      for (const point of [0, 1, 1.02]) expect(Math.abs(x - point)).toBeGreaterThan(0.05 - 1e-6);
    }
    expect(values.some((x) => x < 0)).toBe(true);
    expect(values.some((x) => x > 1.1)).toBe(true);
  });

  test('distinct values keep half a slot of distance, in random order', () => {
    const values = draw({ shape: [5, 40], distinct: true });
    const sorted = [...values].sort((a, b) => a - b);
    const gaps = sorted.slice(1).map((x, i) => x - sorted[i]);
    expect(Math.min(...gaps)).toBeGreaterThan(2 / (2 * 200) - 1e-6);
    expect(values).not.toEqual(sorted);
  });

  test('integers cover [lo, hi), and given values pass through', () => {
    expect(new Set(draw({ shape: [100], dtype: 'int32', lo: -2, hi: 3 }))).toEqual(new Set([-2, -1, 0, 1, 2]));
    expect(new Set(draw({ shape: [50], dtype: 'uint32' }))).toEqual(new Set([0, 1]));
    expect(draw({ shape: [2], values: [Number.POSITIVE_INFINITY, 3] })).toEqual([Number.POSITIVE_INFINITY, 3]);
    expect(() => draw({ shape: [2], values: [1] })).toThrow(/2 elements, 1 values/);
    expect(() => draw({ shape: [2], lo: -0.01, hi: 0.01, avoid: [0] })).toThrow(/nothing of \[-0.01, 0.01\)/);
  });
});

describe.runIf(withGpu)('checkKernel', () => {
  const operands = [drawFill({ shape: [13, 7] }, new Rng(1))];
  const check = async (op: Op<[x: Tensor], object>) => checkKernel(op, operands, undefined, await sharedGpu());

  test('accepts a right kernel and its gradient', async () => {
    const gpu = await sharedGpu();
    const report = await check(cube());
    expect(report.elements).toBe(91);
    expect(report.worst).toBeLessThan(0.2);
    expect((await checkKernelGradient(cube(), operands, undefined, gpu)).worst).toBeLessThan(0.2);
  });

  test.each([
    [
      'off by 0.01 %',
      '1.0001 * x[i] * x[i] * x[i]',
      /cube: output 0 \[13, 7\] at \[\d+, \d+\]: .* the reference .* ulp/,
    ],
    ['wrong at the tail', 'select(x[i] * x[i] * x[i], 0.0, i == 90u)', /at \[12, 6\]: .* gave 0,/],
    [
      'not a number',
      'bitcast<f32>(select(bitcast<u32>(x[i] * x[i] * x[i]), 0x7fc00000u, i == 8u))',
      /at \[1, 1\]: .* gave NaN/,
    ],
  ])('rejects a kernel that is %s', async (label, expression, message) => {
    const wrong = check(cube({ label: `cube ${label}`, expression }));
    await expect(wrong).rejects.toThrow(GradcheckError);
    await expect(wrong).rejects.toThrow(message);
  });

  test('rejects a gradient whose kernel is wrong', async () => {
    const helper = cube({ label: 'cube doubled', expression: '2.0 * x[i] * x[i] * x[i]' });
    const op = cube({ vjp: (g) => [() => helper(g)] });
    await expect(checkKernelGradient(op, operands, undefined, await sharedGpu())).rejects.toThrow(/gradient of cube/);
  });

  test('gradcheck refuses a float32 device', async () => {
    const gpu = await sharedGpu();
    await expect(gradcheck(cube(), [gpu.zeros([3])])).rejects.toThrow(DeviceError);
  });
});
