import { beforeAll, describe, expect, test } from 'vitest';
import { checkpoint } from '../src/autograd/checkpoint.js';
import { grad, stopGradient, valueAndGrad, vjp } from '../src/autograd/grad.js';
import { DisposedError, ShapeError } from '../src/errors.js';
import { randomUniform } from '../src/kernels/creation/random.js';
import { add, mul, sub } from '../src/kernels/elementwise/arithmetic.js';
import { sin, square, tanh } from '../src/kernels/elementwise/unary.js';
import { matmul } from '../src/kernels/product/matmul.js';
import { mean } from '../src/kernels/reduction/mean.js';
import { sum } from '../src/kernels/reduction/sum.js';
import * as batchNorm from '../src/nn/batchNorm.js';
import * as resnet from '../src/nn/resnet.js';
import { packParameters } from '../src/tensor/arena.js';

import { cpu } from '../src/tensor/cpu.js';
import { Rng } from '../src/tensor/rng.js';
import { scope } from '../src/tensor/scope.js';
import type { Device, Tensor } from '../src/tensor/tensor.js';
import { tensorsOf } from '../src/tensor/tree.js';
import { webgpu } from '../src/tensor/webgpu.js';
import { BACKENDS } from './backends.js';
import { values } from './numbers.js';

const all = async (tree: unknown) => (await Promise.all(tensorsOf(tree).map(values))).flat();
const draw = (device: Device, rng: Rng, shape: readonly number[]) =>
  device.tensor(
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.uniform() - 0.5),
    shape,
  );

