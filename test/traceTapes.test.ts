import { describe, expect, test } from 'vitest';
import { grad } from '../src/autograd/grad.js';
import { hvp } from '../src/autograd/jacobian.js';
import { type TraceEvent, traceTapes } from '../src/autograd/traceTapes.js';
import { cpu } from '../src/tensor/cpu.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { product, times, total } from './testOps.js';

const device = cpu();

/** The events as words, with tapes numbered by their first event: `record 0.1 total`. */
function told(fn: () => unknown): { words: string[]; events: TraceEvent[] } {
  const events: TraceEvent[] = [];
  traceTapes(fn, (event) => events.push(event));
  const tapes = [...new Set(events.flatMap((event) => (event.kind === 'op' ? [] : [event.tape])))];
  const words = events.map((event) => {
    if (event.kind === 'op') return `op ${event.name}`;
    const tape = tapes.indexOf(event.tape);
    if (event.kind === 'watch') return `watch ${tape} ${event.name}`;
    return `${event.kind} ${tape}.${event.node}${event.kind === 'record' ? ` ${event.name}` : ''}`;
  });
  return { words, events };
}

describe('traceTapes', () => {
  test('tells of ops, of what is recorded and of the sweep, in the order of time', async () => {
    const params = { a: device.tensor([1, 2]), b: device.tensor([3, 4]) };
    let gradient: typeof params | undefined;
    const { words, events } = told(() => {
      gradient = grad((p: typeof params) => total(product(p.a, p.b)))(params);
    });
    expect(words).toEqual([
      'watch 0 a',
      'watch 0 b',
      'op product',
      'record 0.0 product',
      'op total',
      'record 0.1 total',
      'pull 0.1',
      expect.stringMatching(/^op /), // the seed, spread over the operand of total
      'release 0.1',
      'pull 0.0',
      'op product',
      'op product',
      'release 0.0',
    ]);
    expect(Array.from(await (gradient as typeof params).a.data())).toEqual([3, 4]);
    const record = events[3];
    if (record.kind !== 'record') throw new Error('no record');
    expect(record.inputs).toEqual([params.a, params.b]);
    expect(record.keep).toEqual([params.a, params.b]);
    expect(record.outputs.map(({ shape }) => shape)).toEqual([[2]]);
  });

  test('a node that no cotangent reaches is passed, not pulled', () => {
    const { words } = told(() =>
      grad((x: Tensor) => {
        times(x, { factor: 2 });
        return total(x);
      })(device.tensor([1, 2])),
    );
    expect(words).toContain('record 0.0 times');
    expect(words).not.toContain('pull 0.0');
    expect(words.at(-1)).toBe('release 0.0');
  });

  test('tells two tapes of a second derivative apart; the outer one records the sweep of the inner one', () => {
    const x = device.tensor([1, 2]);
    const { words } = told(() => hvp((v: Tensor) => total(product(v, product(v, v))), x, x));
    const inner = words.indexOf('pull 1.2');
    expect(inner).toBeGreaterThan(0);
    expect(words.slice(inner, words.indexOf('release 1.0')).some((word) => /^record 0\.\d+ product$/.test(word))).toBe(
      true,
    );
    expect(words.lastIndexOf('release 1.0')).toBeLessThan(words.findIndex((word) => /^pull 0\./.test(word)));
  });

  test('memory falls as the sweep lets go', () => {
    const own = cpu();
    const x = own.zeros([1000]);
    const held: number[] = [];
    traceTapes(
      () => grad((v: Tensor) => total(times(product(product(v, v), v), { factor: 2 })))(x),
      ({ kind }) => {
        if (kind === 'pull' || kind === 'release') held.push(own.memory().live.bytes);
      },
    );
    expect(held.at(-1)).toBeLessThan(Math.max(...held));
  });

  test('ends with the function, and what the listener throws stops it', () => {
    const x = device.tensor([1, 2]);
    let count = 0;
    traceTapes(
      () => product(x, x),
      () => count++,
    );
    expect(count).toBe(1);
    product(x, x);
    expect(count).toBe(1);
    const stop = () => {
      throw new Error('enough');
    };
    expect(() => traceTapes(() => product(x, x), stop)).toThrow('enough');
    expect(() => product(x, x)).not.toThrow();
  });
});
