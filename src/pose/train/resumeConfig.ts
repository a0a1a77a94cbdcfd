import { DataError } from '../../errors.js';
import { flagOf, parseFlags, settingText, type TrainConfig, type TrainFlags } from './config.js';

/**
 * The configuration of a run that is continued: what it was started with, for which only `epochs` may change.
 * @throws DataError naming an option that contradicts the run
 */
export function resumeConfig(saved: TrainConfig, flags: TrainFlags, where: string): TrainConfig {
  const wanted = parseFlags(flags);
  for (const key of Object.keys(wanted) as (keyof TrainConfig)[]) {
    if (key !== 'epochs' && settingText(wanted[key]) !== settingText(saved[key])) {
      throw new DataError(
        `${flagOf(key)} ${wanted[key]}: ${where} was started with ${settingText(saved[key])}; leave the option out to resume it, ` +
          'or start a new run with --init',
      );
    }
  }
  return { ...saved, ...wanted };
}
