import { describe, expect, test } from 'vitest';
import * as batchNorm from '../../src/nn/batchNorm.js';
import * as conv2d from '../../src/nn/conv2d.js';
import * as convNorm from '../../src/nn/convNorm.js';
import * as resnet from '../../src/nn/resnet.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Device } from '../../src/tensor/tensor.js';
import { drawFill, upload } from '../../src/testing/hostArray.js';
import { BACKENDS } from '../backends.js';
import { expectClose, values } from '../numbers.js';
import { kernelTolerance, REFERENCE_RELATIVE } from '../tolerance.js';

const SEED = 20260103;
const CONV = { stride: 2, padding: 1 };

/** A layer whose running statistics are not those of a fresh one. */
function layer(device: Device, bias: boolean) {
  const rng = new Rng(SEED);
  const draw = (shape: number[], lo: number, hi: number) => upload(device, drawFill({ shape, lo, hi }, rng));
  return {
    filter: conv2d.init(rng, device, { inputs: 8, outputs: 12, kernel: 3, bias }),
    bn: { weight: draw([12], 0.5, 1.5), bias: draw([12], -1, 1) },
    state: { running_mean: draw([12], -1, 1), running_var: draw([12], 0.5, 2), num_batches_tracked: 3 },
    x: draw([2, 7, 5, 8], -1, 1),
    residual: draw([2, 4, 3, 12], -1, 1),
  };
}

describe.each(BACKENDS)('convNorm on $name', ({ open, tolerance }) => {
  const relative = tolerance(REFERENCE_RELATIVE, kernelTolerance(72).relative);

  test.each(['none', 'relu', 'relu6'] as const)(
    'evaluation with activation %s is one dispatch and the numbers of the layers it fuses',
    async (activation) => {
      const device = await open();
      const { filter, bn, state, x, residual } = layer(device, false);
      for (const shortcut of [undefined, residual]) {
        const options = { training: false, activation, residual: shortcut };
        const before = device.stats().dispatches;
        const [fused, next] = convNorm.apply(filter, bn, state, x, CONV, options);
        expect(device.stats().dispatches - before).toBe(1);
        expect(next).toBe(state);
        const [composed] = batchNorm.apply(bn, state, conv2d.apply(filter, x, CONV), options);
        expectClose(await values(fused), [...(await values(composed))], { relative, absolute: relative }, 'y');
      }
    },
  );

  test('a filter with a bias goes through the layers', async () => {
    const device = await open();
    const { filter, bn, state, x } = layer(device, true);
    const [y] = convNorm.apply(filter, bn, state, x, CONV, { training: false });
    const [composed] = batchNorm.apply(bn, state, conv2d.apply(filter, x, CONV), { training: false });
    expect(await values(y)).toEqual(await values(composed));
  });

  test('ResNet-18 in evaluation takes 21 dispatches: 20 convolutions and a pooling', async () => {
    const device = await open();
    const { params, state } = resnet.init(new Rng(SEED), device, { width: 4 });
    const x = device.zeros([1, 32, 32, 3]);
    const before = device.stats().dispatches;
    resnet.apply(params, state, x, { training: false });
    expect(device.stats().dispatches - before).toBe(21);
  });
});
