import { DataError } from 'wgrad';
import type { WeightsFile } from '../formats/weightsFile.js';
import type { TrainConfig } from '../train/config.js';
import { savedConfig } from '../train/makeConfig.js';
import { isSetting } from '../train/options.js';
import { configOfRun } from './fileConfig.js';

/** The loss that trained a network, from which follow the density of its errors and where its poses are. */
export type TrainedLoss = Pick<TrainConfig, 'loss' | 'q' | 'logS'>;

/**
 * The loss of a file, as wgrad's training and `convert` store it; undefined where the file does not tell, or where this version
 * does not know the run's.
 * @throws DataError where what `convert` has stored is no loss
 */
export function lossIn(
  { wgrad, config, loss: stored }: WeightsFile['metadata'],
  path: string,
): TrainedLoss | undefined {
  if (stored === undefined) {
    const run = wgrad === undefined ? undefined : savedConfig(configOfRun(config));
    return run && lossOf(run);
  }
  const found = parsed(stored);
  if (isLoss(found)) return lossOf(found);
  throw new DataError(`${path}: metadata "loss": expected an object of loss, q and logS; it is damaged`);
}

const lossOf = ({ loss, q, logS }: TrainedLoss): TrainedLoss => ({ loss, q, logS });

function isLoss(value: unknown): value is TrainedLoss {
  const { loss, q, logS } = Object(value) as Record<keyof TrainedLoss, unknown>;
  return isSetting('loss', loss) && isSetting('q', q) && isSetting('logS', logS);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
