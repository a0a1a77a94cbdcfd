import { beforeAll, describe, expect, test } from 'vitest';
import { valueAndGrad } from '../../src/autograd/grad.js';
import { ShapeError } from '../../src/errors.js';
import { add, mul } from '../../src/kernels/elementwise/arithmetic.js';
import { sum } from '../../src/kernels/reduction/sum.js';
import { adam, adamW, type InitOptions, lossScaleOf, readStatus, type StepOptions, sgd } from '../../src/nn/optim.js';
import { packParameters } from '../../src/tensor/arena.js';

import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { tensorsOf } from '../../src/tensor/tree.js';
import { BACKENDS } from '../backends.js';
import { values } from '../numbers.js';

type Params = { a: Tensor; b: Tensor };
type State = { readonly status: Tensor; readonly lossScale?: Tensor };

/** Any of the optimisers, by what all of them share. */
interface Optimiser {
  init(params: Params, options?: InitOptions): State;
  step(params: Params, gradients: Params, state: never, options: StepOptions): [Params, State];
}

const start = (device: Device) =>
  packParameters({ a: device.tensor([0.5, -1, 2]), b: device.tensor([3, 0.25, -0.75, 1, 4]) });

/** Gradients `factor a` and `b`, times the seed. */
function differentiate(params: Params, factor: number, seed?: Tensor): [Tensor, Params] {
  const half = (x: Tensor) => mul(sum(mul(x, x)), 0.5);
  return valueAndGrad(({ a, b }: Params) => add(mul(half(a), factor), half(b)), { seed })(params);
}

const all = (tree: unknown) => Promise.all(tensorsOf(tree).map(async (t) => Array.from(await values(t))));

describe.each(BACKENDS)('the loss scale on $name', ({ open }) => {
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });

  describe.each(Object.entries({ adam, adamW, sgd }) as [string, Optimiser][])('%s', (name, optimiser) => {
    test.each([undefined, 0.5])('a scaled loss gives the same steps, bit for bit, clipped to %s', async (clipNorm) => {
      const walk = async (lossScale: boolean | number) => {
        let params = start(device);
        let state = optimiser.init(params, { lossScale });
        const losses: number[] = [];
        for (let k = 0; k < 3; k++) {
          const [loss, gradients] = differentiate(params, 3, lossScale === false ? undefined : lossScaleOf(state));
          losses.push(await loss.item());
          [params, state] = optimiser.step(params, gradients, state as never, { lr: 0.01, clipNorm });
        }
        const { lossScale: scale, ...rest } = await readStatus(state);
        return [losses, await all(params), rest];
      };
      const plain = await walk(false);
      expect(await walk(true)).toEqual(plain);
      expect(await walk(2)).toEqual(plain);
    });

    test('an overflow halves it and changes nothing else; it doubles after as many good steps in a row', async () => {
      let params = start(device);
      let state = optimiser.init(params, { lossScale: 1024 });
      const lossScale = { interval: 2 };
      const step = async (factor: number) => {
        const [, gradients] = differentiate(params, factor, lossScaleOf(state));
        [params, state] = optimiser.step(params, gradients, state as never, { lr: 0.01, lossScale });
        return readStatus(state);
      };
      expect(await step(1)).toMatchObject({ steps: 1, skipped: 0, lossScale: 1024 });
      const { status, lossScale: scale, ...moments } = state;
      const before = await all([params, moments]);
      // Finite by itself, and not after scaling, in the numbers that this device has.
      expect(await step(device.kind === 'cpu' ? 1e308 : 2e38)).toMatchObject({
        steps: 1,
        skipped: 1,
        finite: false,
        lossScale: 512,
        norm: Number.NaN,
      });
      const { status: _, lossScale: __, ...after } = state;
      expect(await all([params, after])).toEqual(before);
      expect(await step(1)).toMatchObject({ steps: 2, lossScale: 512 });
      expect(await step(1)).toMatchObject({ steps: 3, lossScale: 1024 });
      expect(await step(1)).toMatchObject({ steps: 4, lossScale: 1024 });
      expect(await step(Number.NaN)).toMatchObject({ steps: 4, skipped: 2, lossScale: 512 });
      expect(await step(1)).toMatchObject({ lossScale: 512 }); // counted anew
    });

    test('says what does not fit', () => {
      const params = start(device);
      const bare = optimiser.init(params);
      expect(() => lossScaleOf(bare)).toThrow(/the state has no loss scale; make it with init/);
      const options = { lr: 0.01, lossScale: { interval: 10 } };
      const [, gradients] = differentiate(params, 1);
      const before = [params, bare];
      expect(() => optimiser.step(params, gradients, bare as never, options)).toThrow(
        new ShapeError(
          `${name}.step: the option lossScale wants a state that has one; make it with init(params, { lossScale: true })`,
        ),
      );
      for (const t of tensorsOf(before)) t.assertLive('this test');
      expect(() => optimiser.init(params, { lossScale: 0.5 })).toThrow(/starts between 1 and 16777216, got 0.5/);
    });
  });

  test('the seed scales gradients and not the value', async () => {
    const params = start(device);
    const [plain, one] = differentiate(params, 1);
    const [loss, eight] = differentiate(params, 1, device.scalar(8));
    expect(await loss.item()).toBe(await plain.item());
    expect(await all(eight)).toEqual((await all(one)).map((g) => g.map((x) => 8 * x)));
    expect(() => differentiate(params, 1, device.zeros([2]))).toThrow(/seed must be one float32 number, got Tensor/);
  });
});
