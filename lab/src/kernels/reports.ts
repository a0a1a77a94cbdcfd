import { type BenchReport, type BenchRow, parseBenchReport } from 'wgrad/testing';
import { caseKey } from './selection.js';

/** Measurements with the name of their file. */
export interface NamedReport {
  readonly name: string;
  readonly report: BenchReport;
}

/** Measurements to compare, with the colour that stands for them. */
export interface Source extends NamedReport {
  readonly colour: string;
  /** What a visitor has added can be taken away. */
  readonly isAdded: boolean;
}

/** The measurements that the repository has. */
const COMMITTED = [
  { name: 'llvmpipe-ops.json', url: new URL('../../../bench/results/llvmpipe-ops.json', import.meta.url) },
];

/** Colours of the page for one adapter after the other, this one first. */
export const COLOURS = ['network', 'second', 'baseline-3', 'baseline-2', 'more', 'less', 'baseline-1'] as const;

/** Fetches what came with the site. */
export function committedReports(): Promise<NamedReport[]> {
  return Promise.all(
    COMMITTED.map(async ({ name, url }) => {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`${name}: the server answers ${response.status}`);
      return { name, report: parseBenchReport(await response.text(), name) };
    }),
  );
}

/** The rows of a report by the key of their case. */
export function rowsByKey({ rows }: Pick<BenchReport, 'rows'>): Map<string, BenchRow> {
  return new Map(rows.map((row) => [caseKey(row.op, row.name), row]));
}

/** What the page calls an adapter: its description without the driver. */
export function shortName({ device }: Pick<BenchReport, 'device'>): string {
  const name = device.split(':')[0].trim();
  return name.length > 40 ? `${name.slice(0, 39)}\u2026` : name;
}
