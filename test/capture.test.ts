import { describe, expect, test } from 'vitest';
import { capture } from '../src/autograd/capture.js';
import { grad } from '../src/autograd/grad.js';
import { DisposedError } from '../src/errors.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { BACKENDS } from './backends.js';
import { type Batch, batchOf, init, type State, step, values } from './capturedStep.js';
import { times } from './testOps.js';

describe.each(BACKENDS)('capture on $name', ({ open }) => {
  test('does what the function does, call after call, with a new batch each time', async () => {
    const device = await open();
    const fast = capture(step);
    let [slow, state] = [init(device, 1, -2, 3), init(device, 1, -2, 3)];
    for (let i = 0; i < 9; i++) {
      const batch = batchOf(device, 0.1 * i, 0.5, -0.25);
      const expected = step(slow, batch);
      const got = fast(state, batch);
      expect(await values(got.loss)).toEqual(await values(expected.loss));
      expect(await values(got.twice)).toEqual(await values(expected.twice));
      expect(await values(got.state.w)).toEqual(await values(expected.state.w));
      [slow, state] = [expected.state, got.state];
    }
    expect(state.count).toBe(9);
    fast.dispose();
    expect(await values(state.w)).toEqual(await values(slow.w));
  });

  test('kills the handles of the state, and results at the next call', async () => {
    const device = await open();
    const fast = capture(step);
    let state = init(device, 1, 2);
    for (let i = 0; i < 6; i++) {
      const before = state.w;
      const { state: next, loss } = fast(state, batchOf(device, 1, 0.5));
      expect(() => before.assertLive('test')).toThrow(DisposedError);
      state = fast(next, batchOf(device, 1, 0.5)).state;
      await expect(loss.data()).rejects.toThrow(
        /the next call of the captured step has overwritten it; ask for its data/,
      );
    }
    expect(() => fast({ w: next(state), count: 0 }, batchOf(device, 1, 0.5))).not.toThrow();
    expect(() => fast(state, batchOf(device, 1, 0.5))).toThrow(DisposedError);
    fast.dispose();
  });

  test('kills the handle of what comes back as it was at every call, before a replay as well', async () => {
    const device = await open();
    const fast = capture(({ w, count }: State, { x }: Batch) => ({
      state: { w, count: count + 1 },
      y: times(x, { factor: 3 }),
    }));
    let state = init(device, 1, 2);
    for (let i = 1; i < 7; i++) {
      const before = state.w;
      const { state: next, y } = fast(state, batchOf(device, i, 5));
      expect(await values(y)).toEqual([3 * i, 15]);
      expect(() => before.assertLive('test')).toThrow(DisposedError);
      expect(await values(next.w)).toEqual([1, 2]);
      expect(next.count).toBe(i);
      state = next;
    }
    fast.dispose();
  });

  test('takes results of one call as the batch of the next', async () => {
    const device = await open();
    const fast = capture(step);
    let state = init(device, 0, 0);
    let batch = batchOf(device, 1, 3);
    for (let i = 1; i < 8; i++) {
      const result = fast(state, batch);
      expect(await values(result.twice)).toEqual([2 ** i, 3 * 2 ** i]);
      state = result.state;
      batch = { x: result.twice };
    }
    fast.dispose();
  });

  const next = ({ w }: State) => {
    const moved = times(w, { factor: 1 });
    w.dispose();
    return moved;
  };

  test.each([
    [
      'is a new tensor',
      (s: { a: { w: Tensor } }) => ({ a: { w: times(s.a.w, { factor: 2 }) } }),
      /^capture: state 'a.w' was not updated in place: it came back in other memory/,
    ],
    ['is left out', () => ({ a: {} }), /^capture: state 'a.w' is missing from the state that the step returned/],
    [
      'has more in it',
      (s: { a: { w: Tensor } }) => ({ a: { ...s.a, v: times(s.a.w, { factor: 2 }) } }),
      /^capture: state 'a.v' was not part of the state/,
    ],
    ['is a word that changed', () => ({ a: { w: 'x' } }), /^capture: state 'a.w'/],
  ])('refuses a state that %s', async (_, change, message) => {
    const device = await open();
    const fast = capture((s: { a: { w: Tensor } }, _batch: object) => ({ state: change(s) as never }));
    expect(() => fast({ a: { w: device.tensor([1]) } }, {})).toThrow(message);
  });

  test('refuses what it cannot record: no record, no tensors, data of the host, an open tape', async () => {
    const device = await open();
    const state = init(device, 1);
    const batch = batchOf(device, 1);
    expect(() => capture((s: State) => s as never)(state, batch)).toThrow(/must return a record \{ state, \.\.\. \}/);
    expect(() => capture(step)({} as State, batch)).toThrow(/the state holds no tensor/);
    expect(() => capture(step)(state, { x: new Float32Array(1) } as never)).toThrow(
      /^capture: batch 'x' is a Float32Array; what changes must be a tensor/,
    );
    const fast = capture(step);
    expect(() => grad((x: Tensor) => fast(state, { x }).loss)(batch.x)).toThrow(/called inside grad or valueAndGrad/);
  });

  test('a refused call leaves no memory behind', async () => {
    const device = await open();
    const buffers = () => device.memory().live.buffers;
    const fails = capture((s: State, batch: Batch) => {
      times(batch.x, { factor: 2 });
      if (batch.x.size > 1) throw new Error('refused');
      return step(s, batch);
    });
    let state = init(device, 1);
    const good = batchOf(device, 1);
    for (let i = 0; i < 4; i++) state = fails(state, good).state;
    const before = buffers();
    for (let size = 2; size < 9; size++) {
      const x = device.zeros([size]);
      expect(() => fails(state, { x })).toThrow('refused');
      x.dispose();
    }
    expect(buffers()).toBe(before);
  });
});
