import { describe, test } from 'vitest';
import { Rng } from '../src/tensor/rng.js';
import { checkKernel } from '../src/testing/checkKernel.js';
import { drawOperands } from '../src/testing/checkSample.js';
import { casesOf } from '../src/testing/registry.js';
import { sharedGpu, withGpu } from './adapter.js';

const SEED = 20261130;
const COUNT = 24;

/** A number from `least` to `most`. */
const from = (rng: Rng, least: number, most: number) => least + Math.floor(rng.uniform() * (most - least + 1));

/** A depthwise convolution whose strides, dilations and paddings may leave pixels, taps and whole filters out. */
function drawGeometry(rng: Rng) {
  for (;;) {
    const pair = (least: number, most: number) => [from(rng, least, most), from(rng, least, most)] as const;
    const [size, kernel, stride, dilation, padding] = [pair(1, 11), pair(1, 5), pair(1, 6), pair(1, 4), pair(0, 7)];
    const room = [0, 1].map((i) => size[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1);
    if (room.some((n) => n < 0)) continue;
    const outSize = room.map((n, i) => Math.floor(n / stride[i]) + 1);
    return { size, kernel, outSize, attrs: { stride, dilation, padding } };
  }
}

const [conv2d, conv2dInput, conv2dWeight] = casesOf(['conv2d', 'conv2dInput', 'conv2dWeight']);

// The kernel works out from the geometry which rows of the filter it walks, and which columns it need not check.
describe.runIf(withGpu)('a depthwise convolution of any geometry', () => {
  const rng = new Rng(SEED);
  const draws = Array.from({ length: COUNT }, () => {
    const [geometry, channels, batch] = [drawGeometry(rng), [2, 3, 4, 8][from(rng, 0, 3)], from(rng, 1, 2)];
    return { ...geometry, channels, batch, name: `${batch}x${channels} ${JSON.stringify(geometry)}` };
  });

  test.each(draws)('$name', async ({ size, kernel, outSize, attrs, channels, batch }) => {
    const device = await sharedGpu();
    const x = { shape: [batch, ...size, channels] };
    const filter = { shape: [...kernel, 1, channels] };
    const y = { shape: [batch, ...outSize, channels] };
    const given = { ...attrs, groups: channels };
    const operands = (...inputs: { shape: number[] }[]) => drawOperands({ inputs }, SEED);
    await checkKernel(conv2d.op, operands(x, filter), given, device);
    await checkKernel(conv2dInput.op, operands(y, filter), { ...given, inputSize: size }, device);
    await checkKernel(conv2dWeight.op, operands(x, y), { ...given, kernel }, device);
  });
});
