import { describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { checkSample, jointBox, type PoseSample } from '../src/dataset.js';
import { coco17, crowdpose14, flipOrder, lsp14 } from '../src/schema.js';
import { mpii16 } from '../src/schemas/mpii16.js';
import { posetrack18 } from '../src/schemas/posetrack18.js';

describe.each([lsp14, coco17, crowdpose14, mpii16, posetrack18])('$name', (schema) => {
  const K = schema.joints.length;

  test('flip pairs are the left and right of the same joint, and every sided joint has one', () => {
    for (const [a, b] of schema.flipPairs) {
      const names = [schema.joints[a], schema.joints[b]].sort();
      expect(names).toEqual([expect.stringMatching(/^left_/), names[0].replace('left_', 'right_')]);
    }
    const order = flipOrder(schema);
    schema.joints.forEach((name, k) => {
      expect(order[k] !== k).toBe(/^(left|right)_/.test(name));
      expect(order[order[k]]).toBe(k);
    });
  });

  test('normaliser, limbs and sigmas refer to joints', () => {
    expect(schema.normaliser.map((k) => schema.joints[k])).toEqual(['left_shoulder', 'right_hip']);
    expect(schema.oksSigmas.length).toBe(K);
    expect(schema.jointWeights?.length ?? K).toBe(K);
    for (const [a, b] of schema.flipPairs) expect(schema.jointWeights?.[a]).toBe(schema.jointWeights?.[b]);
    const drawn = new Set(schema.limbs.map(([a]) => a).concat(schema.limbs.map(([, b]) => b)));
    expect([...drawn].sort((a, b) => a - b)).toEqual(schema.joints.map((_, k) => k));
  });
});

describe('checkSample', () => {
  const good = (): PoseSample => ({
    id: 'im1',
    image: { width: 20, height: 10, data: new Uint8Array(600) },
    box: [1, 1, 8, 8],
    joints: new Float64Array(28).fill(5),
    weights: new Float64Array(14).fill(1),
  });
  const depths = new Float64Array(14).fill(7);
  const spatial = (change: object) => ({
    spatial: { ...{ depths, rootDepth: 5000, focal: [1, 1], centre: [10, 5] }, ...change } as PoseSample['spatial'],
  });
  const spoil = (change: (s: PoseSample) => Partial<PoseSample> | undefined): (() => PoseSample) => {
    const sample = good();
    return () => checkSample(lsp14, { ...sample, ...change(sample) });
  };

  test('passes a good sample, whatever an unlabelled joint holds', () => {
    const sample = good();
    sample.joints[4] = Number.NaN;
    sample.weights[2] = 0;
    expect(checkSample(lsp14, sample)).toBe(sample);
  });

  test.each([
    [
      'a non-finite joint',
      (s: PoseSample) => void s.joints.fill(Number.NaN, 13, 14),
      /im1: joint right_wrist is at \(5, NaN\)/,
    ],
    [
      'a joint far outside',
      (s: PoseSample) => void s.joints.fill(30.5, 24, 25),
      /im1: joint neck at \(30.5, 5.0\) is far outside/,
    ],
    ['a weight below 0', (s: PoseSample) => void s.weights.fill(-1, 0, 1), /right_ankle has weight -1/],
    ['nobody', (s: PoseSample) => void s.weights.fill(0), /none of 14 joints is annotated/],
    ['another schema', () => ({ joints: new Float64Array(34) }), /28 coordinates and 14 weights; got 34 and 14/],
    [
      'a short picture',
      () => ({ image: { width: 20, height: 10, data: new Uint8Array(200) } }),
      /needs 600 bytes, got 200/,
    ],
    ['an empty box', () => ({ box: [3, 3, 0, 0] as const }), /has no extent/],
    [
      'a weight that is no number',
      (s: PoseSample) => void s.weights.fill(Number.NaN, 0, 1),
      /right_ankle has weight NaN/,
    ],
    ['a padding of 0', () => ({ padding: 0 }), /the padding of its box is 0/],
    ['a depth that is no number', () => spatial({ depths: depths.with(3, Number.NaN) }), /left_hip has depth NaN/],
    ['too few depths', () => spatial({ depths: depths.slice(1) }), /14 joints, and there are 13 depths/],
    ['a camera that is no number', () => spatial({ focal: [1, Number.NaN] }), /focal length 1, NaN/],
  ])('refuses %s', (_, change, message) => {
    expect(spoil((s) => change(s) ?? undefined)).toThrow(message);
    expect(spoil((s) => change(s) ?? undefined)).toThrow(DataError);
  });

  test('jointBox is tight and looks at annotated joints', () => {
    expect(jointBox([1, 2, 5, 9, 100, 100], [1, 1, 0])).toEqual([1, 2, 4, 7]);
    expect(jointBox([1, 2], [0])).toEqual([0, 0, 0, 0]);
  });
});
