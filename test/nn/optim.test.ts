import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { valueAndGrad } from '../../src/autograd/grad.js';
import { DataError, DisposedError, ShapeError } from '../../src/errors.js';
import { add, mul, sub } from '../../src/kernels/elementwise/arithmetic.js';
import { square } from '../../src/kernels/elementwise/unary.js';
import { sum } from '../../src/kernels/reduction/sum.js';
import { type AdamOptions, adam, adamW, readStatus, sgd } from '../../src/nn/optim.js';
import { packParameters } from '../../src/tensor/arena.js';
import { cpu } from '../../src/tensor/cpu.js';

import { scope } from '../../src/tensor/scope.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { webgpu } from '../../src/tensor/webgpu.js';
import { BACKENDS } from '../backends.js';
import { expectClose, norm, values } from '../numbers.js';
import { kernelTolerance, REFERENCE_TRAJECTORY } from '../tolerance.js';

interface Trace {
  readonly p0: readonly number[];
  readonly grads: readonly (readonly number[])[];
  readonly params_after_each_step: readonly (readonly number[])[];
}

const { optimisers } = JSON.parse(readFileSync(new URL('../golden/torch_golden.json', import.meta.url), 'utf8')) as {
  readonly optimisers: Readonly<Record<'adam' | 'adamw' | 'sgd_momentum', Trace>>;
};

type Params = { a: Tensor; b: Tensor };
type Make = (device: Device, value: readonly number[]) => Tensor;

const upload: Make = (device, value) => device.tensor(Float64Array.from(value), [value.length]);
/** Two leaves with padding behind each. */
const twoLeaves = (device: Device): Params =>
  packParameters({ a: upload(device, [0.5, -1, 2]), b: upload(device, [3, 0.25, -0.75, 1, 4]) });
const gradientsOf = (device: Device, a: readonly number[], b: readonly number[]): Params => ({
  a: upload(device, a),
  b: upload(device, b),
});
const all = async (p: Params) => [...(await values(p.a)), ...(await values(p.b))];
const G: readonly [number[], number[]] = [
  [0.3, -2, 0.1],
  [1, 0.5, -0.25, 3, -1],
];

