import { describe, expect, test } from 'vitest';
import { accumulate } from '../src/autograd/accumulate.js';
import { customVjp, grad, stopGradient, valueAndGrad, vjp } from '../src/autograd/grad.js';
import { defineMultiOp, defineOp, firstOrderOnly, type Op, once } from '../src/autograd/op.js';
import { DeviceError, ShapeError } from '../src/errors.js';
import { cpu } from '../src/tensor/cpu.js';
import { scope } from '../src/tensor/scope.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { cube, product, times, total } from './testOps.js';

const device = cpu();
const tensor = (...values: number[]) => device.tensor(values);
const values = async (t: Tensor) => Array.from(await t.data());
const square = (x: Tensor) => product(x, x);

describe('valueAndGrad', () => {
  test('gives the value and a gradient of the nesting of the parameters', async () => {
    const params = { layers: [{ w: tensor(1, 2) }, { w: tensor(3, 4) }], scale: tensor(2, 2), name: 'net' };
    const loss = (p: typeof params) => total(product(product(p.layers[0].w, p.layers[1].w), p.scale));
    const [value, gradient] = valueAndGrad(loss)(params);
    expect(await value.item()).toBe(22);
    expect(gradient.name).toBe('net');
    expect(await values(gradient.layers[0].w)).toEqual([6, 8]);
    expect(await values(gradient.layers[1].w)).toEqual([2, 4]);
    expect(await values(gradient.scale)).toEqual([3, 8]);
  });

  test('differentiates the first argument only', async () => {
    const f = (x: Tensor, data: { y: Tensor }, power: number) => total(times(product(x, data.y), { factor: power }));
    expect(await values(grad(f)(tensor(1, 2), { y: tensor(5, 7) }, 3))).toEqual([15, 21]);
  });

  test('aux lives on beside the loss, the intermediates do not', async () => {
    let inner: Tensor | undefined;
    const f = (x: Tensor) => {
      inner = square(x);
      return [total(inner), { predictions: times(inner, { factor: 2 }), label: 'a' }] as const;
    };
    const [[loss, aux], gradient] = valueAndGrad(f, { aux: true })(tensor(1, 2, 3));
    expect(await loss.item()).toBe(14);
    expect(await values(aux.predictions)).toEqual([2, 8, 18]);
    expect(aux.label).toBe('a');
    expect(await values(gradient)).toEqual([2, 4, 6]);
    expect(inner?.disposed).toBe(true);
  });

  test('a parameter without a use has a gradient of zeros', async () => {
    const gradient = grad((p: { a: Tensor; b: Tensor }) => total(p.a))({ a: tensor(1), b: tensor(1, 2) });
    expect(await values(gradient.b)).toEqual([0, 0]);
  });

  test('fan-out adds up, also of a tensor with itself', async () => {
    const f = (x: Tensor) => total(accumulate(accumulate(square(x), x), accumulate(x, x)));
    expect(await values(grad(f)(tensor(1, 5)))).toEqual([5, 13]);
  });

  test('the loss may be the parameter itself', async () => {
    const x = device.tensor([3], []);
    const [value, gradient] = valueAndGrad((p: Tensor) => p)(x);
    expect(await value.item()).toBe(3);
    expect(await gradient.item()).toBe(1);
    expect(x.disposed).toBe(false);
  });

  test.each([
    ['a vector', (x: Tensor) => x, /must return one float32 number, got float32 \[2\]; sum or average it/],
    ['a number', () => 3 as unknown as Tensor, /got 3/],
    ['an integer', () => device.tensor([1], [], 'int32'), /got int32 \[\]/],
    ['nothing', () => undefined as unknown as Tensor, /got undefined/],
  ])('refuses %s', (_, f, message) => {
    expect(() => valueAndGrad(f)(tensor(1, 2))).toThrow(ShapeError);
    expect(() => valueAndGrad(f)(tensor(1, 2))).toThrow(message);
  });

  test('refuses a promise, and scopes stay in order after it', async () => {
    const f = (async (x: Tensor) => total(x)) as unknown as (x: Tensor) => Tensor;
    expect(() => valueAndGrad(f)(tensor(1))).toThrow(TypeError);
    expect(() => valueAndGrad(f)(tensor(1))).toThrow(/returned a promise; it must be synchronous/);
    expect(() => scope(async () => 1)).toThrow(/scope: the function returned a promise/);
    expect(await values(grad(total)(tensor(1, 2)))).toEqual([1, 1]);
  });

  test('an error inside leaves no buffers and no open tape', async () => {
    const x = tensor(1, 2);
    const before = device.memory().live.buffers;
    const f = (p: Tensor): Tensor => {
      square(square(p));
      throw new RangeError('planted');
    };
    expect(() => grad(f)(x)).toThrow('planted');
    expect(device.memory().live.buffers).toBe(before);
    expect(await values(grad((p: Tensor) => total(square(p)))(x))).toEqual([2, 4]);
  });
});

