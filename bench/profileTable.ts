import type { DispatchTime } from '../src/tensor/profile.js';
import { formatTable } from '../src/testing/formatTable.js';

/** What `npm run profile` may add up over. */
export const GROUPINGS = ['kernel', 'op'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** The dispatches of one kernel, or of one op with all its kernels, per step. */
export interface ProfileRow {
  readonly op: string;
  /** The program's label; absent where rows are ops. */
  readonly kernel?: string;
  readonly calls: number;
  readonly ms: number;
  /** Share of the time of all dispatches. */
  readonly share: number;
  /**
   * Counts the launches that say how much they compute, over the time of all launches: the second stages of an op count
   * as its overhead.
   */
  readonly gflops?: number;
}

/** Adds up dispatches, the most expensive first; `steps` is how many training steps they make up. */
export function profileRows(dispatches: readonly DispatchTime[], grouping: Grouping, steps: number): ProfileRow[] {
  const groups = new Map<string, DispatchTime[]>();
  for (const d of dispatches) {
    const key = grouping === 'op' ? d.op : `${d.op}\n${d.label}`;
    groups.set(key, [...(groups.get(key) ?? []), d]);
  }
  const all = milliseconds(dispatches);
  const rows = [...groups.values()].map((group): ProfileRow => {
    const ms = milliseconds(group);
    const flop = group.reduce((sum, d) => sum + (d.flop ?? 0), 0);
    return {
      op: group[0].op,
      ...(grouping === 'kernel' && { kernel: group[0].label }),
      calls: group.length / steps,
      ms: ms / steps,
      share: ms / all,
      ...(flop > 0 && { gflops: flop / ms / 1e6 }),
    };
  });
  return rows.sort((a, b) => b.ms - a.ms);
}

export function milliseconds(intervals: readonly { readonly start: number; readonly end: number }[]): number {
  return intervals.reduce((sum, { start, end }) => sum + end - start, 0) / 1000;
}

/** The rows for people, and their sum. */
export function formatProfile(rows: readonly ProfileRow[]): string {
  const byKernel = rows.some(({ kernel }) => kernel !== undefined);
  const cells = (row: ProfileRow) => [
    row.op,
    ...(byKernel ? [row.kernel ?? ''] : []),
    String(Math.round(100 * row.calls) / 100),
    row.ms.toFixed(3),
    `${(100 * row.share).toFixed(1)} %`,
    row.gflops?.toFixed(1) ?? '-',
  ];
  const total: ProfileRow = {
    op: 'all',
    calls: rows.reduce((sum, { calls }) => sum + calls, 0),
    ms: rows.reduce((sum, { ms }) => sum + ms, 0),
    share: rows.reduce((sum, { share }) => sum + share, 0),
  };
  const header = ['op', ...(byKernel ? ['kernel'] : []), 'calls', 'ms', 'share', 'GFLOP/s'];
  return formatTable(header, [...rows, total].map(cells));
}