describe.each(BACKENDS)('checkpoint on $name', ({ name, open }) => {
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });
  const tensor = (...data: number[]) => device.tensor(Float64Array.from(data), [data.length]);
  const identity = <F>(f: F): F => f;
  const either = [checkpoint, identity] as const;
  type Wrap = typeof checkpoint;

  const layers = () => {
    const rng = new Rng(5);
    return { first: draw(device, rng, [7, 9]), hidden: [0, 1, 2].map(() => ({ w: draw(device, rng, [9, 9]) })) };
  };
  type Layers = ReturnType<typeof layers>;
  const network = (wrap: Wrap) => {
    const block = wrap((p: { w: Tensor }, h: Tensor) => tanh(add(matmul(sin(h), p.w), h)));
    return (p: Layers, x: Tensor) => mean(square(p.hidden.reduce((h, layer) => block(layer, h), matmul(x, p.first))));
  };

  test('gradients are the same bits, those of the input too', async () => {
    const x = draw(device, new Rng(6), [5, 7]);
    const [plain, again] = [identity as Wrap, checkpoint].map((wrap) =>
      valueAndGrad(({ p, input }: { p: Layers; input: Tensor }) => network(wrap)(p, input))({ p: layers(), input: x }),
    );
    expect(await all(again)).toEqual(await all(plain));
  });

  test('runs the function twice, keeps nothing of the first run, and fills the gradient arena without a copy', async () => {
    const params = packParameters(layers());
    const x = draw(device, new Rng(6), [5, 7]);
    let runs = 0;
    const inner: Tensor[] = [];
    const block = (p: { w: Tensor }, h: Tensor) => {
      runs++;
      const s = sin(h);
      inner.push(s);
      return tanh(add(matmul(s, p.w), h));
    };
    const loss = (wrap: Wrap) => (p: Layers) =>
      mean(square(p.hidden.reduce((h, l) => wrap(block)(l, h), matmul(x, p.first))));
    const count = (wrap: Wrap) => {
      const before = device.stats().dispatches;
      const [, gradient] = valueAndGrad(loss(wrap))(params);
      return { dispatches: device.stats().dispatches - before, gradient };
    };
    const plain = count(identity);
    expect(runs).toBe(3);
    const twice = count(checkpoint);
    expect(runs).toBe(9);
    expect(inner.every((t) => t.disposed)).toBe(true);
    expect(twice.gradient.hidden[2].w.allocation).toBe(twice.gradient.first.allocation);
    const forward = (f: () => void) => {
      const before = device.stats().dispatches;
      scope(f);
      return device.stats().dispatches - before;
    };
    const once = forward(() => void block(params.hidden[0], draw(device, new Rng(1), [5, 9])));
    expect(twice.dispatches).toBe(plain.dispatches + 3 * once);
    expect(await all(twice.gradient)).toEqual(await all(plain.gradient));
  });

  test('outside of a gradient it is the function itself', async () => {
    let runs = 0;
    const f = checkpoint((x: Tensor) => {
      runs++;
      return square(x);
    });
    expect(await values(f(tensor(1, 2, 3)))).toEqual([1, 4, 9]);
    expect(runs).toBe(1);
  });

  test('nests', async () => {
    let runs = 0;
    const f = (wrap: Wrap) => {
      const inner = wrap((x: Tensor, w: Tensor) => {
        runs++;
        return sin(mul(x, w));
      });
      return wrap((x: Tensor, w: Tensor) => square(inner(inner(x, w), w)));
    };
    const of = (wrap: Wrap) =>
      grad(({ x, w }: { x: Tensor; w: Tensor }) => sum(f(wrap)(x, w)))({
        x: tensor(0.3, 0.5, 0.7),
        w: tensor(2, 3, 4),
      });
    const [again, plain] = either.map(of);
    expect(await all(again)).toEqual(await all(plain));
    expect(runs).toBe(2 + 6); // without checkpoints twice; with them two inner calls thrice: forward, with the outer, alone
  });

  test('can be differentiated twice', async () => {
    const f = (wrap: Wrap) => wrap((x: Tensor, w: Tensor) => sin(mul(square(x), w)));
    const second = (wrap: Wrap) =>
      grad(({ x, w }: { x: Tensor; w: Tensor }) => {
        const first = grad((inner: Tensor) => sum(f(wrap)(inner, w)))(x);
        return sum(square(first));
      })({ x: tensor(0.3, 0.5, 0.7), w: tensor(2, 3, 4) });
    const [again, plain] = either.map(second);
    expect(await all(again)).toEqual(await all(plain));
    expect((await all(plain)).every((v) => v !== 0)).toBe(true);
  });

  test('batch norm inside: statistics move once, gradients and outputs are the same bits', async () => {
    const bn = () => {
      const { params, state } = batchNorm.init(device, 4);
      return { params: packParameters(params), state };
    };
    const x = draw(device, new Rng(8), [6, 3, 4]);
    const of = (wrap: Wrap) => {
      const { params, state } = bn();
      const layer = wrap((p: batchNorm.BatchNormParams, s: batchNorm.BatchNormState, h: Tensor) => {
        const [y, next] = batchNorm.apply(p, s, sin(h), { training: true, activation: 'relu' });
        return batchNorm.apply(p, next, y, { training: true }); // the same statistics once more
      });
      const loss = (p: batchNorm.BatchNormParams) => {
        const [y, next] = layer(p, state, x);
        return [mean(square(sub(y, 0.2))), next] as const;
      };
      return valueAndGrad(loss, { aux: true })(params);
    };
    const [again, plain] = either.map(of);
    expect(await all(again)).toEqual(await all(plain));
    expect(again[0][1].num_batches_tracked).toBe(2);
  });

  test('a new value of what is updated in place is not there in the second run, and the error says so', () => {
    const { params, state } = batchNorm.init(device, 4);
    const x = draw(device, new Rng(8), [6, 4]);
    const reads = checkpoint((p: batchNorm.BatchNormParams, s: batchNorm.BatchNormState) => {
      const [y, next] = batchNorm.apply(p, s, x, { training: true });
      return mul(y, next.running_mean);
    });
    expect(() => grad((p: batchNorm.BatchNormParams) => sum(reads(p, state)))(params)).toThrow(
      /mul: tensor .* batchNorm ran again for a checkpoint, which updates nothing twice/,
    );
  });

  test('random numbers are those of the first run, whoever holds the generator', async () => {
    const noisy = (wrap: Wrap) => {
      const rng = new Rng(11);
      const f = wrap((x: Tensor, given: Rng) => {
        const mask = randomUniform(device, given, { shape: x.shape });
        const scale = given.normal() + rng.uniform();
        return mul(mul(square(x), mask), scale);
      });
      const own = new Rng(12);
      own.normal(); // an odd one, so that half a pair is left over
      const gradient = grad((x: Tensor) => sum(add(f(x, own), f(x, own))))(tensor(1, 2, 3));
      return { gradient, after: [rng.uniform(), own.uniform(), own.normal()] };
    };
    const [again, plain] = either.map(noisy);
    expect(await all(again.gradient)).toEqual(await all(plain.gradient));
    expect(again.after).toEqual(plain.after);
  });

  test('outputs may be inputs, come twice, be several and nested', async () => {
    const f = (wrap: Wrap) =>
      wrap((p: { a: Tensor; b: Tensor }) => {
        const y = mul(p.a, p.b);
        return { same: p.a, twice: [y, y], label: 'c' };
      });
    const of = (wrap: Wrap) => {
      const inner = ({ a, b }: { a: Tensor; b: Tensor }) => {
        const { same, twice, label } = f(wrap)({ a, b });
        expect(label).toBe('c');
        return sum(add(mul(same, twice[0]), sin(twice[1])));
      };
      return valueAndGrad(inner)({ a: tensor(1, 2), b: tensor(3, 5) });
    };
    const [again, plain] = either.map(of);
    expect(await all(again)).toEqual(await all(plain));
  });

  test('constants may be captured, even if the scope around has let them go by then', async () => {
    const f = (wrap: Wrap) => (x: Tensor) => {
      const constant = scope(() => square(tensor(2, 3)));
      return sum(wrap((h: Tensor) => mul(square(h), constant))(x));
    };
    const [again, plain] = either.map((wrap) => grad(f(wrap))(tensor(1, 5)));
    expect(await all(again)).toEqual(await all(plain));
  });

  test('a captured parameter is refused by its path, not left without a gradient', () => {
    const params = { head: { weight: tensor(1, 2), bias: tensor(3, 4) } };
    const loss = (p: typeof params) =>
      sum(checkpoint((x: Tensor) => add(mul(x, p.head.weight), 1))(square(p.head.bias)));
    expect(() => grad(loss)(params)).toThrow(ShapeError);
    expect(() => grad(loss)(params)).toThrow(
      /checkpoint: mul reads 'head.weight' \[2\], which needs a gradient but is no argument.*pass it as an argument/,
    );
    const computed = (p: typeof params) => {
      const h = square(p.head.weight);
      return sum(checkpoint((x: Tensor) => mul(x, h))(p.head.bias));
    };
    expect(() => grad(computed)(params)).toThrow(/checkpoint: mul reads tensor \d+ \[2\], which needs a gradient/);
    const nested = (p: typeof params) => {
      const inner = checkpoint((x: Tensor, w: Tensor) => mul(x, w));
      return sum(checkpoint((x: Tensor) => inner(x, p.head.weight))(p.head.bias));
    };
    expect(() => grad(nested)(params)).toThrow(/checkpoint reads 'head.weight'|checkpoint: mul reads 'head.weight'/);
    const stopped = (p: typeof params) =>
      sum(checkpoint((x: Tensor) => mul(x, stopGradient(p.head.weight)))(p.head.bias));
    expect(() => grad(stopped)(params)).not.toThrow();
  });

  test('a function that does something else the second time is found out', () => {
    let runs = 0;
    const fickle = checkpoint((x: Tensor) => (runs++ === 0 ? square(x) : sum(x)));
    expect(() => grad((x: Tensor) => sum(fickle(x)))(tensor(1, 2))).toThrow(
      /returned \[2\] at first and \[\] when it was run again/,
    );
    const late = checkpoint((async (x: Tensor) => x) as unknown as (x: Tensor) => Tensor);
    expect(() => grad((x: Tensor) => sum(late(x)))(tensor(1, 2))).toThrow(
      /checkpoint: the function returned a promise/,
    );
  });

  test('outputs without a use have no cotangent', async () => {
    const f = (wrap: Wrap) => wrap((x: Tensor) => [square(x), sin(x)] as const);
    const of = (wrap: Wrap) => vjp((x: Tensor) => f(wrap)(x)[1], tensor(1, 2), tensor(3, 4));
    const [again, plain] = either.map(of);
    expect(await all(again)).toEqual(await all(plain));
  });

  test('the gradient of a disposed argument is an error that names it', () => {
    const gone = tensor(1, 2);
    gone.dispose();
    expect(() =>
      grad((x: Tensor) => sum(checkpoint((h: Tensor, c: Tensor) => mul(h, c))(x, gone)))(tensor(3, 4)),
    ).toThrow(DisposedError);
  });

  test('ResNet with checkpointed blocks: same bits, less memory', async () => {
    const [width, side, batch] = name === 'GPU' ? [8, 96, 8] : [2, 48, 4];
    const of = async (again: boolean) => {
      const own = name === 'GPU' ? await webgpu() : cpu();
      const made = resnet.init(new Rng(1), own, { width, stem: 3 });
      const params = packParameters(made.params);
      const x = draw(own, new Rng(2), [batch, side, side, 3]);
      const before = own.memory().live.bytes;
      const loss = (p: resnet.ResnetParams) => {
        const [y, next] = resnet.apply(p, made.state, x, { training: true, checkpoint: again });
        return [mean(square(y)), next] as const;
      };
      const result = valueAndGrad(loss, { aux: true })(params);
      const { peakBytes, live } = own.memory();
      const numbers = await all(result);
      own.destroy();
      return { numbers, activations: peakBytes - before - (live.bytes - before) };
    };
    const [plain, again] = [await of(false), await of(true)];
    expect(again.numbers).toEqual(plain.numbers);
    // Blocks are half as many as convolutions, and besides what lies between blocks one block is kept at a time.
    expect(again.activations).toBeLessThan(0.7 * plain.activations);
  });
});
