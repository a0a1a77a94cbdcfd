import { beforeAll, describe, expect, test } from 'vitest';
import { valueAndGrad } from '../../src/autograd/grad.js';
import { DataError, DisposedError, ShapeError } from '../../src/errors.js';
import { relu } from '../../src/kernels/elementwise/activation.js';
import { sub } from '../../src/kernels/elementwise/arithmetic.js';
import { square } from '../../src/kernels/elementwise/unary.js';
import { reshape } from '../../src/kernels/layout/reshape.js';
import { slice } from '../../src/kernels/layout/slice.js';
import { mean } from '../../src/kernels/reduction/mean.js';
import { averageGradients } from '../../src/nn/averageGradients.js';
import * as conv2d from '../../src/nn/conv2d.js';
import * as linear from '../../src/nn/linear.js';
import { packParameters } from '../../src/tensor/arena.js';

import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import { scope } from '../../src/tensor/scope.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { tensorsOf } from '../../src/tensor/tree.js';
import { webgpu } from '../../src/tensor/webgpu.js';
import { BACKENDS } from '../backends.js';
import { expectCloseInNorm, values } from '../numbers.js';
import { GPU_GRADIENT_RELATIVE, REFERENCE_RELATIVE } from '../tolerance.js';

const BATCH = 12;
const SIDE = 5;

describe.each(BACKENDS)('averageGradients on $name', ({ name, open, tolerance }) => {
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });

  const network = () => {
    const rng = new Rng(3);
    return {
      conv: conv2d.init(rng, device, { inputs: 3, outputs: 6, kernel: 3 }),
      head: linear.init(rng, device, { inputs: 6 * SIDE * SIDE, outputs: 2 }),
    };
  };
  type Params = ReturnType<typeof network>;
  const data = (count: number) => {
    const rng = new Rng(4);
    return device.tensor(
      Float64Array.from({ length: count * SIDE * SIDE * 3 }, () => rng.uniform() - 0.5),
      [count, SIDE, SIDE, 3],
    );
  };
  const differentiate = valueAndGrad((p: Params, x: Tensor) => {
    const h = relu(conv2d.apply(p.conv, x, { padding: 1 }));
    const y = linear.apply(p.head, reshape(h, { shape: [x.shape[0], 6 * SIDE * SIDE] }));
    return mean(square(sub(y, 0.3)));
  });
  const part = (x: Tensor, k: number, size: number) =>
    slice(x, { begin: [k * size, 0, 0, 0], end: [(k + 1) * size, SIDE, SIDE, 3] });
  const all = async (tree: unknown) => (await Promise.all(tensorsOf(tree).map(values))).flat();

  test.each([
    ['packed', 2],
    ['packed', 3],
    ['packed', 6],
    ['loose', 3],
  ])('%s parameters: %i parts give the gradient of the whole', async (how, parts) => {
    const params = how === 'packed' ? packParameters(network()) : network();
    const x = data(BATCH);
    const [, whole] = differentiate(params, x);
    const size = BATCH / parts;
    let [, average] = differentiate(params, part(x, 0, size));
    const memory = average.head.weight.allocation;
    for (let k = 1; k < parts; k++) {
      const [, gradients] = differentiate(params, part(x, k, size));
      const before = device.stats().dispatches;
      average = averageGradients(average, gradients, k + 1);
      expect(device.stats().dispatches - before).toBe(how === 'packed' ? 1 : tensorsOf(params).length);
      expect(gradients.conv.weight.disposed).toBe(true);
    }
    expect(average.head.weight.allocation).toBe(memory);
    expectCloseInNorm(
      await all(average),
      await all(whole),
      tolerance(REFERENCE_RELATIVE, GPU_GRADIENT_RELATIVE),
      `${name}, ${parts} parts`,
    );
  });

  test('the memory is that of a part and one gradient more', async () => {
    const shared = device;
    const peak = async (parts: number) => {
      device = name === 'GPU' ? await webgpu() : cpu();
      const params = packParameters(network());
      const size = 96 / parts;
      scope(() => {
        let average = scope(() => differentiate(params, data(size))[1]);
        for (let k = 1; k < parts; k++) {
          average = scope(() => averageGradients(average, differentiate(params, data(size))[1], k + 1));
        }
      });
      await device.finished();
      const { peakBytes } = device.memory();
      device.destroy();
      return peakBytes;
    };
    const [whole, eighth] = [await peak(1), await peak(8)];
    device = shared;
    expect(eighth).toBeLessThan(whole / 2);
  });

  test('a tied parameter is averaged once', async () => {
    const w = device.tensor([1, 2, 4]);
    const tied = packParameters({ encoder: w, decoder: w });
    const loss = valueAndGrad((p: typeof tied, target: number) => mean(square(sub(p.encoder, target))));
    const [, first] = loss(tied, 0);
    const average = averageGradients(first, loss(tied, 3)[1], 2);
    expect(average.encoder).toBe(average.decoder);
    const expected = [1, 2, 4].map((p) => (2 / 3) * (p - 1.5));
    expectCloseInNorm(await values(average.encoder), expected, GPU_GRADIENT_RELATIVE, 'tied');
  });

  test('says what is wrong with its arguments, and changes nothing', async () => {
    const make = () => ({ a: device.tensor([1, 2]), b: device.tensor([3]) });
    const [one, two] = [make(), make()];
    expect(() => averageGradients(one, two, 1)).toThrow(DataError);
    expect(() => averageGradients(one, two, 1)).toThrow(/count must be an integer >= 2, got 1/);
    expect(() => averageGradients(one, { ...two, b: two.a }, 2)).toThrow(
      /the gradient of 'b' is \[2\], the mean is \[1\]/,
    );
    expect(() => averageGradients<object>(one, { a: two.a }, 2)).toThrow(/the gradient of 'b' is missing/);
    expect(() => averageGradients<object>({ a: one.a }, two, 2)).toThrow(ShapeError);
    const next = averageGradients(one, two, 2);
    expect(await values(next.a)).toEqual([1, 2]);
    await expect(one.a.data()).rejects.toThrow(/averageGradients has updated it in place/);
    expect(() => averageGradients(one, two, 2)).toThrow(DisposedError);
  });
});
