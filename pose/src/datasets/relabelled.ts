import type { PoseSplit } from '../dataset.js';

/**
 * A split with another schema: joint k is joint `from[k]` of the split, and has no label where that is -1. Weights stay
 * as they are; the official code instead gives every joint of MPII weight 1 when it trains in 3-D, labelled or not.
 */
export function relabelled(split: PoseSplit, from: readonly number[]): PoseSplit {
  return {
    ...{ length: split.length, paths: split.paths },
    async sample(index) {
      const { clean, ...sample } = await split.sample(index);
      const moved = (points: Float64Array) =>
        Float64Array.from({ length: 2 * from.length }, (_, i) =>
          from[i >> 1] < 0 ? 0 : points[2 * from[i >> 1] + (i % 2)],
        );
      return {
        ...sample,
        joints: moved(sample.joints),
        weights: Float64Array.from(from, (k) => (k < 0 ? 0 : sample.weights[k])),
        ...(clean && { clean: moved(clean) }),
      };
    },
  };
}
