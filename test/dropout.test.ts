import { describe, expect, test } from 'vitest';
import { capture } from '../src/autograd/capture.js';
import { checkpoint } from '../src/autograd/checkpoint.js';
import { grad, valueAndGrad } from '../src/autograd/grad.js';
import { full } from '../src/kernels/creation/full.js';
import { nextSeed, randomSeed } from '../src/kernels/creation/randomSeed.js';
import { mul } from '../src/kernels/elementwise/arithmetic.js';
import { dropout } from '../src/kernels/elementwise/dropout.js';
import { mean } from '../src/kernels/reduction/mean.js';
import { sum } from '../src/kernels/reduction/sum.js';

import { Rng } from '../src/tensor/rng.js';
import type { Device, Tensor } from '../src/tensor/tensor.js';
import { BACKENDS } from './backends.js';
import { values } from './numbers.js';

const COUNT = 20_001;
const ones = (device: Device, size = COUNT) => full(device, { shape: [size], value: 1 });
const kept = async (y: Tensor) => (await values(y)).map((v) => (v === 0 ? 0 : 1));

describe.each(BACKENDS)('dropout on $name', ({ open }) => {
  test.each([0, 0.1, 0.5, 0.9, 1])('p = %d leaves its share, and the mean as it was', async (p) => {
    const device = await open();
    const y = await values(dropout(ones(device), new Rng(3), { p }));
    const share = y.filter((v) => v !== 0).length / COUNT;
    // Five standard deviations of a share.
    expect(Math.abs(share - (1 - p))).toBeLessThanOrEqual(5 * Math.sqrt((p * (1 - p)) / COUNT));
    for (const v of new Set(y)) expect([0, Math.fround(1 / (1 - p))]).toContain(Math.fround(v));
  });

  test('calls, streams, steps and neighbours are independent', async () => {
    const device = await open();
    const rng = new Rng(5);
    const seed = randomSeed(device, rng);
    const masks = [
      await kept(dropout(ones(device), rng)),
      await kept(dropout(ones(device), rng)),
      await kept(dropout(ones(device), seed)),
      await kept(dropout(ones(device), seed, { stream: 1 })),
      await kept(dropout(ones(device), nextSeed(seed))),
    ];
    const agreement = (a: number[], b: number[]) => a.filter((v, i) => v === b[i]).length / a.length;
    const five = 5 * Math.sqrt(0.25 / COUNT);
    masks.forEach((a, i) => {
      expect(Math.abs(agreement(a.slice(1), a.slice(0, -1)) - 0.5)).toBeLessThan(five);
      for (const b of masks.slice(i + 1)) expect(Math.abs(agreement(a, b) - 0.5)).toBeLessThan(five);
    });
  });

  test('the gradient has the zeros and the scale of the value', async () => {
    const device = await open();
    const x = ones(device, 101);
    const seed = randomSeed(device, new Rng(7));
    const gradient = grad((t: Tensor) => sum(dropout(t, seed, { p: 0.3, stream: 4 })))(x);
    expect(await values(gradient)).toEqual(await values(dropout(x, seed, { p: 0.3, stream: 4 })));
  });

  test('a checkpoint repeats the mask', async () => {
    const device = await open();
    const x = ones(device, 101);
    const f = (rng: Rng) => (t: Tensor) => sum(mul(dropout(t, rng), dropout(t, rng)));
    const plain = grad(f(new Rng(9)))(x);
    expect(await values(grad(checkpoint(f(new Rng(9))))(x))).toEqual(await values(plain));
  });

  test('a captured step draws anew at each replay, as the step itself would', async () => {
    const device = await open();
    const step = (state: { seed: Tensor }, batch: { x: Tensor }) => {
      const f = (x: Tensor) => mean(dropout(dropout(x, state.seed, { stream: 0 }), state.seed, { stream: 1 }));
      const [, mask] = valueAndGrad(f)(batch.x);
      return { state: { seed: nextSeed(state.seed) }, mask };
    };
    const batch = { x: ones(device, 64) };
    const run = async (f: (state: { seed: Tensor }, b: typeof batch) => ReturnType<typeof step>) => {
      let state = { seed: randomSeed(device, new Rng(11)) };
      const masks: string[] = [];
      for (let i = 0; i < 7; i++) {
        const result = f(state, batch);
        state = result.state;
        masks.push((await kept(result.mask)).join(''));
      }
      return masks;
    };
    const captured = capture(step);
    const masks = await run(captured);
    expect(new Set(masks).size).toBe(7);
    expect(masks).toEqual(await run(step));
    captured.dispose();
  });
});

test.runIf(BACKENDS.length > 1)('a captured step that draws seeds on the host is refused, and told why', async () => {
  const device = await BACKENDS[1].open();
  const rng = new Rng(13);
  const x = ones(device, 8);
  const step = capture((state: { w: Tensor }, batch: { x: Tensor }) => ({ state, y: dropout(batch.x, rng) }));
  const run = () => {
    let state = { w: ones(device, 8) };
    for (let i = 0; i < 6; i++) ({ state } = step(state, { x }));
  };
  expect(run).toThrow(/came from the host|must be a tensor of the batch or of the state/);
});
