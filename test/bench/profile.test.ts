import { describe, expect, test } from 'vitest';
import { profileRows } from '../../bench/profileTable.js';
import { type Trace, type TraceEvent, traceOf } from '../../bench/trace.js';
import { relu } from '../../src/kernels/elementwise/activation.js';
import { matmul } from '../../src/kernels/product/matmul.js';
import type { DispatchTime, Profile } from '../../src/tensor/profile.js';
import { scope } from '../../src/tensor/scope.js';
import { sharedGpu, withGpu } from '../adapter.js';

type Interval = Extract<TraceEvent, { ph: 'X' }>;

const nanoseconds = (microseconds: number) => Math.round(1000 * microseconds);

/** What the Chrome trace event format asks of intervals and names, and no two intervals of a lane that cross. */
function checkTrace(text: string): Interval[] {
  const { traceEvents, displayTimeUnit } = JSON.parse(text) as Trace;
  expect(['ms', 'ns']).toContain(displayTimeUnit);
  const lanes = new Map<string, Interval[]>();
  const named = new Set<string>();
  for (const event of traceEvents) {
    expect(Number.isInteger(event.pid) && Number.isInteger(event.tid)).toBe(true);
    expect(event.name).not.toBe('');
    if (event.ph === 'M') {
      if (event.name === 'thread_name') named.add(`${event.pid} ${event.tid}`);
      continue;
    }
    expect(event.ph).toBe('X');
    expect(Number.isFinite(event.ts) && event.dur >= 0).toBe(true);
    const lane = `${event.pid} ${event.tid}`;
    lanes.set(lane, [...(lanes.get(lane) ?? []), event]);
  }
  for (const [lane, events] of lanes) {
    expect(named).toContain(lane);
    const open: number[] = [];
    for (const { ts, dur, cat } of [...events].sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
      while (open.length > 0 && open[open.length - 1] <= nanoseconds(ts)) open.pop();
      const end = nanoseconds(ts) + nanoseconds(dur);
      if (open.length > 0) {
        expect(cat).not.toBe('dispatch');
        expect(end).toBeLessThanOrEqual(open[open.length - 1]);
      }
      open.push(end);
    }
  }
  return [...lanes.values()].flat();
}

const dispatch = (op: string, label: string, start: number, end: number, flop?: number): DispatchTime => ({
  ...{ op, label, start, end, flop },
  workgroups: [2, 3, 1],
});

const PROFILE: Profile = {
  dispatches: [
    dispatch('matmul', 'matmul 8x2', 10.0004, 14.0006, 8000),
    dispatch('matmul', 'sumPartials', 14.0006, 15),
    dispatch('relu', 'relu.f32', 14.5, 17.25),
    dispatch('matmul', 'matmul 8x2', 18, 22, 8000),
  ],
  host: [
    { kind: 'op', name: 'matmul', start: 0, end: 6 },
    { kind: 'submit', name: 'submit 2', start: 2, end: 5 },
    { kind: 'write', name: 'write [3]', start: 6, end: 7.5 },
  ],
};

describe('profile', () => {
  test('rows add up calls, times and work', () => {
    const rows = profileRows(PROFILE.dispatches, 'kernel', 2);
    expect(rows.map(({ op, kernel, calls }) => [op, kernel, calls])).toEqual([
      ['matmul', 'matmul 8x2', 1],
      ['relu', 'relu.f32', 0.5],
      ['matmul', 'sumPartials', 0.5],
    ]);
    expect(rows[0].gflops).toBeCloseTo(16000 / 8.0002 / 1000, 9);
    expect(rows[1].gflops).toBeUndefined();
    const byOp = profileRows(PROFILE.dispatches, 'op', 2);
    expect(byOp.map(({ op, calls }) => [op, calls])).toEqual([
      ['matmul', 1.5],
      ['relu', 0.5],
    ]);
    expect(byOp[0].gflops).toBeCloseTo(16000 / (8.0002 + 0.9994) / 1000, 9);
    expect(byOp[1].gflops).toBeUndefined();
    for (const grouping of [rows, byOp]) {
      expect(grouping.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo((8.0002 + 0.9994 + 2.75) / 2000, 12);
      expect(grouping.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    }
  });

  test('a trace keeps to the format, and dispatches that ran at once get lanes of their own', () => {
    const events = checkTrace(JSON.stringify(traceOf(PROFILE, { device: 'none' })));
    expect(events).toHaveLength(7);
    const relu = events.find(({ name }) => name === 'relu.f32');
    expect(relu).toMatchObject({ ts: 14.5, dur: 2.75, tid: 1, args: { op: 'relu', workgroups: '2 x 3 x 1' } });
    expect(events.find(({ name }) => name === 'matmul 8x2')?.args['GFLOP/s']).toBeCloseTo(8000 / 4.0002 / 1000, 9);
    expect(events.filter(({ cat, tid }) => cat === 'dispatch' && tid === 0)).toHaveLength(3);
  });

  test('the check of the format rejects crossing intervals', () => {
    const crossing = { ...PROFILE, host: [...PROFILE.host, { kind: 'op', name: 'late', start: 4, end: 8 } as const] };
    expect(() => checkTrace(JSON.stringify(traceOf(crossing, {})))).toThrow();
  });

  test.runIf(withGpu)(
    'of the adapter: every dispatch of every submission, none before it was handed over',
    async () => {
      const device = await sharedGpu();
      if (!device.capabilities.timestamps)
        return expect(device.profile(() => {})).rejects.toThrow(/no timestamp queries/);
      const count = 300; // more than a submission and than a set of queries hold
      const x = device.tensor(new Float32Array(64).fill(0.5), [8, 8]);
      const before = device.stats();
      const profile = await device.profile(async () => {
        for (let i = 0; i < count; i++) scope(() => void relu(matmul(x, x)));
      });
      const { dispatches, submits } = device.stats();
      expect(profile.dispatches).toHaveLength(dispatches - before.dispatches);
      expect(submits - before.submits).toBeGreaterThanOrEqual(2);
      expect(new Set(profile.dispatches.map(({ op }) => op))).toEqual(new Set(['matmul', 'relu']));
      for (const { op, flop } of profile.dispatches) expect(flop).toBe(op === 'matmul' ? 2 * 8 ** 3 : undefined);
      const handedOver = profile.host.filter(({ kind }) => kind === 'submit').map(({ start }) => start);
      expect(profile.dispatches[0].start).toBeGreaterThanOrEqual(handedOver[0]);
      const events = checkTrace(JSON.stringify(traceOf(profile, {})));
      expect(events).toHaveLength(profile.dispatches.length + profile.host.length);
      const rows = profileRows(profile.dispatches, 'kernel', 1);
      const total = profile.dispatches.reduce((sum, { start, end }) => sum + end - start, 0) / 1000;
      expect(rows.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(total, 9);
      expect(rows.reduce((sum, { calls }) => sum + calls, 0)).toBe(profile.dispatches.length);
      x.dispose();
    },
  );

  test.runIf(withGpu)('what throws under a profile leaves the device in order', async () => {
    const device = await sharedGpu();
    const x = device.tensor([-1, 2]);
    if (!device.capabilities.timestamps) return;
    const failing = device.profile(() => {
      relu(x).dispose();
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    const y = relu(x);
    expect([...(await y.data())]).toEqual([0, 2]);
    for (const t of [x, y]) t.dispose();
  });
});
