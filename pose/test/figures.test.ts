import { describe, expect, test } from 'vitest';
import { DataError, Rng } from 'wgrad';
import { checkSample, type PoseSample } from '../src/dataset.js';
import { COOL, WARM } from '../src/figures/colours.js';
import { defaultFigures, figures } from '../src/figures/figures.js';
import { annotate } from '../src/figures/labels.js';
import { lsp14 } from '../src/schema.js';

const K = lsp14.joints.length;
const sample = (index: number, options = {}) => figures(options).train.sample(index) as PoseSample;

describe('figures', () => {
  test('a sample is a function of seed and index, whatever was made before', () => {
    const set = figures();
    for (const i of [3, 0, 7]) set.train.sample(i);
    // A function is equal to itself alone; what `picture` draws is compared below.
    expect({ ...set.train.sample(5), picture: undefined }).toEqual({ ...sample(5), picture: undefined });
    expect(sample(5).image.data).not.toEqual(sample(6).image.data);
    expect(sample(5, { seed: 2 }).image.data).not.toEqual(sample(5).image.data);
    expect((set.test.sample(5) as PoseSample).image.data).not.toEqual(sample(5).image.data);
  });

  test('of endless ones every index has a sample, the first of which are those of a set that ends', async () => {
    const { train, test: held } = figures({ train: 20, test: 5, endless: true });
    expect(train.length).toBe(20);
    const far = (await train.sample(20 * 7 + 3)) as PoseSample;
    expect(checkSample(lsp14, far).image.data).not.toEqual((await train.sample(3)).image.data);
    expect((await train.sample(3)).image.data).toEqual(sample(3).image.data);
    expect(() => held.sample(5)).toThrow('test sample 5 of 5 does not exist');
    expect(() => figures({ train: 20 }).train.sample(20)).toThrow('train sample 20 of 20 does not exist');
  });

  test('every sample passes the checks, and its true joints lie in its box and picture', () => {
    const set = figures({ train: 200 });
    for (let i = 0; i < 200; i++) {
      const { box, clean = [], image } = checkSample(lsp14, set.train.sample(i) as PoseSample);
      for (let k = 0; k < K; k++) {
        const [x, y] = [clean[2 * k], clean[2 * k + 1]];
        expect(x).toBeGreaterThanOrEqual(box[0] - 1e-9);
        expect(y).toBeLessThanOrEqual(box[1] + box[3] + 1e-9);
        expect(x).toBeGreaterThan(0);
        expect(x).toBeLessThan(image.width - 1);
        expect(y).toBeGreaterThan(0);
        expect(y).toBeLessThan(image.height - 1);
      }
    }
  });

  test('the same scene at another size', async () => {
    const { picture } = await figures({ cameraNoise: 0 }).train.sample(4);
    const small = await picture!(40);
    const large = await picture!(160);
    let difference = 0;
    for (let y = 0; y < 40; y++) {
      for (let x = 0; x < 40; x++) {
        let sum = 0;
        for (let v = 0; v < 16; v++) sum += large.data[((4 * y + (v >> 2)) * 160 + 4 * x + (v & 3)) * 3];
        difference += Math.abs(sum / 16 - small.data[(y * 40 + x) * 3]) / 1600;
      }
    }
    // Outlines and patterns are sampled once per pixel; two different scenes differ by about 50 levels.
    expect(difference).toBeLessThan(10);
  });

  test('hands are warm on the left and cool on the right', () => {
    const redder = (s: PoseSample, k: number) => {
      const [x, y] = [Math.round(s.clean![2 * k]), Math.round(s.clean![2 * k + 1])];
      const p = (y * s.image.width + x) * 3;
      return s.image.data[p] - s.image.data[p + 2];
    };
    const wrists = Array.from({ length: 100 }, (_, i) => sample(i, { occluders: 0 }));
    const warm = wrists.filter((s) => redder(s, 11) > redder(s, 6)).length;
    // A wrist behind the body or the other hand shows something else.
    expect(warm).toBeGreaterThan(85);
    expect(WARM.every(([r, , b]) => r > b)).toBe(true);
    expect(COOL.every(([r, , b]) => r < b)).toBe(true);
  });

  test('refuses what it cannot make', () => {
    expect(() => figures({ size: 8 })).toThrow(/size is 8/);
    expect(() => figures({ train: 0 })).toThrow(DataError);
    expect(() => sample(defaultFigures.train)).toThrow(/does not exist/);
  });
});

