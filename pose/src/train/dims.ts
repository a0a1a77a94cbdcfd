import { DataError } from 'wgrad';
import type { PoseDataset } from '../dataset.js';
import type { TrainConfig } from './config.js';

/**
 * The configuration with the D that training uses: the D that was asked for; otherwise 3 where the data set has depths
 * and the head supports them, as the official code trains Human3.6M, and 2 elsewhere.
 * @param asked whether `--dims` was given
 * @throws DataError where depths were asked for and the data set has none
 */
export function withDims(
  config: TrainConfig,
  asked: boolean,
  { name, spatial = false }: Pick<PoseDataset, 'name' | 'spatial'>,
): TrainConfig {
  if (!asked) return { ...config, dims: spatial && config.head === 'direct' ? 3 : 2 };
  if (config.dims === 3 && !spatial) {
    throw new DataError(
      `--dims 3: ${name} has no depths to learn; give Human3.6M, or a data set of your own that is \`spatial\`, first`,
    );
  }
  return config;
}
