import { stat } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { DataError } from 'wgrad';
import type { PoseDataset } from '../../dataset.js';
import type { TrainConfig } from '../../train/config.js';
import { checkCounts, type DataFacts, factsOf, haveChanged } from '../../train/dataFacts.js';
import { settingText } from '../../train/options.js';
import { flagOf, isPlace, TOLERANCES } from '../../train/settings.js';
import { loadRun } from '../train/runFile.js';
import { type RunFolder, runFolder } from '../train/runFolder.js';
import type { RowName } from './rows.js';
import { type RunResult, readResult } from './runResult.js';

/** One training run of a comparison, and where it stands. */
export interface PlannedRun {
  readonly row: RowName;
  readonly seed: number;
  readonly config: TrainConfig;
  readonly folder: RunFolder;
  /** Whether there is a checkpoint to go on from. */
  readonly begun: boolean;
  /** Of a run that is finished. */
  result?: RunResult;
}

/**
 * The runs of a comparison in `<out>/<row>-<seed>`: seed by seed, so that one that is stopped has all rows of some seeds.
 * @param configOf what a row's runs are to be trained with, the seed aside
 * @param dataset what they are to be trained on
 * @throws DataError if a folder holds a run with another configuration, or of other data
 */
export async function planRuns(
  rows: readonly RowName[],
  seeds: readonly number[],
  out: string,
  configOf: (row: RowName) => TrainConfig,
  dataset: PoseDataset,
): Promise<PlannedRun[]> {
  const runs: PlannedRun[] = [];
  for (const seed of seeds) {
    for (const row of rows) {
      const folder = runFolder(join(out, `${row}-${seed}`));
      const config = { ...configOf(row), seed };
      const result = await readResult(folder);
      const begun = (await stat(folder.last).catch(() => undefined)) !== undefined;
      const saved = result ?? (begun ? await loadRun(folder.last) : undefined);
      if (saved) {
        checkSame(saved.config, config, folder.path);
        checkData(saved.data, dataset, folder.path);
      }
      runs.push({ row, seed, config, folder, begun, result });
    }
  }
  return runs;
}

/** @throws DataError naming the option in which two configurations differ */
function checkSame(saved: TrainConfig, wanted: TrainConfig, path: string): void {
  for (const key of Object.keys(wanted) as (keyof TrainConfig)[]) {
    if ((TOLERANCES as readonly string[]).includes(key)) continue;
    const same = isPlace(key)
      ? isSamePlace(saved[key], wanted[key])
      : settingText(saved[key]) === settingText(wanted[key]);
    if (same) continue;
    throw new DataError(
      `${path}: the run in it has ${flagOf(key)} ${settingText(saved[key])}, this comparison ${settingText(wanted[key])}; ` +
        'give the options that it was made with, or another --out',
    );
  }
}

/** @throws DataError where the data set is not what a run was trained on */
function checkData(before: DataFacts | undefined, dataset: PoseDataset, path: string): void {
  checkCounts(path, before, dataset, 'another --out');
  if (!haveChanged(before, factsOf(dataset))) return;
  throw new DataError(
    `${path}: the run in it had other labels, boxes or names of pictures than ${dataset.name} has now; give the data that it had, ` +
      'or another --out',
  );
}

/**
 * Whether paths of data sets or weights mean the same. From where a relative one counted is not known any more, so that its last
 * name must do: it does not matter from which folder a comparison goes on.
 */
function isSamePlace(saved: string | null, wanted: string | null): boolean {
  const [before, now] = [saved, wanted].map((paths) => paths?.split(',') ?? []);
  return (
    before.length === now.length &&
    before.every((path, i) => {
      if (isAbsolute(path) && isAbsolute(now[i])) return resolve(path) === resolve(now[i]);
      return basename(path) === basename(now[i]);
    })
  );
}
