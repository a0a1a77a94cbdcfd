import { describe, expect, test } from 'vitest';
import { float32Sum, METRIC_DIGITS } from '../../../test/tolerance.js';
import { meanPose } from '../../src/meanPose.js';
import { pearson, spearman } from '../../src/metrics/correlation.js';
import { auc, jointDistances, meanError, normLengths, pck } from '../../src/metrics/pck.js';
import { scorePoses } from '../../src/metrics/scorePoses.js';
import { lsp14 } from '../../src/schema.js';
import goldens from '../golden/pck_golden.json' with { type: 'json' };
import oracles from '../golden/pose_oracles.json' with { type: 'json' };

const golden = goldens.pck;
const prediction = golden.pred.flat(2);
const target = golden.gt.flat(2);
const weights = golden.mask.flat().map(Number);
const norms = golden.norm.map((n) => n[0]);
const distances = jointDistances(prediction, target);

describe('against mmpose', () => {
  test('PCK per joint and on average', () => {
    const { mean, perJoint } = pck(distances, weights, norms, golden.thr);
    expect(mean).toBeCloseTo(golden.avg, METRIC_DIGITS);
    // mmpose marks a joint that never occurs with -1.
    expect(Array.from(perJoint, (p) => (Number.isNaN(p) ? -1 : p))).toEqual(
      golden.acc.map((p) => expect.closeTo(p, METRIC_DIGITS)),
    );
  });

  test('AUC, NME and EPE', () => {
    expect(auc(distances, weights, norms.length)).toBeCloseTo(golden.auc_norm30_20, METRIC_DIGITS);
    // mmpose adds the 20 distances up in float32.
    const rounding = float32Sum(20);
    expect(Math.abs(meanError(distances, weights, norms) / golden.nme - 1)).toBeLessThan(rounding);
    expect(Math.abs(meanError(distances, weights) / golden.epe - 1)).toBeLessThan(rounding);
  });
});

describe('pck', () => {
  test('is strict: a distance of exactly the threshold is wrong', () => {
    expect(pck([1, 0.999], [1, 1], [5], 0.2).mean).toBe(0.5);
  });

  test('leaves out images without a torso', () => {
    expect(pck([0, 9], [1, 1], [Number.NaN, 1], 0.5).mean).toBe(0);
  });
});

describe('scorePoses', () => {
  const K = lsp14.joints.length;
  const joints = Float64Array.from({ length: 2 * K }, (_, i) => (i % 2 ? 3 * i : i));

  test('the torso runs from the left shoulder to the right hip', () => {
    expect(normLengths(lsp14, joints, new Float64Array(K).fill(1), [])[0]).toBeCloseTo(
      Math.hypot(18 - 4, 57 - 15),
      METRIC_DIGITS,
    );
    const none = new Float64Array(K).fill(1).fill(0, 2, 3);
    expect(normLengths(lsp14, joints, none, [])[0]).toBeNaN();
  });

  test('counts by joint and measures errors in sides', () => {
    const moved = joints.slice();
    // 0.15 torso: right at 0.2, wrong at 0.1.
    moved[0] += 0.15 * Math.hypot(14, 42);
    const score = scorePoses(lsp14, moved, joints, new Float64Array(K).fill(1), [[0, 0, 1, 1]], [100]);
    expect(score.pck20).toBe(1);
    expect(score.pck10).toBeCloseTo((K - 1) / K, METRIC_DIGITS);
    expect(score.joints[0]).toEqual({
      name: 'right_ankle',
      pck10: 0,
      pck20: 1,
      error: expect.closeTo(0.15 * 0.4427, 4),
    });
    expect(score.error).toBeCloseTo(score.joints[0].error / K, METRIC_DIGITS);
  });
});

test('meanPose averages annotated joints only', () => {
  const mean = meanPose([1, 2, 9, 9, 3, 6, 5, 7], [1, 0, 3, 1], 2);
  expect(Array.from(mean)).toEqual([2.5, 5, 5, 7]);
});

describe('correlation', () => {
  test('agrees with scipy, ties included', () => {
    const { x, y } = oracles.correlation;
    expect(pearson(x, y)).toBeCloseTo(oracles.correlation.pearson, METRIC_DIGITS);
    expect(spearman(x, y)).toBeCloseTo(oracles.correlation.spearman, METRIC_DIGITS);
  });

  test('is 0 where one side is constant', () => {
    expect(pearson([1, 1, 1], [1, 2, 3])).toBe(0);
  });
});
