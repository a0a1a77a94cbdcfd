import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import { readJsonFile, writeFileAtomic } from 'wgrad/io/node';
import type { Correlation } from '../../metrics/confidenceCorrelation.js';
import type { TrainConfig } from '../../train/config.js';
import { type DataFacts, savedFacts } from '../../train/dataFacts.js';
import { savedConfig } from '../../train/makeConfig.js';
import type { RunFolder } from '../train/runFolder.js';

/** What came of a run; `result.json` in its folder says so to whoever asks again. */
export interface RunResult {
  readonly config: TrainConfig;
  /** What it was trained and scored on; absent in results of versions that did not keep it. */
  readonly data?: DataFacts;
  /** Held-out PCK@0.2 by epoch. */
  readonly curve: readonly number[];
  /** Absent where the run diverged. */
  readonly scores?: RunScores;
  /** Why there are no scores. */
  readonly diverged?: string;
}

/** Scores on the test half; PCK are fractions, lengths in units of the crop's side. A figure that nothing counts for is NaN. */
export interface RunScores {
  readonly pck10: number;
  readonly pck20: number;
  readonly pck50: number;
  readonly error: number;
  /** Absent where the network says nothing of how sure it is. */
  readonly confidence?: RunConfidence;
  /** Absent where the network predicts no sigma, and in results of versions that did not keep it. */
  readonly calibration?: RunCalibration;
}

/** Whether predicted densities are true, as `UncertaintyScore` has it. */
export interface RunCalibration {
  /** Mean of |coverage - level|. */
  readonly error: number;
  /** Mean width of the intervals that ought to hold 90 % of the coordinates, in units of the crop's side. */
  readonly sharpness: number;
}

/** What a network's confidence is worth. */
export interface RunConfidence {
  readonly joints: Correlation;
  /** NaN for joints without OKS sigmas. */
  readonly people: Correlation;
  /** Area under the risk-coverage curve of the joints: their mean error, averaged over coverages. */
  readonly aurc: number;
  /** [RISKS]: mean error of the surest 1/RISKS, 2/RISKS, ... of the joints. */
  readonly risk: readonly number[];
}

/** Points that a risk-coverage curve is kept at. */
export const RISKS = 50;

const fileOf = ({ path }: RunFolder): string => join(path, 'result.json');

export async function writeResult(folder: RunFolder, result: RunResult): Promise<void> {
  await writeFileAtomic(fileOf(folder), `${JSON.stringify(result, null, 1)}\n`);
}

/**
 * The result of the run in a folder; undefined if it has none.
 * @throws DataError if the file is damaged or of another version
 */
export async function readResult(folder: RunFolder): Promise<RunResult | undefined> {
  const file = fileOf(folder);
  if (!(await stat(file).catch(() => undefined))) return undefined;
  try {
    const json = await readJsonFile(file);
    const root = new JsonEntry(json, file);
    const config = savedConfig((json as { config?: unknown }).config);
    if (!config) throw root.error('config', "expected the configuration of this version's training");
    const data = savedFacts((json as { data?: unknown }).data);
    const curve = root.list('curve').map((value) => (typeof value === 'number' ? value : Number.NaN));
    return root.has('diverged')
      ? { config, data, curve, diverged: root.text('diverged') }
      : { config, data, curve, scores: scoresOf(root.entry('scores')) };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new DataError(`${error.message}; delete the file to have the run evaluated again`, { cause: error });
  }
}

function scoresOf(entry: JsonEntry): RunScores {
  const calibration = entry.has('calibration') && entry.entry('calibration');
  const scores: RunScores = {
    pck10: figure(entry, 'pck10'),
    pck20: figure(entry, 'pck20'),
    pck50: figure(entry, 'pck50'),
    error: figure(entry, 'error'),
    ...(calibration && {
      calibration: { error: figure(calibration, 'error'), sharpness: figure(calibration, 'sharpness') },
    }),
  };
  if (!entry.has('confidence')) return scores;
  const confidence = entry.entry('confidence');
  const correlation = (of: JsonEntry) => ({ pearson: figure(of, 'pearson'), spearman: figure(of, 'spearman') });
  return {
    ...scores,
    confidence: {
      joints: correlation(confidence.entry('joints')),
      people: correlation(confidence.entry('people')),
      aurc: confidence.number('aurc'),
      risk: confidence.numbers('risk', RISKS),
    },
  };
}

/** JSON has null for NaN. */
const figure = (entry: JsonEntry, field: string): number => (entry.has(field) ? entry.number(field) : Number.NaN);
