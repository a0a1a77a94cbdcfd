import { formatTable } from '../../src/testing/formatTable.js';
import type { Outcome } from './measureRow.js';
import { FAMILIES, type Family } from './rows.js';
import { geometricMean } from './statistics.js';

export const OURS = 'wgrad';

/** A row as measured. */
export interface RowResult {
  readonly name: string;
  readonly family: Family;
  readonly flop: number;
  readonly bytes: number;
  readonly lanes: Readonly<Record<string, Outcome>>;
}

/** A run on one adapter: what resumes, what is committed. */
export interface Report {
  /** A text that changes with whatever makes earlier rows stale. */
  readonly key: string;
  readonly adapter: string;
  readonly node: string;
  /** Of the peers' packages. */
  readonly versions: Readonly<Record<string, string>>;
  readonly lanes: readonly { readonly name: string; readonly description: string; readonly forScale: boolean }[];
  readonly ceilings: { readonly gflops: number; readonly gbs: number };
  readonly rows: readonly RowResult[];
}

/** Milliseconds of the lane, if it was timed. */
export function medianOf(row: RowResult, lane: string): number | undefined {
  const outcome = row.lanes[lane];
  return outcome && 'median' in outcome ? outcome.median : undefined;
}

/** The fastest peer's time over ours: above 1 we are faster. Undefined where either is missing. */
export function ratioOf(row: RowResult, peers: readonly string[]): number | undefined {
  const ours = medianOf(row, OURS);
  const theirs = peers.flatMap((name) => medianOf(row, name) ?? []);
  return ours === undefined || theirs.length === 0 ? undefined : Math.min(...theirs) / ours;
}

/** Geometric means of the ratios by family, in the order of the families. */
export function familyMeans(rows: readonly RowResult[], peers: readonly string[]) {
  return FAMILIES.flatMap((family) => {
    const ratios = rows.filter((r) => r.family === family).flatMap((r) => ratioOf(r, peers) ?? []);
    if (ratios.length === 0) return [];
    return [{ family, rows: ratios.length, mean: geometricMean(ratios), least: Math.min(...ratios) }];
  });
}

/** Names of the lanes that a ratio is taken to. */
export function peersOf(report: Report): string[] {
  return report.lanes.filter(({ name, forScale }) => name !== OURS && !forScale).map(({ name }) => name);
}

/** The tables for people: a row each, means by family, and what could not be measured. */
export function formatReport(report: Report): string {
  const lanes = report.lanes.map(({ name }) => name);
  const peers = peersOf(report);
  const header = ['row', ...lanes.map((name) => `${name} ms`), 'ratio', 'GFLOP/s', 'GB/s', 'of ceiling'];
  const cells = report.rows.map((row) => [
    row.name,
    ...lanes.map((name) => formatTimes(row.lanes[name])),
    ratioOf(row, peers)?.toFixed(2) ?? '-',
    ...shareOf(row, report.ceilings),
  ]);
  const means = familyMeans(report.rows, peers).map(({ family, rows, mean, least }) => [
    family,
    String(rows),
    mean.toFixed(2),
    least.toFixed(2),
  ]);
  const notes = report.rows.flatMap((row) =>
    lanes.flatMap((lane) => {
      const outcome = row.lanes[lane];
      return outcome && 'note' in outcome ? [`- ${lane}, ${row.name}: ${outcome.note}`] : [];
    }),
  );
  return [
    `${report.adapter}, node ${report.node}`,
    `ceilings: ${report.ceilings.gflops.toFixed(1)} GFLOP/s by FMA, ${report.ceilings.gbs.toFixed(1)} GB/s by copy`,
    '',
    formatTable(header, cells),
    '',
    ...(means.length > 0 ? [formatTable(['family', 'rows', 'geometric mean', 'least'], means), ''] : []),
    'Times are medians (first to third quartile) of interleaved samples, uploads and read-backs excluded.',
    `A ratio is the fastest of ${peers.join(', ')} over wgrad: above 1 wgrad is faster.`,
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n');
}

function formatTimes(outcome: Outcome | undefined): string {
  if (!outcome || 'note' in outcome) return '-';
  const { median, q1, q3 } = outcome;
  return `${digits(median)} (${digits(q1)}-${digits(q3)})`;
}

function digits(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3);
}

/** Our rates, and the larger of their shares of the ceilings. */
function shareOf(row: RowResult, ceilings: Report['ceilings']): string[] {
  const ms = medianOf(row, OURS);
  if (ms === undefined) return ['-', '-', '-'];
  const gflops = row.flop / ms / 1e6;
  const gbs = row.bytes / ms / 1e6;
  const share = Math.max(gflops / ceilings.gflops, gbs / ceilings.gbs);
  return [gflops.toFixed(1), gbs.toFixed(1), `${(100 * share).toFixed(0)} %`];
}
