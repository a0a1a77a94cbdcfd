import { createHash, type Hash } from 'node:crypto';
import type { LoadedData, LoadedSample } from '../../train/samples.js';

/** So many pictures of each half count with their pixels; of all others that are in memory the labels count. */
const PICTURES = 64;

/**
 * A digest of a data set's labels and of some of its pictures: two ranks with the same one have the same data. Where the
 * training half is not in memory, only some of its samples count.
 */
export async function dataDigest({ dataset, train, test }: LoadedData): Promise<string> {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([dataset.schema, train.length, test.length]));
  for (const [length, samples, sample] of [
    [train.length, train.held, (i: number) => train.sample(i)],
    [test.length, test, (i: number) => test[i]],
  ] as const) {
    for (const one of samples ?? []) if (one) addLabels(hash, one);
    for (const i of spread(length)) {
      const one = await sample(i);
      addLabels(hash, one);
      hash.update(one.image.data);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** Numbers from 0 to `length - 1`, evenly spread. */
function spread(length: number): number[] {
  const count = Math.min(length, PICTURES);
  return Array.from({ length: count }, (_, i) => Math.floor((i * length) / count));
}

function addLabels(hash: Hash, { joints, weights, box, image }: LoadedSample): void {
  hash.update(JSON.stringify([Array.from(joints), Array.from(weights), box, image.width, image.height]));
}