describe('vjp', () => {
  test('pulls a cotangent of the nesting of the value', async () => {
    const f = ([a, b]: Tensor[]) => ({ p: product(a, b), s: total(a) });
    const x = [tensor(2, 3), tensor(5, 7)];
    const [value, [da, db]] = vjp(f, x, { p: tensor(1, 10), s: device.scalar(100) });
    expect(await values(value.p)).toEqual([10, 21]);
    expect(await values(da)).toEqual([105, 170]);
    expect(await values(db)).toEqual([2, 30]);
  });

  test('refuses a cotangent of another shape, and one output named twice', () => {
    expect(() => vjp(square, tensor(1, 2), tensor(1))).toThrow(/the cotangent \(\[1\]\).*the value \(\[2\]\)/);
    const twice = (x: Tensor) => {
      const y = square(x);
      return [y, y];
    };
    expect(() => vjp(twice, tensor(1), [tensor(1), tensor(1)])).toThrow(/returns the same tensor twice/);
  });
});

describe('higher derivatives', () => {
  const at = tensor(2, -1);

  test('first to fourth of x^3, through a sum', async () => {
    const f = cube();
    let derivative = (x: Tensor) => total(f(x));
    const expected = [(x: number) => 3 * x * x, (x: number) => 6 * x, () => 6, () => 0];
    for (const d of expected) {
      const lower = derivative;
      expect(await values(grad(lower)(at))).toEqual([d(2), d(-1)]);
      derivative = (x) => total(grad(lower)(x));
    }
  });

  test('a Hessian-vector product of a function of two parameters', async () => {
    const f = ({ a, b }: { a: Tensor; b: Tensor }) => total(product(square(a), b));
    const v = tensor(1, 10);
    const slope = (p: { a: Tensor; b: Tensor }) => total(product(grad(f)(p).a, v));
    const gradient = grad(slope)({ a: tensor(3, 4), b: tensor(5, 6) });
    expect(await values(gradient.a)).toEqual([10, 120]); // 2 b v
    expect(await values(gradient.b)).toEqual([6, 80]); // 2 a v
  });

  test('firstOrderOnly throws by the name of the op', () => {
    const slope: Op<[g: Tensor, x: Tensor], object> = defineOp({
      ...product.def,
      name: 'slope',
      vjp: () => [firstOrderOnly('planted'), firstOrderOnly('planted')],
    } as never);
    const f = (x: Tensor) => total(cube({ vjp: (g, { inputs: [y] }) => [() => slope(g, y)] })(x));
    expect(() => grad(f)(at)).not.toThrow();
    expect(() => grad((x: Tensor) => total(grad(f)(x)))(at)).toThrow(/planted: this op is differentiable once only/);
  });
});

