import { DataError } from 'wgrad';
import { fileName } from '../fileName.js';
import type { TrainConfig, TrainFlags } from './config.js';
import { checkSchedule } from './learningRate.js';
import { parseFlags, settingText } from './options.js';
import { flagOf, isPlace, TOLERANCES } from './settings.js';
import { type Sharing, timesRanks } from './shareConfig.js';

/** What may change when a run goes on: how long it lasts, and what it puts up with. */
const FREE: readonly (keyof TrainConfig)[] = ['epochs', ...TOLERANCES];

/**
 * The configuration of a run that is continued: what it was started with, of which little may change, and where the
 * folders of its data lie, under their names.
 * @param done epochs that the run has behind it
 * @param sharing the ranks of each of which the flags tell
 * @throws DataError naming an option that contradicts the run
 */
export function resumeConfig(
  saved: TrainConfig,
  flags: TrainFlags,
  where: string,
  done = 0,
  sharing: Sharing = { size: 1 },
): TrainConfig {
  const typed = parseFlags(flags);
  const wanted = timesRanks(typed, sharing);
  for (const key of Object.keys(wanted) as (keyof TrainConfig)[]) {
    const textIn = (config: Partial<TrainConfig>) =>
      isPlace(key) && key !== 'init' ? namesOf(config[key]) : settingText(config[key]);
    if (!FREE.includes(key) && textIn(wanted) !== textIn(saved)) {
      const ofAll = wanted[key] === typed[key] ? '' : ` on each of ${sharing.size} ranks makes ${wanted[key]}`;
      throw new DataError(
        `${flagOf(key)} ${typed[key]}${ofAll}: ${where} was started with ${settingText(saved[key])}; leave the option out to resume it, ` +
          'or start a new run with --init',
      );
    }
  }
  const config = { ...saved, ...wanted };
  if (config.epochs < done) {
    throw new DataError(`--epochs ${config.epochs}: ${where} has ${done} behind it; give as many at least`);
  }
  checkSchedule(config);
  return config;
}

/** What the folders of data and the files of joints are called, wherever they lie. */
const namesOf = (data?: string | null): string | undefined =>
  data
    ?.split(',')
    .map((folder) => fileName(folder))
    .join();
