import { describe, expect, test } from 'vitest';
import { poseOks } from '../../src/metrics/oks.js';
import type { PredictedPose } from '../../src/predict/predictPoses.js';
import { suppressAlike } from '../../src/predict/suppressAlike.js';
import { lsp14 } from '../../src/schema.js';

const AREA = 100 * 200;
const [first, second] = [1, 2].map((id) => ({ path: `${id}.jpg`, id }));

/** Somebody at (x, 2 x + k) for joint k. */
function pose(x: number, score: number, image = first, category = 1): PredictedPose {
  const joints = Float64Array.from({ length: 28 }, (_, i) => (i % 2 === 0 ? x : 2 * x + i));
  const person = { box: [0, 0, 100, 200] as const, category };
  return { ...{ image, person, joints, score, area: AREA }, size: [640, 480], side: 200, jointScores: [] };
}

const scores = (poses: readonly PredictedPose[]) => poses.map(({ score }) => score);

describe('suppressAlike', () => {
  // The first two are one person, the third is somebody else, the others are elsewhere.
  const found = [pose(50, 0.7), pose(50.5, 0.9), pose(300, 0.4), pose(50, 0.8, second), pose(50, 0.6, first, 2)];

  test('hard: drops the worse of two that are alike, in one image and category, and keeps the order', () => {
    expect(scores(suppressAlike(found, lsp14, 'hard'))).toEqual([0.9, 0.4, 0.8, 0.6]);
    expect(suppressAlike(found, lsp14, 'hard', 1)).toEqual(found);
  });

  test('soft: all stay, and those that are like better ones have less score', () => {
    const flat = ({ joints }: PredictedPose) =>
      Array.from({ length: 42 }, (_, i) => joints[2 * Math.floor(i / 3) + (i % 3)]);
    const [a, b] = found.map((p) => ({ keypoints: flat(p), area: AREA }));
    const overlap = poseOks(a, b, lsp14.oksSigmas);
    expect(overlap).toBeGreaterThan(0.9);
    const left = suppressAlike(found, lsp14, 'soft');
    const lowered = 0.7 * Math.exp(-(overlap ** 2) / 0.9);
    expect(scores(left)).toEqual([lowered, 0.9, 0.4, 0.8, 0.6].map((score) => expect.closeTo(score, 12)));
    expect(left.map(({ joints }) => joints)).toEqual(found.map(({ joints }) => joints));
  });
});