describe('stopGradient and customVjp', () => {
  test('stopGradient makes a constant', async () => {
    const f = (x: Tensor) => total(product(stopGradient(square(x)), x));
    expect(await values(grad(f)(tensor(3, 5)))).toEqual([9, 25]);
  });

  test('customVjp replaces the gradient, and no tape sees inside', async () => {
    const clipped = customVjp(
      (x: Tensor) => [square(x), { x }],
      ({ x }, g) => [times(product(g, x), { factor: 100 })],
    );
    const [value, gradient] = valueAndGrad((x: Tensor) => total(clipped(x)))(tensor(2, 3));
    expect(await value.item()).toBe(13);
    expect(await values(gradient)).toEqual([200, 300]);
    expect(await values(grad((x: Tensor) => total(grad((z: Tensor) => total(clipped(z)))(x)))(tensor(2, 3)))).toEqual([
      100, 100,
    ]);
  });

  test.each<[string, (g: Tensor) => unknown, RegExp]>([
    ['a tensor', (g) => g, /^customVjp: backward gave a tensor \[2\], expected an array .*; return \[gradient/],
    ['too few gradients', () => [], /^customVjp: backward gave an array of 0, .* for each of 1 inputs/],
    ['too many gradients', (g) => [g, g], /^customVjp: backward gave an array of 2/],
    ['a function', (g) => [() => g], /^customVjp: backward gave input 0 a function, expected a tensor or null/],
  ])('customVjp refuses a backward that returns %s', (_, backward, message) => {
    const wrong = customVjp(
      (x: Tensor) => [square(x), x],
      (_x, g) => backward(g) as never,
    );
    expect(() => grad((x: Tensor) => total(wrong(x)))(tensor(1, 2))).toThrow(message);
  });

  test.each([
    ['a tensor', (x: Tensor) => square(x)],
    ['no tensor first', (x: Tensor) => [1, x]],
  ])('customVjp refuses a forward that returns %s', (_, forward) => {
    const wrong = customVjp(forward as never, (_x, g) => [g]);
    expect(() => wrong(tensor(1, 2))).toThrow(/^customVjp: forward must return \[value, residuals\]/);
  });

  test('customVjp may return its input, and null for an input without a gradient', async () => {
    const reversed = customVjp(
      (x: Tensor, _y: Tensor) => [x, undefined],
      (_, g) => [times(g, { factor: -1 }), null],
    );
    const gradient = grad(([x, y]: Tensor[]) => total(reversed(x, y)))([tensor(1, 2), tensor(3, 4)]);
    expect(await values(gradient[0])).toEqual([-1, -1]);
    expect(await values(gradient[1])).toEqual([0, 0]);
  });
});

describe('ops', () => {
  test('several outputs: unused ones have no cotangent, shared work happens once', async () => {
    let runs = 0;
    const both: Op<[x: Tensor, y: Tensor], object, readonly Tensor[]> = defineMultiOp({
      name: 'both',
      attrs: {},
      shape: ([x, y]) => [x, y],
      reference([x, y], [a, b]) {
        for (let i = 0; i < a.data.length; i++) [a.data[i], b.data[i]] = [2 * x.data[i], 3 * y.data[i]];
      },
      launches: () => [],
      vjp([ga, gb], { inputs: [x] }) {
        const shared = once(() => {
          runs++;
          return x.device.zeros(x.shape);
        });
        const part = (g: Tensor | undefined, factor: number) => () => (g ? times(g, { factor }) : shared());
        return [part(ga, 2), part(gb, 3)];
      },
    });
    const f = ([x, y]: Tensor[]) => total(both(x, y)[1]);
    const [dx, dy] = grad(f)([tensor(1, 2), tensor(3, 4)]);
    expect([await values(dx), await values(dy), runs]).toEqual([[0, 0], [3, 3], 1]);
  });

  test('numbers are operands; at least one operand is a tensor, and all are on one device', async () => {
    expect(await values(product.apply([device.scalar(4), 2.5]))).toEqual([10]);
    const index = device.tensor([1], [1], 'int32');
    expect(() => scope(() => product.apply([index, 0.5]))).toThrow(/product: operand 1 is 0.5, which is no int32/);
    expect(() => product.apply([2, 3])).toThrow(/product: at least one operand must be a tensor/);
    expect(() => product.apply([tensor(1), 'x' as never])).toThrow(
      /product: operand 1 is the string "x", expected a tensor or a number/,
    );
    expect(() => product(tensor(1), cpu().tensor([1]))).toThrow(DeviceError);
  });

  test('a VJP of a wrong shape is refused by the name of its op', () => {
    const wrong = cube({ vjp: (g) => [() => total(g)] });
    expect(() => grad((x: Tensor) => total(wrong(x)))(tensor(1, 2))).toThrow(
      /cube: its VJP gave input 0 a gradient of shape \[\], the input is \[2\]/,
    );
  });

  test.each<[string, (g: Tensor) => unknown, RegExp]>([
    ['a function', (g) => () => g, /^cube: its VJP gave a function, expected an array with .* for each of 1 inputs/],
    ['nothing', () => undefined, /^cube: its VJP gave undefined, expected an array/],
    ['too few functions', () => [], /^cube: its VJP gave an array of 0, expected/],
    ['too many functions', (g) => [() => g, () => g], /^cube: its VJP gave an array of 2, expected/],
    [
      'a tensor',
      (g) => [g],
      /^cube: its VJP gave input 0 a tensor \[2\], expected a function .*; return \[\(\) => gradient/,
    ],
    ['undefined', () => [undefined], /^cube: its VJP gave input 0 undefined, expected a function/],
    ['no tensor', () => [() => 3], /^cube: the gradient of input 0 is 3, expected a tensor/],
  ])('a VJP that gives %s is refused by the name of its op', (_, vjp, message) => {
    const wrong = cube({ vjp: vjp as never });
    expect(() => grad((x: Tensor) => total(wrong(x)))(tensor(1, 2))).toThrow(message);
    expect(() => grad((x: Tensor) => total(wrong(x)))(tensor(1, 2))).toThrow(ShapeError);
  });

  test('a VJP may give null for an optional operand that was left out', async () => {
    const lone = cube({ vjp: (g) => [() => g, null] });
    expect(await values(grad((x: Tensor) => total(lone(x)))(tensor(1, 2)))).toEqual([1, 1]);
  });

  test('an op is declared with a VJP, or with null for a derivative of zero', async () => {
    const { vjp: _, ...rest } = product.def;
    expect(() => defineOp({ ...rest, name: 'mine' } as never)).toThrow(
      /^mine: vjp is undefined, expected a function; declare one, or null if the derivative is zero/,
    );
    const flat = defineOp<[a: Tensor, b: Tensor]>({ ...rest, name: 'mine', vjp: null } as never);
    expect(await values(grad((x: Tensor) => total(flat(x, x)))(tensor(1, 2)))).toEqual([0, 0]);
  });
});
