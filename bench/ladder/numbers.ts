import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { DataError } from '../../src/errors.js';
import { writeFileAtomic } from '../../src/io/node/atomicFile.js';
import { fileError } from '../../src/io/node/fileError.js';
import { formatTable } from '../../src/testing/formatTable.js';
import type { LaddersReport } from './benchLadders.js';
import type { LadderReport } from './climb.js';

const HEADER = ['rung', 'ms', 'GFLOP/s', 'of FMA', 'x the rung below', 'x naive'];

function cells({ rows }: LadderReport, ceiling: number): string[][] {
  return rows.map(({ name, ms, gflops, step, climb }) => [
    name,
    ms < 100 ? ms.toPrecision(3) : ms.toFixed(0),
    gflops.toPrecision(3),
    `${((100 * gflops) / ceiling).toPrecision(2)} %`,
    step.toFixed(2),
    climb.toFixed(1),
  ]);
}

/** The report for people. */
export function formatLadders({ device, node, ceiling, ladders }: LaddersReport): string {
  const tables = ladders.flatMap((ladder) => [
    `\n${ladder.name} ${ladder.shapes}`,
    formatTable(HEADER, cells(ladder, ceiling)),
  ]);
  return [`${device}, node ${node}; ceiling ${ceiling.toFixed(1)} GFLOP/s by FMA`, ...tables].join('\n');
}

/**
 * Replaces what stands between `<!-- numbers of NAME -->` and `<!-- end -->` in a Markdown file, for every ladder of the
 * report.
 * @throws DataError if a ladder has no such place, or the file cannot be read or written
 */
export async function writeNumbers(path: string, report: LaddersReport): Promise<void> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw fileError('cannot read', path, cause);
  }
  for (const ladder of report.ladders) text = withNumbers(text, path, ladder, report);
  await writeFileAtomic(path, text);
}

function withNumbers(text: string, path: string, ladder: LadderReport, report: LaddersReport): string {
  const opening = `<!-- numbers of ${ladder.name} -->\n`;
  const start = text.indexOf(opening) + opening.length;
  const end = text.indexOf('<!-- end -->', start);
  if (start < opening.length || end < 0) {
    throw new DataError(`${path}: no place for the numbers; expected '${opening.trim()}' and then '<!-- end -->'`);
  }
  const row = (columns: readonly string[]) => `| ${columns.join(' | ')} |`;
  const table = [
    row(HEADER),
    row(HEADER.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...cells(ladder, report.ceiling).map(row),
    '',
    `Operands ${ladder.shapes}, ${report.device}, ${availableParallelism()} cores; medians of ${report.rounds} samples in turns, ` +
      `ceiling ${report.ceiling.toFixed(0)} GFLOP/s.`,
    '',
  ];
  return text.slice(0, start) + table.join('\n') + text.slice(end);
}
