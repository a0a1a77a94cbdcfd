import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { checkWritable, writeFileAtomic } from '../../src/io/node/atomicFile.js';
import { makeFolder } from '../../src/io/node/makeFolder.js';
import type { Report, RowResult } from './report.js';

/** Rows of an earlier run, if it had the same key: adapter, Node, peers and sources. */
export function finishedRows(file: string, key: string): readonly RowResult[] {
  if (!existsSync(file)) return [];
  const saved = JSON.parse(readFileSync(file, 'utf8')) as Report;
  return saved.key === key ? saved.rows : [];
}

/** Makes the folder of a report. @throws DataError, before anything is measured, where it could not be written */
export async function checkReport(file: string): Promise<void> {
  await makeFolder(dirname(file));
  await checkWritable(file);
}

/** Replaces the file as a whole, so that a run that is cut off leaves the rows before it. */
export async function saveReport(file: string, report: Report): Promise<void> {
  await makeFolder(dirname(file));
  await writeFileAtomic(file, `${JSON.stringify(report, null, 2)}\n`);
}
