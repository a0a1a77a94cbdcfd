import { expect, test } from 'vitest';
import type { Device } from '../src/tensor/tensor.js';
import { Stopwatch } from '../src/testing/stopwatch.js';

/** A device whose clock and queue are arithmetic: a run takes `us` microseconds, and clocks show multiples of `tick`. */
class FakeDevice {
  us = 0;
  runs = 0;
  readonly capabilities = { timestamps: true };
  readonly #tick: number;
  #time = 12_345.678;
  #pending = 0;

  constructor(tick: number) {
    this.#tick = tick;
  }

  readonly run = () => {
    this.runs++;
    this.#pending++;
  };

  async profile(fn: () => void) {
    fn();
    const dispatches = [];
    for (; this.#pending > 0; this.#pending--) {
      const start = this.#shown();
      this.#time += this.us;
      dispatches.push({ start, end: this.#shown() });
      this.#time += 0.4; // between two passes
    }
    this.#time += 333.3; // the host reads the timestamps
    return { dispatches, host: [] };
  }

  async finished() {
    this.#time += this.#pending * this.us;
    this.#pending = 0;
  }

  /** Milliseconds on the host's clock; asking takes time. */
  readonly now = () => {
    this.#time += 0.05;
    return this.#shown() / 1000;
  };

  #shown(): number {
    return Math.floor(this.#time / this.#tick) * this.#tick;
  }
}

const asDevice = (fake: object) => fake as Device;

test.each([
  ['a nanosecond', 0.001, 7.3, 4],
  ['a nanosecond', 0.001, 5000, 4],
  ['65.536 us, as Dawn rounds', 65.536, 7.3, 2000],
  ['100 us, as browsers round', 100, 7.3, 3000],
  ['100 us, as browsers round', 100, 160, 200],
])('timestamps that tick every %s time %d of %d us within 3 %% of the truth', async (_, tick, us, most) => {
  const fake = new FakeDevice(tick);
  const watch = new Stopwatch(asDevice(fake));
  for (let sample = 0; sample < 5; sample++) {
    fake.us = us;
    fake.runs = 0;
    const ms = await watch.measure(fake.run);
    expect(Math.abs(1000 * ms - us)).toBeLessThan(0.03 * us + 0.5);
    expect(fake.runs).toBeLessThan(most);
  }
});

test('of two kernels that both take a tick or two the faster one is told', async () => {
  const fake = new FakeDevice(100);
  const watch = new Stopwatch(asDevice(fake));
  const times: number[][] = [[], []];
  for (let round = 0; round < 7; round++) {
    for (const [i, us] of [109, 100].entries()) {
      fake.us = us;
      times[i].push(await watch.measure(fake.run));
    }
  }
  expect(Math.min(...times[0])).toBeGreaterThan(Math.max(...times[1]));
});

test.each([0.005, 100, 16_667])(
  'without timestamps a host clock that ticks every %d us serves as well',
  async (tick) => {
    const fake = new FakeDevice(tick);
    const plain = { capabilities: { timestamps: false }, finished: () => fake.finished() };
    fake.us = 730;
    const ms = await new Stopwatch(asDevice(plain), fake.now).measure(fake.run);
    expect(Math.abs(1000 * ms - 730)).toBeLessThan(0.03 * 730);
  },
);

test.each([
  ['timestamps that tick every 100 us', 100, 7.3],
  ['timestamps of a nanosecond', 0.001, 730],
])(
  '%s (%d us): work of %d us is repeated until the clock can tell, and quantiles are of whole samples',
  async (_, tick, us) => {
    const fake = new FakeDevice(tick);
    fake.us = us;
    const { min, p50, p99, samples, repeats } = await new Stopwatch(asDevice(fake), fake.now).sample(fake.run, 5);
    expect(samples).toBeGreaterThanOrEqual(9);
    expect(repeats * us).toBeGreaterThan(0.9 * 50 * tick);
    for (const ms of [min, p50, p99]) expect(Math.abs(1000 * ms - us)).toBeLessThan(0.03 * us + 0.5);
    expect([min, p50, p99]).toEqual([min, p50, p99].sort((a, b) => a - b));
  },
);

test('a sample ends where no clock sees the work', async () => {
  const fake = new FakeDevice(1e9);
  const timing = await new Stopwatch(asDevice(fake), fake.now).sample(fake.run, 1e9);
  expect(timing).toMatchObject({ min: 0, p50: 0, p99: 0, samples: 1 });
});

test('work that no clock sees ends all the same', async () => {
  const fake = new FakeDevice(1e9);
  expect(await new Stopwatch(asDevice(fake)).measure(fake.run)).toBe(0);
  const nothing = { capabilities: { timestamps: true }, profile: async () => ({ dispatches: [], host: [] }) };
  expect(await new Stopwatch(asDevice(nothing)).measure(() => undefined)).toBe(0);
});

test('a host clock that moves on only while a program waits tells the time all the same', async () => {
  const fake = new FakeDevice(0.001);
  let seen = 0;
  const finished = async () => {
    await fake.finished();
    seen = fake.now();
  };
  fake.us = 9000;
  const ms = await new Stopwatch(asDevice({ capabilities: { timestamps: false }, finished }), () => seen).measure(
    fake.run,
  );
  expect(Math.abs(ms - 9)).toBeLessThan(0.1);
});
