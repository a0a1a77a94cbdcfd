import { beforeAll, describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/errors.js';
import { adam, adamW, readStatus, type StepOptions, sgd } from '../../src/nn/optim.js';
import { packParameters } from '../../src/tensor/arena.js';

import { Rng } from '../../src/tensor/rng.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { BACKENDS } from '../backends.js';
import { expectClose, values } from '../numbers.js';
import { kernelTolerance, REFERENCE_TRAJECTORY } from '../tolerance.js';

type Params = { a: Tensor; b: Tensor };
const STEPS = 6;
const SIZES = { a: 3, b: 70 };

/** The gradient of step `k`, the same on every device. */
const gradient = (k: number): { a: Float64Array; b: Float64Array } => {
  const rng = new Rng(7, k);
  const draw = (size: number) => Float64Array.from({ length: size }, () => rng.uniform() - 0.5);
  return { a: draw(SIZES.a), b: draw(SIZES.b) };
};
const upload = (device: Device, { a, b }: { a: Float64Array; b: Float64Array }): Params => ({
  a: device.tensor(a),
  b: device.tensor(b),
});
const start = (device: Device) => packParameters(upload(device, gradient(100)));
const all = async (p: Params) => [...(await values(p.a)), ...(await values(p.b))];

/** Any of the optimisers, by what all of them share. */
interface Optimiser {
  init(params: Params, options?: { ema?: boolean }): { status: Tensor; ema?: Params };
  step(
    params: Params,
    gradients: Params,
    state: never,
    options: StepOptions,
  ): [Params, { status: Tensor; ema?: Params }];
}

describe.each(BACKENDS)(
  'parameters, averaged and with rates from the device, on $name',
  ({ name, open, tolerance }) => {
    const relative = tolerance(REFERENCE_TRAJECTORY, kernelTolerance(8).relative);
    let device: Device;
    beforeAll(async () => {
      device = await open();
    });

    describe.each(Object.entries({ adam, adamW, sgd }) as [string, Optimiser][])('%s', (_, optimiser) => {
      async function walk(options: (k: number) => StepOptions, ema: boolean, gradients = gradient) {
        let params = start(device);
        let state = optimiser.init(params, { ema });
        const path: number[][] = [];
        const dispatches: number[] = [];
        for (let k = 0; k < STEPS; k++) {
          const g = upload(device, gradients(k));
          const before = device.stats().dispatches;
          [params, state] = optimiser.step(params, g, state as never, options(k));
          dispatches.push(device.stats().dispatches - before);
          path.push(await all(params));
        }
        return { path, state, dispatches, average: state.ema && (await all(state.ema)) };
      }

      test.each([false, true])(
        'the average follows the parameters in the same dispatch, warm-up %s',
        async (warmUp) => {
          const decay = 0.8;
          const plain = await walk(() => ({ lr: 0.05 }), false);
          const averaged = await walk(() => ({ lr: 0.05, ema: { decay, warmUp } }), true);
          expect(averaged.path).toEqual(plain.path);
          expect(averaged.dispatches).toEqual(plain.dispatches);
          const expected = averaged.path.reduce(
            (mean, p, k) => {
              const keep = warmUp ? Math.min(decay, (2 + k) / (11 + k)) : decay;
              return mean.map((m, i) => keep * m + (1 - keep) * p[i]);
            },
            await all(start(device)),
          );
          expectClose(averaged.average ?? [], expected, { relative, absolute: relative }, 'average');
        },
      );

      test('a step that is left out leaves the average as it is', async () => {
        const bad = (k: number) => {
          const g = gradient(k);
          if (k === STEPS - 1) g.b[69] = Number.NaN;
          return g;
        };
        const options = () => ({ lr: 0.05, ema: { decay: 0.5 } });
        const whole = await walk(options, true, bad);
        expect(whole.path[STEPS - 1]).toEqual(whole.path[STEPS - 2]);
        expect(await readStatus(whole.state)).toMatchObject({ steps: STEPS - 1, skipped: 1 });
        let p = start(device);
        let s = optimiser.init(p, { ema: true });
        for (let k = 0; k < STEPS - 1; k++) {
          [p, s] = optimiser.step(p, upload(device, gradient(k)), s as never, options());
        }
        expect(await all(s.ema as Params)).toEqual(whole.average);
      });

      test('a learning rate on the device is that learning rate', async () => {
        const rate = device.tensor([0], []);
        const onDevice = await walk((k) => {
          device.write(rate, [0.05 / (k + 1)]);
          return { lr: rate };
        }, false);
        const onHost = await walk((k) => ({ lr: 0.05 / (k + 1) }), false);
        expect(onDevice.path).toEqual(onHost.path);
        expect(onDevice.dispatches).toEqual(onHost.dispatches);
      });

      test('a learning rate on the device that is no number is a step left out', async () => {
        const { path, state } = await walk(() => ({ lr: device.tensor([Number.POSITIVE_INFINITY], []) }), false);
        expect(path[STEPS - 1]).toEqual(await all(start(device)));
        expect(await readStatus(state)).toMatchObject({ steps: 0, skipped: STEPS, finite: false });
        expect((await readStatus(state)).norm).toBeGreaterThan(0);
      });
    });

    test('frozen parameters are their own average', async () => {
      const params = start(device);
      const options = { lr: 0.1, ema: { decay: 0.5 }, groups: [{ match: /^a$/, frozen: true }] };
      const [next, { ema }] = adam.step(params, upload(device, gradient(0)), adam.init(params, { ema: true }), options);
      expect(await values((ema as Params).a)).toEqual(await values(next.a));
      expect(await values((ema as Params).b)).not.toEqual(await values(next.b));
    });

    test('state and options must agree on the average, and say how to', () => {
      const params = start(device);
      const g = upload(device, gradient(0));
      const [without, having] = [adam.init(params), adam.init(params, { ema: true })];
      expect(() => adam.step(params, g, without, { lr: 1, ema: { decay: 0.9 } })).toThrow(
        /adam.step: the option ema wants a state with an average; make it with init\(params, \{ ema: true \}\)/,
      );
      expect(() => adam.step(params, g, having, { lr: 1 })).toThrow(
        /has an average.*say how it moves with ema: \{ decay/,
      );
      expect(() => adam.step(params, g, having, { lr: 1, ema: { decay: 1 } })).toThrow(/must be in \[0, 1\), got 1/);
      expect(() => adam.step(params, g, without, { lr: device.tensor([1, 2]) })).toThrow(ShapeError);
      expect(() => adam.step(params, g, without, { lr: device.tensor([1]) })).toThrow(
        /tensor of shape \[\], got Tensor/,
      );
      expect([params.a, without.m.a, having.ema?.a, g.a].map((t) => t?.disposed)).not.toContain(true);
    });

    test('on the GPU an average costs no dispatch more', async () => {
      const params = start(device);
      const g = upload(device, gradient(0));
      const state = sgd.init(params, { ema: true });
      const before = device.stats().dispatches;
      sgd.step(params, g, state, { lr: 0.1, ema: { decay: 0.9 } });
      // Two for the gradients' status, one for the parameters; the reference counts ops.
      expect(device.stats().dispatches - before).toBe(name === 'GPU' ? 3 : 2);
    });
  },
);
