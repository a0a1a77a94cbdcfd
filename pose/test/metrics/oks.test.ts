import { describe, expect, test } from 'vitest';
import { float32Sum, METRIC_DIGITS } from '../../../test/tolerance.js';
import { oks, poseOks } from '../../src/metrics/oks.js';
import { oksNms, softOksNms } from '../../src/metrics/oksNms.js';
import { bboxKeypoint, bboxRle, keypointScores } from '../../src/metrics/poseConfidence.js';
import { coco17 } from '../../src/schema.js';
import goldens from '../golden/metrics_golden.json' with { type: 'json' };

const golden = goldens.oks_nms;
const poses = golden.inst.map((pose) => ({ ...pose, keypoints: pose.keypoints.flat() }));

describe('oks', () => {
  const box = [0, 0, 10, 20] as const;

  test('is the mean of exp(-d^2 / (2 area (2 sigma)^2)) over joints with a label', () => {
    const truth = { keypoints: [0, 0, 2, 5, 5, 1, 9, 9, 0], area: 100, box };
    const expected = (1 + Math.exp(-(3 ** 2 + 4 ** 2) / (2 * 100 * 0.2 ** 2))) / 2;
    expect(oks(truth, [0, 0, 1, 8, 9, 1, 70, 70, 1], [0.3, 0.1, 0.2])).toBeCloseTo(expected, METRIC_DIGITS);
  });

  test('without labels, joints inside the doubled box are right and others as far off as they are outside', () => {
    const truth = { keypoints: [0, 0, 0, 0, 0, 0], area: 50, box };
    const expected = (1 + Math.exp(-(2 ** 2 + 5 ** 2) / (2 * 50 * 0.4 ** 2))) / 2;
    expect(oks(truth, [-10, 40, 1, 22, -25, 1], [0.1, 0.2])).toBeCloseTo(expected, METRIC_DIGITS);
  });

  test('of two predictions agrees with mmpose', () => {
    // mmpose keeps these in float32, as a mean of 17 terms.
    for (const [i, expected] of golden.oks_0_vs_rest.entries()) {
      expect(Math.abs(poseOks(poses[0], poses[i + 1], coco17.oksSigmas) - expected)).toBeLessThan(float32Sum(17));
    }
  });
});

describe('non-maximum suppression agrees with mmpose', () => {
  test('hard', () => {
    expect(oksNms(poses, coco17.oksSigmas, golden.thr)).toEqual(golden.keep);
  });

  test('soft, and at most so many', () => {
    const taken = softOksNms(poses, coco17.oksSigmas, golden.thr);
    expect(taken.map(({ index }) => index)).toEqual(golden.soft_keep);
    expect(taken[0].score).toBe(poses[taken[0].index].score);
    // Each falls by all that were taken before it, and so stays in order.
    for (const [i, { index, score }] of taken.entries()) {
      const factor = taken
        .slice(0, i)
        .reduce(
          (f, before) =>
            f * Math.exp(-(poseOks(poses[before.index], poses[index], coco17.oksSigmas) ** 2) / golden.thr),
          1,
        );
      expect(score).toBeCloseTo(poses[index].score * factor, 12);
      if (i > 0) expect(score).toBeLessThanOrEqual(taken[i - 1].score);
    }
    const three = softOksNms(poses, coco17.oksSigmas, golden.thr, 3);
    expect(three).toEqual(taken.slice(0, 3));
  });
});

describe('scores of a pose', () => {
  test('bboxRle is box + mean + max of mean_d (1 - sigma)', () => {
    const scores = keypointScores([0.1, 0.3, 0.5, 0.7], 2);
    expect(scores).toEqual([0.8, 0.4].map((s) => expect.closeTo(s, METRIC_DIGITS)));
    expect(bboxRle(0.9, scores)).toBeCloseTo(0.9 + 0.6 + 0.8, METRIC_DIGITS);
  });

  test('bboxKeypoint leaves out joints up to 0.2', () => {
    expect(bboxKeypoint(0.5, [0.2, 0.4, 0.8])).toBeCloseTo(0.5 * 0.6, METRIC_DIGITS);
    expect(bboxKeypoint(0.5, [0.1])).toBe(0);
  });
});
