import { dataDigest } from '../node/train/dataDigest.js';
import { checkAlike } from '../train/alike.js';
import { settingText } from '../train/options.js';
import { partsOf } from '../train/ranks.js';
import type { Session } from '../train/session.js';
import { flagOf, isPlace } from '../train/settings.js';
import { say } from './say.js';
import { version } from './version.js';

/**
 * Lets all ranks begin alike, with the weights of rank 0.
 * @throws DataError where they have not the same version, options and data
 */
export async function joinRanks(
  { team, device, config, data, learner, share }: Session,
  how: Record<string, string>,
): Promise<void> {
  if (team.size === 1) return;
  const digest = await team.all(() => dataDigest(data));
  const { parts, rows } = partsOf(config, share);
  // As each rank was told.
  const own = { ...config, batch: parts * rows, accumulate: parts };
  const options = Object.entries(own).filter(([key]) => !isPlace(key));
  await checkAlike(team, {
    version,
    backend: device.kind,
    ...how,
    ...Object.fromEntries(options.map(([key, value]) => [flagOf(key), settingText(value)])),
    'training images:': data.train.length,
    'test images:': data.test.length,
    'data with the digest': digest,
  });
  await team.spread(learner);
  say(`a step takes ${config.batch} images, ${config.batch / team.size} on each of ${team.size} ranks`);
}
