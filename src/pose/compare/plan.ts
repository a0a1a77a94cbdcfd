import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DataError } from '../../errors.js';
import { loadRun } from '../train/checkpointing.js';
import { flagOf, settingText, type TrainConfig } from '../train/config.js';
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
 * @throws DataError if a folder holds a run with another configuration
 */
export async function planRuns(
  rows: readonly RowName[],
  seeds: readonly number[],
  out: string,
  configOf: (row: RowName) => TrainConfig,
): Promise<PlannedRun[]> {
  const runs: PlannedRun[] = [];
  for (const seed of seeds) {
    for (const row of rows) {
      const folder = runFolder(join(out, `${row}-${seed}`));
      const config = { ...configOf(row), seed };
      const result = await readResult(folder);
      const begun = (await stat(folder.last).catch(() => undefined)) !== undefined;
      const saved = result ?? (begun ? await loadRun(folder.last) : undefined);
      if (saved) checkSame(saved.config, config, folder.path);
      runs.push({ row, seed, config, folder, begun, result });
    }
  }
  return runs;
}

/** @throws DataError naming the option in which two configurations differ */
function checkSame(saved: TrainConfig, wanted: TrainConfig, path: string): void {
  for (const key of Object.keys(wanted) as (keyof TrainConfig)[]) {
    const valueIn = (config: TrainConfig) =>
      key === 'data' || key === 'init' ? placeOf(config[key]) : settingText(config[key]);
    if (valueIn(saved) === valueIn(wanted)) continue;
    throw new DataError(
      `${path}: the run in it has ${flagOf(key)} ${settingText(saved[key])}, this comparison ${settingText(wanted[key])}; ` +
        'give the options that it was made with, or another --out',
    );
  }
}

/** Data sets and weights by their absolute paths, so that it does not matter from where a comparison goes on. */
const placeOf = (paths: string | null): string | undefined =>
  paths
    ?.split(',')
    .map((folder) => resolve(folder))
    .join();
