import { DataError } from 'wgrad';
import type { TrainConfig } from './config.js';
import { savedConfig } from './makeConfig.js';
import type { Share } from './ranks.js';

/** How many ranks there are, and whether they share every part of a batch. */
export type Sharing = Omit<Share, 'rank'>;

/** How many parts of a batch are under way at a time. */
const partsAtOnce = ({ size, syncBatchNorm }: Sharing): number => (syncBatchNorm ? 1 : size);

/** What is said of each rank's batch, said of a step of all of them. */
export function timesRanks<C extends Partial<Pick<TrainConfig, 'batch' | 'accumulate'>>>(own: C, sharing: Sharing): C {
  const { batch, accumulate } = own;
  return {
    ...own,
    ...(batch !== undefined && { batch: batch * sharing.size }),
    ...(accumulate !== undefined && { accumulate: accumulate * partsAtOnce(sharing) }),
  };
}

/**
 * The run of several ranks whose options say what each of them does: a step takes as many times the images, in as many
 * times the parts, or in as many parts if batch norms see all ranks. One rank alone computes the same with this
 * configuration, up to roundings.
 * @throws DataError where that is more than a run may have
 */
export function ofAllRanks(config: TrainConfig, sharing: Sharing): TrainConfig {
  const { size: ranks } = sharing;
  if (ranks === 1) return config;
  const whole = timesRanks(config, sharing);
  if (savedConfig(whole)) return whole;
  throw new DataError(
    `--batch ${config.batch}: ${ranks} ranks make a step of ${whole.batch} images, more than a run may have; give fewer`,
  );
}

/**
 * A saved run that goes on with as many ranks as there are now. Its steps stay as they are if the ranks can share their
 * parts; else the parts become smaller, which batch norms notice.
 * @param onChange is told what will be otherwise
 * @throws DataError where the images of a step cannot be shared
 */
export function sharedBy(config: TrainConfig, sharing: Sharing, onChange: (text: string) => void): TrainConfig {
  const { batch, accumulate } = config;
  const { size: ranks, syncBatchNorm = false } = sharing;
  if (syncBatchNorm) return sharedEvenly(config, ranks);
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

/** @throws DataError where the ranks cannot share each part of a step */
function sharedEvenly(config: TrainConfig, ranks: number): TrainConfig {
  const { batch, accumulate } = config;
  const part = batch / accumulate;
  if (part % ranks === 0) return config;
  const fits = Array.from({ length: part }, (_, i) => i + 1).filter((n) => part % n === 0);
  throw new DataError(
    `--resume: batch norms of this run see ${part} images, which ${ranks} ranks cannot share equally; ` +
      `give it ${fits.join(', ')} ranks, or leave out --sync-batch-norm`,
  );
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
