import { DataError } from '../errors.js';
import { parseJsonText } from '../io/jsonText.js';
import { isRecord } from '../tensor/tree.js';
import type { BenchRow } from './bench.js';
import type { Ceilings } from './ceilings.js';
import type { Clock } from './stopwatch.js';

/** Measurements of one adapter, as `npm run bench -- --json` and the lab write them. */
export interface BenchReport {
  /** The adapter and its driver. */
  readonly device: string;
  /** What ran WebGPU, such as `Node v20.20.2`. */
  readonly runtime: string;
  readonly clock: Clock;
  readonly ceilings: Ceilings;
  readonly rows: readonly BenchRow[];
  /** Cases that disagreed with the reference or did not run, a line each. */
  readonly failures: readonly string[];
}

/** The text of a file of measurements. */
export function formatBenchReport(report: BenchReport): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

const TIMES = ['min', 'p50', 'p99'] as const;
const RATES = ['gflops', 'gbs', 'ofFma', 'ofCopy'] as const;
const COUNTS = ['samples', 'repeats'] as const;

/**
 * Reads what `formatBenchReport` wrote.
 * @param where names the file in messages
 * @throws DataError where the text is something else, with the field that is wrong
 */
export function parseBenchReport(text: string, where: string): BenchReport {
  const fail = (what: string): never => {
    throw new DataError(
      `${where}: ${what}; expected measurements as npm run bench -- --json FILE or the lab's export writes them`,
    );
  };
  const content = parseJsonText(text, where);
  if (!isRecord(content)) return fail('no JSON object');
  const { device, runtime, clock, ceilings, rows, failures } = content;
  if (typeof device !== 'string') return fail('"device" is no text');
  if (typeof runtime !== 'string') return fail('"runtime" is no text');
  if (clock !== 'timestamps' && clock !== 'host') return fail('"clock" is neither "timestamps" nor "host"');
  if (!isRecord(ceilings) || !isPositive(ceilings.gflops) || !isPositive(ceilings.gbs)) {
    return fail('"ceilings" has no positive "gflops" and "gbs"');
  }
  if (!Array.isArray(rows)) return fail('"rows" is no list');
  if (!Array.isArray(failures) || !failures.every((line) => typeof line === 'string')) {
    return fail('"failures" is no list of texts');
  }
  const { gflops, gbs } = ceilings;
  return {
    ...{ device, runtime, clock, ceilings: { gflops, gbs } },
    rows: rows.map((row: unknown, i) => rowOf(row) ?? fail(`"rows" has at ${i} no measurement of an op`)),
    failures,
  };
}

function rowOf(row: unknown): BenchRow | undefined {
  if (!isRecord(row)) return undefined;
  const { op, name, checked } = row;
  if (typeof op !== 'string' || typeof name !== 'string') return undefined;
  if (checked !== 'this shape' && checked !== 'a sample') return undefined;
  const numbers = [...TIMES, ...RATES, ...COUNTS].map((key) => [key, row[key]] as const);
  const isWhole = TIMES.every((key) => isPositive(row[key])) && COUNTS.every((key) => isPositive(row[key]));
  if (!isWhole || !numbers.every(([, value]) => isMeasure(value))) return undefined;
  return { op, name, checked, ...(Object.fromEntries(numbers) as Omit<BenchRow, 'op' | 'name' | 'checked'>) };
}

const isMeasure = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isPositive = (value: unknown): value is number => isMeasure(value) && value > 0;
