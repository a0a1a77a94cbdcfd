import { afterEach, describe, expect, test } from 'vitest';
import { capture } from '../src/autograd/capture.js';
import { grad, valueAndGrad } from '../src/autograd/grad.js';
import { packParameters } from '../src/tensor/arena.js';

import type { Device, Tensor } from '../src/tensor/tensor.js';
import { webgpu } from '../src/tensor/webgpu.js';
import type { WebGpuDevice } from '../src/tensor/webgpuDevice.js';
import { gpuOf, withGpu } from './adapter.js';
import { type Batch, batchOf, init, type State, step, values } from './capturedStep.js';
import { descend, elementwise, kernel, launch, product, times, total } from './testOps.js';

describe.runIf(withGpu)('recordings', () => {
  const devices: WebGpuDevice[] = [];
  const open = async () => {
    devices.push(await webgpu());
    return devices[devices.length - 1];
  };
  afterEach(() => {
    for (const device of devices.splice(0)) device.destroy();
  });

  /** Calls until it is replayed. */
  const settle = (fast: (s: State, b: Batch) => { state: State }, state: State, batch: Batch, calls = 4): State => {
    for (let i = 0; i < calls; i++) state = fast(state, batch).state;
    return state;
  };

  test('a replay calls no function, and makes no buffer, bind group or pipeline', async () => {
    const device = await open();
    let calls = 0;
    const fast = capture((s: State, b: Batch) => {
      calls++;
      return step(s, b);
    });
    const batch = batchOf(device, 1, 2, 3);
    let state = settle(fast, init(device, 1, 2, 3), batch);
    const before = { calls, ...device.stats(), live: device.memory().live };
    for (let i = 0; i < 50; i++) {
      const { state: after, loss } = fast(state, batch);
      state = after;
      await loss.item();
    }
    const perStep = (device.stats().dispatches - before.dispatches) / 50;
    expect(perStep).toBeGreaterThan(4);
    const stats = device.stats();
    expect({ calls, ...stats, live: device.memory().live }).toEqual({
      ...before,
      dispatches: stats.dispatches,
      submits: before.submits + 100, // a replay and a read
      buffers: before.buffers + 1, // for reading
    });
  });

  test('a change of shape records anew; what only recordings held goes back when they do', async () => {
    const device = await open();
    const fast = capture(step, { recordings: 2 });
    const buffers = () => device.memory().live.buffers;
    const before = buffers();
    for (let round = 0; round < 2; round++) {
      for (const length of [1, 2, 3]) {
        const x = device.tensor(new Float32Array(length).fill(0.5));
        let state: State = { w: device.tensor(new Float32Array(length).fill(2)), count: 0 };
        const losses: number[] = [];
        for (let i = 0; i < 4; i++) {
          const result = fast(state, { x });
          losses.push(await result.loss.item());
          state = result.state;
        }
        expect(losses).toEqual([1, 9 / 16, 81 / 256, 729 / 4096].map((loss) => length * loss));
        for (const t of [x, state.w]) t.dispose();
      }
    }
    expect(buffers()).toBeGreaterThan(before + 6);
    fast.dispose();
    expect(buffers()).toBe(before + 3); // the last results, and a constant that every gradient begins with
  });

  test('a state in other memory records anew', async () => {
    const device = await open();
    const fast = capture(step);
    const batch = batchOf(device, 1, 1);
    settle(fast, init(device, 1, 2), batch);
    const elsewhere = fast(init(device, 4, 8), batch);
    expect(await values(elsewhere.state.w)).toEqual([0, 0]);
    expect(await values(elsewhere.loss)).toEqual([80]);
  });

  test('intermediate memory is never lent to others: eager tensors survive replays', async () => {
    const device = await open();
    const fast = capture((s: { p: { w: Tensor } }, { x }: Batch) => {
      const [loss, g] = valueAndGrad((p: { w: Tensor }) => total(product(product(p.w, x), p.w)))(s.p);
      return { state: { p: { w: descend(s.p.w, g.w, { rate: 0.1 }) } }, loss };
    });
    // Packed parameters bring a gradient arena, which waits with them and not in a pool.
    let state = { p: packParameters({ w: device.tensor([1, 2, 3]) }) };
    const batch = batchOf(device, 0.5, 0.25, -1);
    for (let i = 0; i < 4; i++) state = fast(state, batch).state;
    const kept = Array.from({ length: 30 }, (_, i) => device.tensor([i, i, i]));
    const gradient = grad((p: { w: Tensor }) => total(product(p.w, p.w)))(state.p).w;
    const expected = await values(gradient);
    for (let i = 0; i < 3; i++) state = fast(state, batch).state;
    for (const [i, t] of kept.entries()) expect(await values(t)).toEqual([i, i, i]);
    expect(await values(gradient)).toEqual(expected);
  });

  const changing: [string, (s: State, b: Batch, i: number, device: Device) => { state: State }, RegExp][] = [
    [
      'a number in a uniform',
      (s, { x }, i) => ({ ...step(s, { x: times(x, { factor: i }) }) }),
      /^capture: no two calls in a row did the same.*kernel 'times' got \d+ \(as a float 4\) from the host in word 0 of its parameters, at the call before \d+ \(as a float 3\).*must be a tensor of the batch/,
    ],
    [
      'a number among the operands',
      (s, b, i, device) => ({ ...step(s, b), d: total(product(device.scalar((i % 2) + 5), device.scalar(2))) }),
      /kernel 'product' got other memory as its operand 0/,
    ],
    [
      'data of the host',
      (s, _, i, device) => ({ ...step(s, { x: device.tensor([i]) }) }),
      /data of shape \[1\] came from the host/,
    ],
    [
      'a read',
      (s, b) => {
        s.w.data().catch(() => undefined);
        return step(s, b);
      },
      /a tensor \[1\] was read/,
    ],
    [
      'work that comes and goes',
      (s, b, i) => {
        for (let k = 0; k < i; k++) times(b.x, { factor: 2 });
        return step(s, b);
      },
      /it ran/,
    ],
    [
      'a counter that jumps',
      (s, b, i) => ({ state: { ...step(s, b).state, count: i * i } }),
      /a number of the state did not grow by the same amount/,
    ],
  ];
  test.each(changing)('%s that changes from call to call is refused by name', async (_, change, message) => {
    const device = await open();
    let calls = 0;
    const fast = capture((s: State, b: Batch) => change(s, b, ++calls, device));
    expect(() => settle(fast, init(device, 1), batchOf(device, 0.5), 6)).toThrow(message);
  });

  test('a number of the batch is part of the recording', async () => {
    const device = await open();
    const fast = capture((s: State, { x, rate }: Batch & { rate: number }) =>
      step(s, { x: times(x, { factor: rate }) }),
    );
    let state = init(device, 2);
    const x = device.tensor([1]);
    const got: number[] = [];
    for (const rate of [1, 1, 1, 1, 0, 0, 0, 0]) {
      const { state: after, loss } = fast(state, { x, rate });
      got.push((await values(loss))[0]);
      state = after;
    }
    expect(got).toEqual([4, 0, 0, 0, 0, 0, 0, 0]);
    expect(device.stats().dispatches).toBeGreaterThan(0);
    expect(await values(device.zeros([1]))).toEqual([0]);
  });

  test('a replay shows in a profile like the call that was recorded', async () => {
    const device = await open();
    if (!device.capabilities.timestamps) return;
    const fast = capture(step);
    const batch = batchOf(device, 1, 2);
    let state = init(device, 1, 2);
    const labels: string[][] = [];
    for (let i = 0; i < 5; i++) {
      const { dispatches } = await device.profile(() => {
        state = fast(state, batch).state;
      });
      labels.push(dispatches.map(({ op, label }) => `${op} ${label}`));
    }
    expect(labels[0].length).toBeGreaterThan(4);
    for (const list of labels) expect(list).toEqual(labels[0]);
  });

  test('a lost device is reported by the next read', async () => {
    const device = await open();
    const fast = capture(step);
    const batch = batchOf(device, 1);
    const state = settle(fast, init(device, 1), batch);
    gpuOf(device).destroy();
    await gpuOf(device).lost;
    const { loss } = fast(state, batch);
    await expect(loss.data()).rejects.toThrow(/was lost/);
  });

  test('kernels can be compiled ahead, in parallel, without a trace on anything', async () => {
    const device = await open();
    const fast = capture(step);
    const [state, batch] = [init(device, 1, 2), batchOf(device, 1, 0.5)];
    await fast.compile(state, batch);
    const { pipelines, dispatches } = device.stats();
    expect(dispatches).toBe(0);
    expect(pipelines).toBe(6); // product, total, fill, descend, times, accumulate
    expect(await values(state.w)).toEqual([1, 2]);
    const { loss } = fast(state, batch);
    expect(await loss.item()).toBe(2);
    expect(device.stats().pipelines).toBe(pipelines);
  });

  test('a kernel that does not compile is reported by name, ahead of its use and at it', async () => {
    const device = await open();
    const x = device.tensor([1]);
    const broken = kernel('broken', (a, y) => launch(elementwise('broken', ['a'], 'nonsense(a[i])'), [a], y));
    await device.compile(() => void broken(x));
    await expect(x.data()).rejects.toThrow(/kernel 'broken' does not compile: (.|\n)*nonsense/);
    await expect(broken(x).data()).rejects.toThrow(/kernel 'broken' does not compile/);
    expect(await values(x)).toEqual([1]);
  });

  test('a read gives the value of its moment, however late it is awaited', async () => {
    const device = await open();
    const ones = device.tensor([1, 1]);
    let w = device.tensor([1, 2]);
    const reads: Promise<number[]>[] = [];
    for (let i = 0; i < 5; i++) {
      w = descend(w, ones, { rate: 1 });
      reads.push(values(w));
    }
    expect(await Promise.all(reads)).toEqual([0, -1, -2, -3, -4].map((first) => [first, first + 1]));
  });
});
