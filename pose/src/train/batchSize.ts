import type { TrainConfig } from './config.js';

/**
 * The configuration with a batch that the training images fill, where nobody asked for another: the largest multiple of
 * `accumulate` parts, of two images at least.
 * @param asked whether `--batch` was given
 * @param images how many images train
 */
export function withBatch(config: TrainConfig, asked: boolean, images: number): TrainConfig {
  const { batch, accumulate } = config;
  if (asked || images >= batch) return config;
  const part = Math.max(2, Math.floor(images / accumulate));
  return { ...config, batch: part * accumulate };
}
