import { beforeAll, describe, expect, test } from 'vitest';
import { valueAndGrad } from '../../src/autograd/grad.js';
import { observing } from '../../src/autograd/observer.js';
import { add, mul } from '../../src/kernels/elementwise/arithmetic.js';
import { cast } from '../../src/kernels/elementwise/cast.js';
import { conv2d } from '../../src/kernels/product/conv2d.js';
import { sum } from '../../src/kernels/reduction/sum.js';
import { halfParameters } from '../../src/nn/halfParameters.js';
import { normal } from '../../src/nn/init.js';
import { packParameters } from '../../src/tensor/arena.js';

import { Rng } from '../../src/tensor/rng.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { tensorsOf } from '../../src/tensor/tree.js';
import { BACKENDS } from '../backends.js';
import { expectClose, values } from '../numbers.js';
import { FLOAT16_EPSILON, FLOAT16_LEAST, REFERENCE_RELATIVE } from '../tolerance.js';

type Params = { scale: Tensor; first: Tensor; second: Tensor; third: Tensor };

/** Filters of 135, 60 and 25 elements and a vector, whose blocks are odd in number here and there. */
function filters(device: Device): Params {
  const rng = new Rng(3);
  const draw = (shape: readonly number[]) => normal(rng, device, shape, 0.5);
  return { scale: draw([5]), first: draw([3, 3, 3, 5]), second: draw([3, 2, 5, 2]), third: draw([1, 1, 5, 5]) };
}

describe.each(BACKENDS)('halfParameters on $name', ({ open, tolerance }) => {
  let device: Device;
  let images: Tensor;
  beforeAll(async () => {
    device = await open();
    images = normal(new Rng(4), device, [2, 6, 5, 3], 1);
  });

  /** `third` is used twice. */
  const network = ({ scale, first, second, third }: Params, x: Tensor) => {
    const h = conv2d(mul(conv2d(x, first, { padding: 1 }), scale), third);
    return sum(conv2d(conv2d(h, third), second));
  };
  const inHalf = (p: Params) => network(halfParameters(p), cast(images, { dtype: 'float16' }));

  test.each([
    ['packed', packParameters],
    ['loose', (p: Params) => p],
  ])('%s: filters are copies in float16, the rest is as it was', async (_, make) => {
    const params = make(filters(device));
    const half = halfParameters(params);
    expect(half.scale).toBe(params.scale);
    for (const name of ['first', 'second', 'third'] as const) {
      expect(half[name]).toMatchObject({ dtype: 'float16', shape: params[name].shape });
      // The reference rounds nothing; a device takes one of the neighbours.
      const allowed = { relative: tolerance(2 ** -50, FLOAT16_EPSILON), absolute: FLOAT16_LEAST };
      expectClose(await values(half[name]), await values(params[name]), allowed, name);
    }
  });

  test.each([
    ['packed', packParameters],
    ['loose', (p: Params) => p],
  ])('%s: gradients are float32, and those of float32 but for roundings', async (_, make) => {
    const params = make(filters(device));
    const single = valueAndGrad((p: Params) => network(p, images))(params)[1];
    const [loss, gradients] = valueAndGrad(inHalf)(params);
    expect(loss.dtype).toBe('float32');
    for (const [k, g] of tensorsOf(gradients).entries()) {
      expect(g.dtype).toBe('float32');
      const expected = await values(tensorsOf(single)[k]);
      // Four layers, each rounding operands and result, forward and back.
      const scale = Math.max(...expected.map(Math.abs));
      const allowed = tolerance(REFERENCE_RELATIVE, 16 * FLOAT16_EPSILON) * scale;
      expectClose(await values(g), expected, { relative: 0, absolute: allowed }, `gradient ${k}`);
    }
  });

  test('gradients of packed filters are computed where the optimiser reads them: one op more and no copy more', () => {
    const params = packParameters(filters(device));
    const opsOf = (f: (p: Params) => Tensor) => {
      const names: string[] = [];
      const [, gradients] = observing(
        (name) => names.push(name),
        () => valueAndGrad(f)(params),
      );
      return { names, gradients: tensorsOf(gradients) };
    };
    const { names, gradients } = opsOf(inHalf);
    const single = opsOf((p) => network(p, images)).names;
    expect(new Set(gradients.map((g) => g.allocation)).size).toBe(1);
    expect(gradients.map((g) => g.offset)).toEqual(tensorsOf(params).map((p) => p.offset));
    const count = (list: string[], name: string) => list.filter((n) => n === name).length;
    expect(count(names, 'halfBlocks')).toBe(1);
    // Nor for the filter that is used twice, whose sum is made in its place.
    expect([count(names, 'assign'), count(single, 'assign')]).toEqual([0, 0]);
  });

  test('a filter that is also used in float32 gets both parts of its gradient', async () => {
    const params = packParameters(filters(device));
    const both = (p: Params) => add(inHalf(p), network(p, images));
    const [twice, once] = [valueAndGrad(both)(params)[1], valueAndGrad((p: Params) => network(p, images))(params)[1]];
    const expected = Array.from(await values(once.first), (x) => 2 * x);
    const allowed = tolerance(REFERENCE_RELATIVE, 16 * FLOAT16_EPSILON) * Math.max(...expected.map(Math.abs));
    expectClose(await values(twice.first), expected, { relative: 0, absolute: allowed }, 'first');
  });
});
