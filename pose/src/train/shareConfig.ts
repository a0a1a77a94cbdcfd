import { DataError } from 'wgrad';
import type { TrainConfig, TrainFlags } from './config.js';
import { savedConfig } from './makeConfig.js';

/**
 * The run of several ranks whose options say what each of them does: a step takes as many times the images, in as many
 * times the parts. One rank alone computes the same with this configuration, up to roundings.
 * @throws DataError where that is more than a run may have
 */
export function ofAllRanks(config: TrainConfig, ranks: number): TrainConfig {
  if (ranks === 1) return config;
  const whole = { ...config, batch: config.batch * ranks, accumulate: config.accumulate * ranks };
  if (savedConfig(whole)) return whole;
  throw new DataError(
    `--batch ${config.batch}: ${ranks} ranks make a step of ${whole.batch} images, more than a run may have; give fewer`,
  );
}

/** The same for options as they are typed, with which a run is continued. */
export function flagsOfAllRanks(flags: TrainFlags, ranks: number): TrainFlags {
  const times = (text: string | undefined) =>
    text !== undefined && /^\d+$/.test(text) ? String(ranks * Number(text)) : text;
  const { batch, accumulate, ...others } = flags;
  return {
    ...others,
    ...(batch !== undefined && { batch: times(batch) }),
    ...(accumulate !== undefined && { accumulate: times(accumulate) }),
  };
}

/**
 * A saved run that goes on with as many ranks as there are now. Its steps stay as they are if the ranks can share their
 * parts; else the parts become smaller, which batch norms notice.
 * @param onChange is told what will be otherwise
 * @throws DataError where the images of a step cannot be shared
 */
export function sharedBy(config: TrainConfig, ranks: number, onChange: (text: string) => void): TrainConfig {
  const { batch, accumulate } = config;
  if (accumulate % ranks === 0) return config;
  const parts = leastCommonMultiple(accumulate, ranks);
  if (batch % parts !== 0 || batch / parts < 2) {
    const fits = Array.from({ length: batch / 2 }, (_, i) => i + 1).filter(
      (n) => batch % leastCommonMultiple(accumulate, n) === 0,
    );
    const possible = fits.filter((n) => batch / leastCommonMultiple(accumulate, n) >= 2);
    throw new DataError(
      `--resume: a step of this run takes ${batch} images, which ${ranks} ranks cannot share in equal parts of two or more; ` +
        `give it ${possible.join(', ')} ranks`,
    );
  }
  onChange(
    `${ranks} ranks share the ${batch} images of a step: batch norms see ${batch / parts} at a time, where they saw ${batch / accumulate}`,
  );
  return { ...config, accumulate: parts };
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
