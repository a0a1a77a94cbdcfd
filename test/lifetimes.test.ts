import { setTimeout as later } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { accumulate } from '../src/autograd/accumulate.js';
import { grad, stopGradient } from '../src/autograd/grad.js';
import { DisposedError } from '../src/errors.js';
import { cpu } from '../src/tensor/cpu.js';
import { scope } from '../src/tensor/scope.js';
import { Tensor } from '../src/tensor/tensor.js';
import { descend, product, times, total } from './testOps.js';

const device = cpu();
const tensor = (...values: number[]) => device.tensor(values);
const values = async (t: Tensor) => Array.from(await t.data());
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const square = (x: Tensor) => product(x, x);

describe('lifetimes', () => {
  test('a scope keeps what it returns, nested, and frees the rest', async () => {
    const x = tensor(1, 2);
    const before = device.memory().live.buffers;
    const made: Tensor[] = [];
    const kept = scope(() => {
      const y = square(x);
      made.push(y, square(y));
      const inner = scope(() => [times(y, { factor: 3 })]);
      return { inner, list: [square(y)] };
    });
    expect(made.map((t) => t.disposed)).toEqual([true, true]);
    expect(await values(kept.inner[0])).toEqual([3, 12]);
    expect(device.memory().live.buffers).toBe(before + 2);
  });

  test('grad leaves alone what the function only passed on', async () => {
    const [x, c] = [device.tensor([3], []), device.tensor([7], [])];
    expect(await values(grad((p: Tensor) => p)(x))).toEqual([1]);
    expect(await values(grad((_: Tensor) => c)(x))).toEqual([0]);
    expect([await x.item(), await c.item()]).toEqual([3, 7]);
  });

  test('there is no second handle on memory that has gone back', () => {
    const x = tensor(1, 2);
    x.dispose();
    expect(() => stopGradient(x)).toThrow(/^stopGradient: tensor/);
  });

  test('a line of renewed handles gives its memory back once, disposed of or forgotten', async () => {
    const own = cpu();
    const live = () => own.memory().live.buffers;
    const line = () => own.zeros([4]).renew('one').renew('two');
    line().dispose();
    expect(live()).toBe(0);
    const kept = line();
    const held = own.zeros([2]);
    held.retain();
    held.renew('three').dispose();
    (() => {
      for (let i = 0; i < 10; i++) line();
      scope(() => void line());
      scope(line);
    })();
    expect(live()).toBe(13);
    for (let i = 0; i < 50 && live() > 2; i++) {
      collectGarbage();
      await later(2);
    }
    expect(live()).toBe(2);
    held.release();
    expect(live()).toBe(1);
    expect(await values(kept)).toEqual([0, 0, 0, 0]);
  });

  test('an update in place is refused before it happens: held by a tape, by any handle, or another operand', async () => {
    const x = tensor(1, 2);
    const early = (step: (v: Tensor) => Tensor) => (v: Tensor) => accumulate(total(square(v)), total(step(v)));
    const step = (v: Tensor) => descend(v, tensor(1, 1), { rate: 1 });
    expect(() => grad(early(step))(x)).toThrow(/an open tape still needs it/);
    expect(() => grad(early((v) => step(stopGradient(v))))(x)).toThrow(/an open tape still needs it/);
    expect(() => descend(x, stopGradient(x), { rate: 1 })).toThrow(/operand 0 is updated in place, and operand 1/);
    expect(await values(x)).toEqual([1, 2]);
    expect(await values(step(x))).toEqual([0, 1]);
  });

  test('what the host writes is refused where a tape needs the old elements, and for a constant that all ops share', async () => {
    const x = tensor(1, 2);
    const overwritten = (v: Tensor) => {
      const y = total(square(v));
      device.write(v, [9, 9]);
      return y;
    };
    expect(() => grad(overwritten)(x)).toThrow(
      /^write: tensor \d+ \[2\] is updated in place, but an open tape still needs it/,
    );
    expect(() => device.write(device.scalar(2), [5])).toThrow(/not on constants of device.scalar/);
    expect(await device.scalar(2).item()).toBe(2);
    device.write(x, [3, 4]);
    expect(await values(x)).toEqual([3, 4]);
  });

  test('a DisposedError says who asked for what, and how to keep it', async () => {
    const leaked: Tensor[] = [];
    scope(() => leaked.push(square(tensor(1, 2))));
    expect(() => square(leaked[0])).toThrow(DisposedError);
    expect(() => square(leaked[0])).toThrow(
      /^product: tensor \d+ \[2\] is no longer there: .*its scope ended.*aux: true/,
    );
    await expect(leaked[0].data()).rejects.toThrow(/^data: tensor/);
    expect(() => grad(total)(leaked[0])).toThrow(/^valueAndGrad: tensor/);
    expect(() => device.write(leaked[0], [1, 2])).toThrow(/^write: tensor/);
  });

  test('disposing twice does nothing, and a disposed handle does not take a returned tensor along', async () => {
    const x = tensor(1, 2);
    const y = scope(() => {
      const z = square(x);
      const alias = stopGradient(z);
      z.dispose();
      z.dispose();
      return alias;
    });
    expect(await values(y)).toEqual([1, 4]);
    expect(x).toBeInstanceOf(Tensor);
  });

  test('the sweep frees what a node saved as soon as its VJP has run', () => {
    const bytes = 8 * 1000;
    const peak = (depth: number) => {
      const own = cpu();
      const f = (x: Tensor) => {
        let y = x;
        for (let i = 0; i < depth; i++) y = square(y);
        return total(y);
      };
      grad(f)(own.tensor(new Float64Array(1000)));
      return own.memory().peakBytes;
    };
    // Each level saves one tensor; had cotangents or temporaries stayed as well, it would be two or more.
    expect(peak(22) - peak(2)).toBe(20 * bytes);
  });
});
