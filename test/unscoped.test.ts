import { afterEach, describe, expect, test, vi } from 'vitest';
import { valueAndGrad } from '../src/autograd/grad.js';
import { DeviceError } from '../src/errors.js';
import { mul, sub } from '../src/kernels/elementwise/arithmetic.js';
import { mean } from '../src/kernels/reduction/mean.js';
import { adam } from '../src/nn/optim.js';
import { packParameters } from '../src/tensor/arena.js';

import { collectGarbage } from '../src/tensor/garbage.js';
import { Recent } from '../src/tensor/recent.js';
import { scope } from '../src/tensor/scope.js';
import type { Device, Tensor } from '../src/tensor/tensor.js';
import { webgpu } from '../src/tensor/webgpu.js';
import type { WebGpuDevice, WebGpuOptions } from '../src/tensor/webgpuDevice.js';
import { type PoolBuffer, Shelf } from '../src/tensor/webgpuShelf.js';
import { withGpu } from './adapter.js';

const MEBIBYTE = 2 ** 20;

describe.runIf(withGpu)('without scope', () => {
  const devices: WebGpuDevice[] = [];
  const open = async (options?: WebGpuOptions) => {
    devices.push(await webgpu(options));
    return devices[devices.length - 1];
  };
  afterEach(() => {
    vi.restoreAllMocks();
    for (const device of devices.splice(0)) device.destroy();
  });

  /** Fits y = w x by steps that upload a batch and drop all that they return. */
  function training(device: Device) {
    let params = packParameters({ w: device.tensor([0, 0]) });
    let state = adam.init(params);
    const differentiate = valueAndGrad((p: typeof params, x: Tensor) => {
      const error = sub(mul(x, p.w), mul(x, 3));
      return mean(mul(error, error));
    });
    return (k: number) => {
      const x = device.tensor([Math.cos(k), Math.sin(k)]);
      const [loss, gradients] = differentiate(params, x);
      [params, state] = adam.step(params, gradients, state, { lr: 0.05 });
      return loss;
    };
  }

  test('3,000 training steps stay within the memory of the first thousand, and learn', async () => {
    const device = await open();
    const step = training(device);
    let loss = Number.NaN;
    const start = device.stats().bindGroups;
    await step(0).item();
    const ofOneStep = device.stats().bindGroups - start;
    for (let k = 1; k <= 3000; k++) {
      const value = step(k);
      if (k % 100 === 0) loss = await value.item();
    }
    expect(loss).toBeLessThan(1e-6);
    // Two tensors a step are left behind. They are looked for when there are 1,024 more than are in use.
    const { buffers, bindGroups } = device.stats();
    expect(buffers).toBeLessThan(2500);
    // What differs from step to step is the batch and the loss, which few kernels touch.
    expect(bindGroups).toBeLessThan((3000 * ofOneStep) / 3);
  });

  test('what a step keeps for itself has the same buffers again, whatever the caller does with its result', async () => {
    const device = await open();
    const step = training(device);
    const groupsFor = (k: number) => {
      const before = device.stats().bindGroups;
      step(k);
      return device.stats().bindGroups - before;
    };
    const first = groupsFor(0);
    for (let k = 1; k < 20; k++) groupsFor(k);
    for (let k = 20; k < 30; k++) expect(groupsFor(k)).toBeLessThan(first / 2);
  });

  test('a loop that never waits runs on, with the right numbers', async () => {
    const device = await open({ quiet: true });
    const [half, three] = [device.tensor([0.5]), device.tensor([3])];
    let x = device.tensor([1]);
    let expected = 1;
    for (let i = 0; i < 18_000; i++) {
      const halves = i % 5 !== 0;
      x = halves ? mul(x, half) : sub(x, three);
      expected = Math.fround(halves ? expected * 0.5 : expected - 3);
    }
    const { bindGroups } = device.stats();
    expect(bindGroups).toBeLessThan(16_500);
    expect(await x.item()).toBe(expected);
    expect(Math.abs(expected)).toBeGreaterThan(0.1);
  });

  test('is told once, by number and size, with the remedy; and never when quiet', async () => {
    const said = vi.spyOn(console, 'warn').mockImplementation(() => {});
    for (const quiet of [true, false, false]) {
      const device = await open({ quiet });
      for (let i = 0; i < 40; i++) {
        mul(device.zeros([4 * MEBIBYTE]), 1);
        if (i % 5 === 4) await device.finished();
      }
      if (quiet) expect(said).not.toHaveBeenCalled();
    }
    const about = said.mock.calls.filter(([text]) => /scope/.test(text));
    expect(about).toEqual([
      [
        expect.stringMatching(
          /^wgrad: \d+ tensors \(\d+\.0 MiB\) .*garbage collector.*wrap the step in scope\(\(\) => /,
        ),
      ],
    ]);
  });

  test('a scoped step that drops its loss is left in peace', async () => {
    const said = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const device = await open();
    const step = training(device);
    const before = said.mock.calls.length;
    for (let k = 0; k < 1500; k++) {
      const loss = scope(() => mul(device.tensor([k]), 2));
      if (k % 300 === 0) await loss.item();
    }
    step(1);
    expect(said.mock.calls.length).toBe(before);
  });

  test('out of memory names what lives outside of every scope, where that is what fills it', async () => {
    const device = await open({ memoryLimit: 32 * MEBIBYTE });
    const kept: Tensor[] = [];
    const fill = () => {
      for (;;) kept.push(device.zeros([MEBIBYTE / 16]));
    };
    expect(fill).toThrow(DeviceError);
    expect(fill).toThrow(
      /wanted while 32\.0 MiB are in use; 128 tensors live outside of every scope and hold 32\.0 MiB; wrap the step in scope/,
    );
  });

  test('devices that are dropped are destroyed', async () => {
    const refs: WeakRef<WebGpuDevice>[] = [];
    for (let i = 0; i < 20; i++) {
      const device = await webgpu();
      expect(await mul(device.tensor([i]), 2).item()).toBe(2 * i);
      refs.push(new WeakRef(device));
    }
    for (let i = 0; i < 3; i++) await collectGarbage();
    expect(refs.filter((ref) => ref.deref()).length).toBeLessThanOrEqual(1);
  });
});

describe('a shelf', () => {
  const bufferWith = (id: number) => ({ id, bytes: 256, lastUse: -1, turn: undefined }) as unknown as PoolBuffer;
  const shelfWith = () => {
    const shelf = new Shelf();
    let made = 0;
    const take = (scoped: boolean) => shelf.take(scoped, () => bufferWith(++made));
    /** A step that needs four buffers at a time and returns the second. */
    const step = () => {
      const taken = [1, 2, 3, 4].map(() => take(true));
      shelf.leave(taken[1]);
      for (const i of [2, 0, 3]) shelf.give(taken[i]);
      return taken;
    };
    return { shelf, take, step, made: () => made };
  };
  const ids = (buffers: readonly PoolBuffer[]) => buffers.map(({ id }) => id);

  test('hands a step the same buffers again, except in the place of what it returned', () => {
    const { shelf, step, made } = shelfWith();
    const [first, second] = [step(), step()];
    expect(ids(first)).toEqual([1, 2, 3, 4]);
    expect(ids(second)).toEqual([1, 5, 3, 4]);
    shelf.give(first[1]); // someone has its turn by now
    expect(ids(step())).toEqual([1, 2, 3, 4]);
    expect(made()).toBe(5);
  });

  test('gives a result that comes back at once its place again', () => {
    const { shelf, step, made } = shelfWith();
    for (let i = 0; i < 3; i++) {
      const taken = step();
      expect(ids(taken)).toEqual([1, 2, 3, 4]);
      shelf.give(taken[1]);
    }
    expect(made()).toBe(4);
  });

  test('lends what came back from outside to outside first, the oldest first', () => {
    const { shelf, take, step } = shelfWith();
    step();
    const outside = [take(false), take(false)];
    for (const buffer of outside) shelf.give(buffer);
    expect(ids([take(false), take(false)])).toEqual(ids(outside));
    expect(ids(shelf.clear())).toEqual([4, 3, 1]);
    expect(ids([take(true)])).toEqual([7]);
  });
});

test('a cache holds what was asked for lately, and no more than twice its size', () => {
  const recent = new Recent<number, string>(4);
  for (let i = 0; i < 100; i++) {
    recent.set(i, String(i));
    expect(recent.get(0)).toBe('0');
  }
  const held = Array.from({ length: 100 }, (_, i) => i).filter((i) => recent.get(i) !== undefined);
  expect(held).toEqual(expect.arrayContaining([0, 98, 99]));
  expect(held.length).toBeLessThanOrEqual(8);
});
