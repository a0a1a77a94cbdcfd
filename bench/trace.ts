import type { DispatchTime, Profile } from '../src/tensor/profile.js';

/** An event of the Chrome trace format: `X` is an interval in microseconds, `M` names a process or a lane. */
export type TraceEvent =
  | {
      readonly ph: 'X';
      readonly name: string;
      readonly cat: string;
      readonly ts: number;
      readonly dur: number;
      readonly pid: number;
      readonly tid: number;
      readonly args: Readonly<Record<string, string | number>>;
    }
  | {
      readonly ph: 'M';
      readonly name: 'process_name' | 'thread_name';
      readonly pid: number;
      readonly tid: number;
      readonly args: { readonly name: string };
    };

/** A file for chrome://tracing and ui.perfetto.dev. */
export interface Trace {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: 'ms';
  readonly otherData: Readonly<Record<string, string>>;
}

const HOST = 1;
const DEVICE = 2;

/**
 * A profile as a trace: one lane for the host, in which a submit may lie within the op that caused it, and one for the
 * device, with a second one where dispatches ran at the same time.
 * @param about shown by the viewers as metadata: device, workload
 */
export function traceOf({ dispatches, host }: Profile, about: Readonly<Record<string, string>>): Trace {
  const lanes = lanesOf(dispatches);
  const deviceLanes = Math.max(1, ...lanes.map((lane) => lane + 1));
  return {
    traceEvents: [
      ...names(HOST, 'host', ['encoding and submits']),
      ...names(
        DEVICE,
        'device',
        Array.from({ length: deviceLanes }, (_, i) => `queue ${i + 1}`),
      ),
      ...host.map(({ kind, name, start, end }) => interval(HOST, 0, name, kind, start, end, {})),
      ...dispatches.map(({ op, label, workgroups, flop, start, end }, i) => {
        const args: Record<string, string | number> = { op, workgroups: workgroups.join(' x ') };
        if (flop !== undefined && end > start) args['GFLOP/s'] = flop / (end - start) / 1000;
        return interval(DEVICE, lanes[i], label, 'dispatch', start, end, args);
      }),
    ],
    displayTimeUnit: 'ms',
    otherData: about,
  };
}

function names(pid: number, process: string, threads: readonly string[]): TraceEvent[] {
  return [
    { ph: 'M', name: 'process_name', pid, tid: 0, args: { name: process } },
    ...threads.map((name, tid) => ({ ph: 'M', name: 'thread_name', pid, tid, args: { name } }) as const),
  ];
}

function interval(
  pid: number,
  tid: number,
  name: string,
  cat: string,
  start: number,
  end: number,
  args: Readonly<Record<string, string | number>>,
): TraceEvent {
  // Whole nanoseconds, so that two intervals that touch do not overlap through rounding.
  const from = Math.round(1000 * start);
  return { ph: 'X', name, cat, ts: from / 1000, dur: (Math.round(1000 * end) - from) / 1000, pid, tid, args };
}

/**
 * For each dispatch the first lane that is free when it starts. A GPU may run several at once that do not depend on each
 * other.
 */
function lanesOf(dispatches: readonly DispatchTime[]): number[] {
  const busyUntil: number[] = [];
  return dispatches.map(({ start, end }) => {
    const free = busyUntil.findIndex((until) => until <= start);
    const lane = free < 0 ? busyUntil.length : free;
    busyUntil[lane] = end;
    return lane;
  });
}
