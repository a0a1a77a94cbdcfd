import { existsSync, readFileSync } from 'node:fs';
import { DataError } from '../../src/errors.js';
import { formatTable } from '../../src/testing/formatTable.js';
import type { KernelRow } from './rows.js';

/** One run: what a target's compiler made of the kernels. Saved as JSON with a line for each kernel. */
export interface IsaReport {
  readonly target: string;
  /** The adapter and the driver's version. */
  readonly device: string;
  /** What was compiled, in words. */
  readonly work: string;
  readonly kernels: readonly SavedRow[];
}

/** What is saved of a row: what does not depend on the machine that compiled it. */
export type SavedRow = Omit<KernelRow, 'hot' | 'id' | 'compileMs'> & {
  readonly fmaShare?: number;
  readonly fmaOfVector?: number;
};

export function savedRow({ hot, id: _, compileMs: __, ...row }: KernelRow): SavedRow {
  return { ...row, ...(hot && { fmaShare: hot.fmaShare, fmaOfVector: hot.fmaOfVector }) };
}

export function formatReport(report: IsaReport): string {
  const { kernels, ...about } = report;
  const rows = kernels.map((row) => `    ${JSON.stringify(row)}`).join(',\n');
  const head = Object.entries(about).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`);
  return `{\n${head.join('')}  "kernels": [\n${rows}\n  ]\n}\n`;
}

/** @throws DataError for a file that is no saved run, or one on another target */
export function readReport(path: string, target: string): IsaReport {
  if (!existsSync(path)) throw new DataError(`--against ${path}: there is no such file`);
  let report: Partial<IsaReport> | undefined;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // What is no JSON is no report either.
  }
  if (typeof report?.target === 'string' && Array.isArray(report.kernels)) {
    if (report.target === target) return report as IsaReport;
    throw new DataError(`--against ${path}: that is a run on ${report.target}, expected one on ${target}`);
  }
  throw new DataError(`--against ${path}: expected a file that bench:isa --json has written`);
}

const AMD = ['kernel', 'ops', 'lanes', 'VGPRs', 'spills', 'SGPR spills', 'scratch', 'LDS', 'waves', 'code'];
const INTEL = ['kernel', 'ops', 'lanes', 'live', 'spills', 'fills', 'scratch', 'SLM', 'code', 'cycles/FMA'];

/** The table for people: registers, spills, scratch, code, the hot loop. */
export function tableOf(rows: readonly KernelRow[]): string {
  const isAmd = rows.some(({ waves }) => waves !== undefined);
  const header = [...(isAmd ? AMD : INTEL), 'hot loop', 'FMA/issued', 'FMA/vector', 'ms', 'file'];
  return formatTable(
    header,
    rows.map((row) => {
      const sizes = [row.subgroup, row.registers, row.spills, row.fills, row.scratch, row.shared].map(String);
      const last = isAmd
        ? [String(row.waves), String(row.code)]
        : [String(row.code), row.cyclesPerFma?.toFixed(1) ?? ''];
      const counts = Object.entries(row.hot?.counts ?? {}).sort(([, a], [, b]) => b - a);
      const hot = counts.map(([kind, n]) => `${n} ${kind}`).join(' ');
      const shares = [row.hot?.fmaShare, row.hot?.fmaOfVector].map((share) => share?.toFixed(2) ?? '');
      return [row.kernel, row.ops.join(' '), ...sizes, ...last, hot, ...shares, String(row.compileMs), String(row.id)];
    }),
  );
}