describe.each(BACKENDS)('optimisers on $name', ({ name, open, tolerance }) => {
  const relative = tolerance(REFERENCE_TRAJECTORY, kernelTolerance(8).relative);
  const close = { relative, absolute: relative };
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });

  const steppers = {
    adam: { of: adam, trace: optimisers.adam, options: { lr: 0.01 } },
    adamW: { of: adamW, trace: optimisers.adamw, options: { lr: 0.01, weightDecay: 0.05 } },
  };
  test.each(Object.entries(steppers))("%s walks PyTorch's trace", async (_, { of, trace, options }) => {
    let params = packParameters({ p: upload(device, trace.p0) });
    let state = of.init(params);
    for (const [k, g] of trace.grads.entries()) {
      [params, state] = of.step(params, { p: upload(device, g) }, state, options);
      expectClose(await values(params.p), trace.params_after_each_step[k], close, `step ${k}`);
    }
  });

  test("sgd with momentum walks PyTorch's trace", async () => {
    const { p0, grads, params_after_each_step } = optimisers.sgd_momentum;
    let params = packParameters({ p: upload(device, p0) });
    let state = sgd.init(params);
    for (const [k, g] of grads.entries()) {
      const options = { lr: 0.01, momentum: 0.9, weightDecay: 1e-4 };
      [params, state] = sgd.step(params, { p: upload(device, g) }, state, options);
      expectClose(await values(params.p), params_after_each_step[k], close, `step ${k}`);
    }
  });

  async function stepOnce(options: AdamOptions, of: typeof adam = adam) {
    const params = twoLeaves(device);
    const [next, state] = of.step(params, gradientsOf(device, ...G), of.init(params), options);
    return { params: next, state };
  }

  test('groups scale the learning rate, set the weight decay, freeze', async () => {
    const before = await all(twoLeaves(device));
    const plain = await all((await stepOnce({ lr: 0.1 })).params);
    const half = await all((await stepOnce({ lr: 0.1, groups: [{ match: /^b$/, lrScale: 0.5 }] })).params);
    expectClose(half.slice(0, 3), plain.slice(0, 3), close, 'outside of the group');
    const middle = before.map((p, i) => (p + plain[i]) / 2);
    expectClose(half.slice(3), middle.slice(3), close, 'half the way');

    const decay = { lr: 0.1, weightDecay: 0.2, groups: [{ match: /a/, weightDecay: 0 }] };
    const decayed = await all((await stepOnce(decay, adamW)).params);
    expectClose(decayed.slice(0, 3), plain.slice(0, 3), close, 'no decay for a');
    const shrunk = before.map((p, i) => plain[i] - 0.1 * 0.2 * p);
    expectClose(decayed.slice(3), shrunk.slice(3), close, 'decay for b');

    const { params, state } = await stepOnce({ lr: 0.1, weightDecay: 1, groups: [{ match: /a/, frozen: true }] });
    expect((await all(params)).slice(0, 3)).toEqual(before.slice(0, 3));
    expect(await values(state.m.a)).toEqual([0, 0, 0]);
    expect((await readStatus(state)).norm).toBeCloseTo(norm(G[1]), 5);
  });

  test('the last group that matches speaks, and bad groups are refused', async () => {
    const groups = [{ match: /./, frozen: true }, { match: /a/ }];
    const { params } = await stepOnce({ lr: 0.1, groups });
    const [before, after] = [await all(twoLeaves(device)), await all(params)];
    expect(after.map((p, i) => p === before[i])).toEqual([false, false, false, true, true, true, true, true]);
    await expect(stepOnce({ lr: 0.1, groups: [{ match: /a/g }] })).rejects.toThrow(DataError);
    await expect(stepOnce({ lr: 0.1, groups: [{ match: /a/, lrScale: -1 }] })).rejects.toThrow(/lrScale/);
  });

  test('clipping scales all gradients by one factor, over several arenas too', async () => {
    const clipNorm = 0.5;
    const total = norm([...G[0], ...G[1]]);
    const options = { lr: 1, clipNorm };
    for (const params of [
      twoLeaves(device),
      { a: packParameters(upload(device, [0.5, -1, 2])), b: packParameters(upload(device, [3, 0.25, -0.75, 1, 4])) },
    ]) {
      const before = await all(params);
      const [next, state] = sgd.step(params, gradientsOf(device, ...G), sgd.init(params), options);
      const expected = [...G[0], ...G[1]].map((g, i) => before[i] - (g * clipNorm) / (total + 1e-6));
      expectClose(await all(next), expected, close, 'clipped');
      expectClose([(await readStatus(state)).norm], [total], close, 'norm before clipping');
    }
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'a gradient with %s changes nothing and is counted',
    async (bad) => {
      let { params, state } = await stepOnce({ lr: 0.1 });
      const before = [await all(params), await all(state.m), await all(state.v)];
      [params, state] = adam.step(params, gradientsOf(device, G[0], [1, 2, 3, 4, bad]), state, { lr: 0.1 });
      expect([await all(params), await all(state.m), await all(state.v)]).toEqual(before);
      expect(await readStatus(state)).toEqual({ steps: 1, skipped: 1, norm: Number.NaN, finite: false });
      [params, state] = adam.step(params, gradientsOf(device, ...G), state, { lr: 0.1 });
      expect(await readStatus(state)).toMatchObject({ steps: 2, skipped: 1, finite: true });
      expect(await all(params)).not.toEqual(before[0]);
    },
  );

  test('parameters and state are donated, gradients disposed of', async () => {
    const params = twoLeaves(device);
    const state = adam.init(params);
    const gradients = gradientsOf(device, ...G);
    const memory = params.a.allocation;
    const [next] = adam.step(params, gradients, state, { lr: 0.1 });
    expect(next.a.allocation).toBe(memory);
    for (const dead of [params.a, state.m.b, state.v.a, state.status]) {
      await expect(dead.data()).rejects.toThrow(DisposedError);
      await expect(dead.data()).rejects.toThrow(/adam.step has updated it in place/);
    }
    expect(gradients.b.disposed).toBe(true);
    expect(() => adam.step(params, gradients, state, { lr: 0.1 })).toThrow(DisposedError);
  });

  test('says what is wrong with its arguments, and changes nothing', async () => {
    const params = twoLeaves(device);
    const state = adam.init(params);
    const loose = gradientsOf(device, [1, 1, 1], [1, 1, 1, 1, 1]);
    expect(() => adam.init(loose)).toThrow(
      /adam.init: the parameters do not fill arenas; call params = packParameters/,
    );
    const step = (gradients: unknown, options: AdamOptions = { lr: 1 }) =>
      adam.step(params, gradients as Params, state, options);
    expect(() => step({ a: loose.a })).toThrow(/the gradient of 'b' is missing/);
    expect(() => step({ a: loose.b, b: loose.b })).toThrow(/the gradient of 'a' is \[5\]/);
    expect(() => step({ ...loose, c: loose.a })).toThrow(ShapeError);
    expect(() => step(loose, { lr: Number.NaN })).toThrow(/adam.step: lr and weightDecay must be finite and >= 0/);
    expect(() => step(loose, { lr: 1, weightDecay: -1 })).toThrow(/got 1 and -1/);
    expect(await readStatus(state)).toMatchObject({ steps: 0, skipped: 0 });
    expect([params.a, params.b, state.m.a, state.status, loose.a].map((t) => t.disposed)).not.toContain(true);
  });

  test('gradients from the tape and gradients from elsewhere give the same step', async () => {
    const target = [upload(device, [1, 2, 3]), upload(device, [5, 4, 3, 2, 1])];
    const loss = (p: Params) => add(sum(square(sub(p.a, target[0]))), sum(square(sub(p.b, target[1]))));
    const [one, two] = [twoLeaves(device), twoLeaves(device)];
    const [, gradients] = valueAndGrad(loss)(one);
    const elsewhere = { a: mul(gradients.a, 1), b: mul(gradients.b, 1) };
    const [first] = adam.step(one, gradients, adam.init(one), { lr: 0.1 });
    const [second] = adam.step(two, elsewhere, adam.init(two), { lr: 0.1 });
    expect(await all(first)).toEqual(await all(second));
  });

  test('a state whose elements were read and written back goes on bit-equal', async () => {
    let { params, state } = await stepOnce({ lr: 0.1 });
    const other = twoLeaves(device);
    const restored = adam.init(other);
    const pairs: [Tensor, Tensor][] = [
      [other.a, params.a],
      [other.b, params.b],
      [restored.m.a, state.m.a],
      [restored.m.b, state.m.b],
      [restored.v.a, state.v.a],
      [restored.v.b, state.v.b],
      [restored.status, state.status],
    ];
    for (const [to, from] of pairs) device.write(to, await from.data());
    [params, state] = adam.step(params, gradientsOf(device, ...G), state, { lr: 0.1 });
    const [again] = adam.step(other, gradientsOf(device, ...G), restored, { lr: 0.1 });
    expect(await all(again)).toEqual(await all(params));
  });

  test('descends to the target with a constant number of buffers and dispatches', async () => {
    // A device of its own, on which nothing waits for the garbage collector.
    const own = name === 'GPU' ? await webgpu() : cpu();
    const target = upload(own, [1, -2, 3, -4, 5]);
    const step = valueAndGrad((p: Params) => sum(square(sub(p.b, target))));
    let [params, state] = scope(() => {
      const leaves = twoLeaves(own);
      return [leaves, adam.init(leaves)] as const;
    });
    const counts: { buffers: number; dispatches: number }[] = [];
    for (let i = 0; i < 400; i++) {
      let dispatches = 0;
      [params, state] = scope(() => {
        const [, gradients] = step(params);
        const before = own.stats().dispatches;
        const next = adam.step(params, gradients, state, { lr: 0.05 });
        dispatches = own.stats().dispatches - before;
        return next;
      });
      if (i === 10 || i === 399) counts.push({ buffers: own.memory().live.buffers, dispatches });
      if (i % 50 === 0) await own.finished();
    }
    expectClose(await values(params.b), [1, -2, 3, -4, 5], { absolute: 1e-2 }, 'the minimum');
    expect(counts[1]).toEqual(counts[0]);
    // On the GPU two dispatches for the gradients' status and one for the parameters; the reference counts ops.
    expect(counts[0].dispatches).toBe(name === 'GPU' ? 3 : 2);
    own.destroy();
  });
});
