import { describe, expect, test } from 'vitest';
import { DisposedError, mean, mul, square, type Tensor, valueAndGrad } from '../../src/index.js';
import { distributed, type Ranks } from '../../src/ranks/index.js';
import { BACKENDS } from '../backends.js';

/** One rank, whose sums are what it has. */
const alone: Ranks = { rank: 0, size: 1, allReduce: async () => {}, allReduceNow: () => {} };

type State = { readonly w: Tensor; readonly steps: number };

describe.each(BACKENDS)('a distributed step on $name', ({ open }) => {
  test.each([false, true])('takes the state that it gives back, at every call; eager: %s', async (eager) => {
    const device = await open();
    const lossOf = (w: Tensor, x: Tensor) => mean(square(mul(w, x)));
    const step = distributed(
      alone,
      ({ w, steps }: State, { x }: { x: Tensor }) => {
        const [loss, gradient] = valueAndGrad((one: Tensor) => lossOf(one, x))(w);
        return { state: { w, steps: steps + 1 }, summed: { loss, gradient } };
      },
      { eager },
    );
    let state: State = { w: device.tensor([1, -2, 3]), steps: 0 };
    for (let i = 0; i < 6; i++) {
      const before = state.w;
      const { state: taken, summed } = await step(state, { x: device.tensor([1, 2, i]) });
      expect([...(await summed.gradient.data())]).toEqual([2 / 3, -16 / 3, 2 * i * i].map((g) => expect.closeTo(g, 5)));
      expect(() => mul(before, 2)).toThrow(DisposedError);
      expect(() => mul(before, 2)).toThrow(
        /the (captured|distributed) step has updated it in place; use the tensor that/,
      );
      expect([...(await taken.w.data())]).toEqual([1, -2, 3]);
      state = taken;
    }
    expect(state.steps).toBe(6);
    step.dispose();
  });
});
