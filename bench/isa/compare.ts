import { formatTable } from '../../src/testing/formatTable.js';
import type { IsaReport, SavedRow } from './report.js';

/** A number of a row, what change of it counts, and whether more of it is better. */
interface Measure {
  readonly key: 'spills' | 'fills' | 'scratch' | 'registers' | 'waves' | 'code' | 'fmaShare' | 'cyclesPerFma';
  readonly better: 'more' | 'less';
  /** A change counts from this much on, and from this share of the old value on. */
  readonly least: number;
  readonly share: number;
  /** Whether a kernel with a worse value is worse; otherwise it is only shown. */
  readonly decides: boolean;
}

/**
 * When a kernel is worse: it spills or fills more, takes more scratch, fewer of its waves fit, or its hot loop loses more than
 * 0.02 of its share of multiply-adds, or takes 5 % more cycles for each. More registers or code alone are not worse.
 */
const MEASURES: readonly Measure[] = [
  { key: 'spills', better: 'less', least: 1, share: 0, decides: true },
  { key: 'fills', better: 'less', least: 1, share: 0, decides: true },
  { key: 'scratch', better: 'less', least: 1, share: 0, decides: true },
  { key: 'waves', better: 'more', least: 1, share: 0, decides: true },
  { key: 'fmaShare', better: 'more', least: 0.02, share: 0, decides: true },
  { key: 'cyclesPerFma', better: 'less', least: 0.1, share: 0.05, decides: true },
  { key: 'registers', better: 'less', least: 1, share: 0, decides: false },
  { key: 'code', better: 'less', least: 64, share: 0.05, decides: false },
];

export interface Change {
  readonly kernel: string;
  readonly what: Measure['key'];
  readonly before: number;
  readonly after: number;
  readonly verdict: 'better' | 'worse' | 'shown';
}

export interface Comparison {
  readonly changes: readonly Change[];
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  /** Kernels with a change for the worse. */
  readonly worse: readonly string[];
}

/** What changed between two runs on a target, kernels matched by name. */
export function compareReports(before: IsaReport, after: IsaReport): Comparison {
  const old = new Map(before.kernels.map((row) => [row.kernel, row]));
  const now = new Map(after.kernels.map((row) => [row.kernel, row]));
  const changes = [...now.values()].flatMap((row) => {
    const was = old.get(row.kernel);
    return was ? MEASURES.flatMap((measure) => changeOf(measure, was, row)) : [];
  });
  return {
    changes,
    onlyBefore: [...old.keys()].filter((name) => !now.has(name)),
    onlyAfter: [...now.keys()].filter((name) => !old.has(name)),
    worse: [...new Set(changes.filter(({ verdict }) => verdict === 'worse').map(({ kernel }) => kernel))],
  };
}

function changeOf({ key, better, least, share, decides }: Measure, was: SavedRow, is: SavedRow): Change[] {
  const [before, after] = [was[key], is[key]];
  if (before === undefined || after === undefined) return [];
  const size = Math.abs(after - before);
  if (size < least * (1 - 1e-9) || size < share * before) return [];
  const isBetter = after > before === (better === 'more');
  const verdict = decides ? (isBetter ? 'better' : 'worse') : 'shown';
  return [{ kernel: is.kernel, what: key, before, after, verdict }];
}

/** `isWhole`: both runs compiled the same work, so that a kernel of only one of them has come or gone and is named. */
export function formatComparison({ changes, onlyBefore, onlyAfter, worse }: Comparison, isWhole: boolean): string {
  const rows = changes.map(({ kernel, what, before, after, verdict }) => [
    ...[kernel, what, String(before), String(after), verdict === 'shown' ? '' : verdict],
  ]);
  const list = (when: string, names: readonly string[]) =>
    names.length > 0 ? [`only ${when}: ${isWhole ? names.join('; ') : `${names.length} kernels`}`] : [];
  const better = new Set(changes.filter(({ verdict }) => verdict === 'better').map(({ kernel }) => kernel));
  const table = rows.length > 0 ? [formatTable(['kernel', 'what', 'before', 'now', ''], rows)] : [];
  const summary = `${better.size} kernels better in something, ${worse.length} worse`;
  return [...table, ...list('before', onlyBefore), ...list('now', onlyAfter), summary].join('\n');
}
