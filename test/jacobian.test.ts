import { describe, expect, test } from 'vitest';
import { grad } from '../src/autograd/grad.js';
import { hvp, jacobian, jvp } from '../src/autograd/jacobian.js';
import { ShapeError } from '../src/errors.js';
import { add, div, exp, linear, logSumExp, mul, neg, reshape, square, sum, tanh } from '../src/index.js';

import { cpu } from '../src/tensor/cpu.js';
import type { Device, Tensor } from '../src/tensor/tensor.js';
import { gradcheck } from '../src/testing/gradcheck.js';
import { BACKENDS } from './backends.js';
import { expectClose } from './numbers.js';
import { FLOAT32_EPSILON, REFERENCE_RELATIVE } from './tolerance.js';

const W = [0.5, -1.0, 0.25, 1.5, 0.75, -0.5];
const X = [0.3, -0.7, 1.1, 0.9, 0.2, -0.4];
const V = [1.0, 0.5, -2.0, -0.25, 3.0, 0.125];

/** `tanh(x W^T) exp(-sum x / 4)`, row by row. */
const f = (device: Device) => (x: Tensor) =>
  mul(tanh(linear(x, device.tensor(W, [2, 3]))), exp(div(neg(sum(x, { axes: 1, keepDims: true })), 4)));
/** `|f(x)|^2 + log sum exp x`. */
const h = (device: Device) => (x: Tensor) =>
  add(sum(square(f(device)(x))), logSumExp(reshape(x, { shape: [6] }), { axes: 0 }));

/** From PyTorch's `torch.autograd.functional` in float64, for these functions. */
const TORCH = {
  value: [0.6793734652969182, -0.46556263064284203, 0.12498258676255378, 0.7852357116089707],
  tangent: [-0.05989799095674468, 1.6129160020201576, -2.6293327789086103, -0.37418366812568415],
  gradient: [
    -0.8075156112082095, -1.0846463916365028, 0.356320418204475, 0.30098474073240444, -0.26495386621548606,
    -0.27436938559419494,
  ],
  product: [
    1.2473327096003266, 0.5541743205279908, 0.22649573559567748, -2.678529174784919, 4.747223393072307,
    -0.049186834208731045,
  ],
  jacobian: [
    [-0.025023692205370096, -0.45948271456194845, -0.09743352926479983, 0, 0, 0],
    [0.9882748302783694, 0.5523327439695399, -0.1742373998785091, 0, 0, 0],
    [0, 0, 0, 0.37917884537772917, -0.8520946308273737, 0.17396659934354536],
    [0, 0, 0, -0.038898307549197014, -0.11760361771572984, -0.2487791346865912],
  ],
};

describe.each(BACKENDS)('on the $name', ({ open, tolerance }) => {
  const allowed = tolerance(REFERENCE_RELATIVE, 64 * FLOAT32_EPSILON);
  const close = async (t: Tensor, expected: number[], what: string) =>
    expectClose(await t.data(), expected, { absolute: allowed }, what);
  const start = async () => {
    const device = await open();
    return { device, x: device.tensor(X, [2, 3]), v: device.tensor(V, [2, 3]) };
  };

  test('jvp is what PyTorch says', async () => {
    const { device, x, v } = await start();
    const [value, tangent] = jvp(f(device), x, v);
    await close(value, TORCH.value, 'value');
    await close(tangent, TORCH.tangent, 'tangent');
  });

  test('hvp is what PyTorch says', async () => {
    const { device, x, v } = await start();
    const [gradient, product] = hvp(h(device), x, v);
    await close(gradient, TORCH.gradient, 'gradient');
    await close(product, TORCH.product, 'product');
  });

  test('jacobian is what PyTorch says, and has the shapes of the result and of the argument', async () => {
    const { device, x } = await start();
    const all = jacobian(f(device), x);
    expect(all.shape).toEqual([2, 2, 2, 3]);
    await close(all, TORCH.jacobian.flat(), 'jacobian');
  });

  test('nothing else stays', async () => {
    const { device, x, v } = await start();
    const make = () => [...jvp(f(device), x, v), ...hvp(h(device), x, v), jacobian(f(device), x)];
    for (const t of make()) t.dispose(); // constants are uploaded once, and stay
    const before = device.memory().live.buffers;
    const made = make();
    expect(device.memory().live.buffers - before).toBe(made.length);
    for (const t of made) t.dispose();
  });
});

describe('closed forms', () => {
  const device = cpu();
  const values = async (t: Tensor) => Array.from(await t.data());
  const [x, y, v, w] = [[1, 2], [3], [5, 7], [11]].map((data) => device.tensor(data));

  test('jvp of products of a tree, d(x^2 y) = 2 x y v + x^2 w', async () => {
    const [value, tangent] = jvp(
      (p: { x: Tensor; y: Tensor }) => [mul(square(p.x), p.y), p.y],
      { x, y },
      { x: v, y: w },
    );
    expect(await Promise.all(value.map(values))).toEqual([[3, 12], [3]]);
    expect(await Promise.all(tangent.map(values))).toEqual([[2 * 1 * 3 * 5 + 11, 2 * 2 * 3 * 7 + 4 * 11], [11]]);
  });

  test('hvp of sum x^3, H v = 6 x v', async () => {
    const [gradient, product] = hvp((a: Tensor) => sum(mul(square(a), a)), x, v);
    expect(await values(gradient)).toEqual([3, 12]);
    expect(await values(product)).toEqual([30, 84]);
  });

  test('jacobian of a linear map is its matrix, of exp a diagonal', async () => {
    const matrix = device.tensor(W, [2, 3]);
    const at = device.tensor([1, 2, 3]);
    expect(await values(jacobian((a) => linear(a, matrix), at))).toEqual(W);
    expect(await values(jacobian(exp, x))).toEqual([Math.exp(1), 0, 0, Math.exp(2)]);
    expect((await values(jacobian((a) => sum(square(a)), x))).length).toBe(2);
  });

  test('jvp and hvp can be differentiated', async () => {
    const at = device.tensor(X, [2, 3]);
    const along = device.tensor(V, [2, 3]);
    await gradcheck((a, b) => jvp(f(device), a, b)[1], [at, along]);
    await gradcheck((a, b) => hvp(h(device), a, b)[1], [at, along]);
  });
});

describe('refusals', () => {
  const device = cpu();
  const x = device.tensor([1, 2]);

  test.each([
    ['jvp', (v: Tensor) => jvp((a: Tensor) => sum(a), x, v)],
    ['hvp', (v: Tensor) => hvp((a: Tensor) => sum(a), x, v)],
  ] as const)('%s wants a direction like the argument', (name, product) => {
    expect(() => product(device.tensor([1, 2, 3]))).toThrow(
      new ShapeError(`${name}: the direction (float32 [3]) must be like the argument (float32 [2])`),
    );
  });

  test('jacobian wants one float32 tensor in and out, and no tape', () => {
    expect(() => jacobian(() => undefined as never, x)).toThrow(
      /jacobian: wants a function from one float32 tensor to another, got one from .*float32 \[2\].* to undefined/,
    );
    expect(() => grad((a: Tensor) => sum(jacobian(square, a)))(x)).toThrow(/jacobian: called inside of grad/);
  });
});