describe('annotate', () => {
  const joints = Float64Array.from({ length: 2 * K }, (_, i) => (i * 0.031) % 1);
  const none = new Uint8Array(K);
  const noise = { scale: 0.01, hidden: 2.5, outliers: 0, swaps: 0, short: 0 };

  test('mean absolute error grows from shoulders to wrists and where a joint is hidden', () => {
    const sums = { shoulder: 0, wrist: 0, hiddenShoulder: 0 };
    const rounds = 4000;
    const hidden = none.slice().fill(1, 9, 10);
    for (let i = 0; i < rounds; i++) {
      const labels = annotate(new Rng(1).split(i), joints, hidden, 1, noise);
      const off = (k: number) =>
        (Math.abs(labels[2 * k] - joints[2 * k]) + Math.abs(labels[2 * k + 1] - joints[2 * k + 1])) / 2;
      sums.shoulder += off(8) / rounds;
      sums.hiddenShoulder += off(9) / rounds;
      sums.wrist += off(6) / rounds;
    }
    // E|Laplace(b)| = b, times E[care] = exp(0.35^2 / 2) = 1.063; 4000 draws of two coordinates leave about 2 %.
    expect(sums.shoulder / (0.01 * 1.063)).toBeCloseTo(1, 1);
    expect(sums.hiddenShoulder / sums.shoulder).toBeGreaterThan(2.2);
    expect(sums.wrist / sums.shoulder).toBeCloseTo((1.5 * 0.062) / 0.079, 1);
  });

  test('swaps whole arms or legs', () => {
    const swapped = annotate(new Rng(2), joints, none, 1, { ...noise, scale: 0, swaps: 1 });
    expect(swapped.subarray(0, 4)).toEqual(Float64Array.of(joints[10], joints[11], joints[8], joints[9]));
    expect(annotate(new Rng(2), joints, none, 1, { ...noise, scale: 0 })).toEqual(joints);
  });

  test('limbs are labelled too short by a share that is exponentially distributed, whatever else is wrong', () => {
    const at = (points: Float64Array, k: number) => [points[2 * k], points[2 * k + 1]];
    const rounds = 4000;
    let sum = 0;
    let above = 0;
    for (let i = 0; i < rounds; i++) {
      const labels = annotate(new Rng(3).split(i), joints, none, 1, { ...noise, scale: 0, short: 0.1 });
      const [[x, y], [kneeX, kneeY], [atX, atY]] = [at(joints, 0), at(joints, 1), at(labels, 0)];
      const share = (atX - x) / (kneeX - x);
      expect((atY - y) / (kneeY - y)).toBeCloseTo(share, 9);
      sum += share / rounds;
      above += Number(share > 0.1) / rounds;
      expect(at(labels, 2)).toEqual(at(joints, 2)); // hips, like all that is no outer end, stay
    }
    // Four standard errors; a share e^-1 of an exponential distribution lies above its mean.
    expect(Math.abs(sum - 0.1)).toBeLessThan((4 * 0.1) / Math.sqrt(rounds));
    expect(Math.abs(above - Math.exp(-1))).toBeLessThan((4 * 0.48) / Math.sqrt(rounds));
    const [plain, short] = [0, 0.1].map((share) => annotate(new Rng(4), joints, none, 1, { ...noise, short: share }));
    expect(at(short, 8)).toEqual(at(plain, 8));
    expect(at(short, 6)).not.toEqual(at(plain, 6));
  });
});
