import { describe, expect, test } from 'vitest';
import { Rng } from 'wgrad';
import { halfBodyBox } from '../../src/augmentation/halfBody.js';
import { occluderIn, paintOccluder } from '../../src/augmentation/occlusion.js';
import { type RECIPES, recipeOptions } from '../../src/augmentation/recipes.js';
import { draw } from '../../src/augmentation/spread.js';
import { varySample } from '../../src/augmentation/varySample.js';
import { cropAround, encodeJoints } from '../../src/crop.js';
import type { PoseSample } from '../../src/dataset.js';
import { coco17, flipOrder } from '../../src/schema.js';
import { h36m18 } from '../../src/schemas/h36m18.js';
import { decodeSpatialJoints, dropOutside, encodeSpatialJoints } from '../../src/targets.js';
import { makeCropBatch } from '../../src/train/cropBatch.js';

const DRAWS = 2000;
/** Six standard deviations of a share of `DRAWS` throws. */
const SIX_SIGMA = 6 * Math.sqrt(0.25 / DRAWS);

/** Somebody upright: joints from the top to the bottom of the box [20, 10, 40, 80]. */
function person(labelled: (k: number) => boolean = () => true): PoseSample {
  return {
    id: 'somebody',
    image: { width: 100, height: 110, data: new Uint8Array(100 * 110 * 3).fill(7) },
    box: [20, 10, 40, 80],
    joints: Float64Array.from({ length: 34 }, (_, i) => (i % 2 ? 10 + 2.5 * i : 20 + (i % 5) * 10)),
    weights: Float64Array.from({ length: 17 }, (_, k) => Number(labelled(k))),
  };
}

const vary = (sample: PoseSample, recipe: (typeof RECIPES)[number], i: number) =>
  varySample(sample, coco17, new Rng(3).split(i), new Rng(4).split(i), recipeOptions(recipe));

describe('draw', () => {
  test.each([
    ['uniform', { low: -2, high: 6 }, 2, 8 / Math.sqrt(12)],
    // A standard normal between -1 and 1 has this standard deviation, scipy.stats.truncnorm(-1, 1).std().
    ['cut off', { low: -2, high: 6, std: 4 }, 2, 4 * 0.5395600151],
    // Limited to +-1: E[x^2] = 0.1987 inside and P = 0.3173 at the ends.
    ['limited', { low: -2, high: 6, std: 4, beyond: 'clip' as const }, 2, 4 * Math.sqrt(0.19874804 + 0.31731051)],
  ])('%s: mean, standard deviation and ends', (_, spread, mean, std) => {
    const rng = new Rng(1);
    const values = Array.from({ length: DRAWS }, () => draw(spread, rng));
    const average = values.reduce((sum, v) => sum + v, 0) / DRAWS;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / DRAWS;
    expect(Math.abs(average - mean)).toBeLessThan((6 * std) / Math.sqrt(DRAWS));
    // The kurtosis of all three is below 3: a variance errs by less than sqrt(2 / N).
    expect(Math.abs(variance / std ** 2 - 1)).toBeLessThan(6 * Math.sqrt(2 / DRAWS));
    expect([Math.min(...values) >= -2, Math.max(...values) <= 6]).toEqual([true, true]);
  });

  test('a spread of nothing is its middle', () => {
    expect(draw({ low: 1, high: 1, std: 0 }, new Rng(1))).toBe(1);
  });
});

describe('half bodies', () => {
  const always = { probability: 1, joints: 4, upper: 3, lower: 3, upperFirst: 1, padding: 1.5 };
  const choice = (upper: number, lower: number, options: object = {}) => {
    const sample = person((k) => (k < 11 ? k < upper : k - 11 < lower));
    const box = halfBodyBox(sample, coco17, new Rng(1), { ...always, ...options });
    if (!box) return 'all';
    // Upper joints are above row 65, and the last three upper ones are not enough to tell, so the box's top does.
    return box[1] < 60 ? 'upper' : 'lower';
  };

  test.each([
    [11, 6, {}, 'upper'],
    [11, 6, { upperFirst: 0 }, 'lower'],
    [2, 6, {}, 'lower'],
    [2, 2, {}, 'upper'],
    [1, 2, { joints: 3 }, 'all'],
    [2, 1, {}, 'all'],
    [2, 6, { upper: 2 }, 'upper'],
    [11, 6, { probability: 0 }, 'all'],
  ])('%i joints above, %i below, %o: %s', (upper, lower, options, expected) => {
    expect(choice(upper, lower, options)).toBe(expected);
  });

  test('centred on the mean of the joints, as large as they are', () => {
    const sample = person((k) => k >= 11);
    const rows = [11, 12, 13, 14, 15, 16].map((k) => sample.joints[2 * k + 1]);
    const box = halfBodyBox(sample, coco17, new Rng(1), always);
    expect(box?.[3]).toBe(25);
    expect((box?.[1] ?? 0) + 12.5).toBeCloseTo(rows.reduce((a, b) => a + b) / 6, 12);
  });

  test('the upper body is what lies above the hips', () => {
    for (const schema of [coco17, h36m18]) {
      const lower = schema.joints.filter((_, k) => !schema.upperBody.includes(k));
      expect(lower.every((name) => /hip|knee|ankle|pelvis/.test(name))).toBe(true);
      expect(schema.upperBody.every((k) => !/hip|knee|ankle|pelvis/.test(schema.joints[k]))).toBe(true);
    }
  });
});

describe('varySample', () => {
  test.each([
    ['plain', 0.75, 1.25, 45, 0.5],
    ['mmpose', 0.5, 1.5, 80, 0.6],
    ['h36m', 0.7, 1.3, 60, 0.6],
  ] as const)('%s: sizes, turns and their share', (recipe, low, high, degrees, share) => {
    // Eight joints are too few for mmpose's half bodies.
    const sample = person((k) => k < 8);
    const side = cropAround(sample.box).width;
    const crops = Array.from({ length: DRAWS }, (_, i) => vary(sample, recipe, i).crop);
    const sizes = crops.map(({ width }) => width / side);
    const turns = crops.map(({ angle }) => Math.abs((angle * 180) / Math.PI));
    expect([Math.min(...sizes) >= low - 1e-12, Math.max(...sizes) <= high + 1e-12]).toEqual([true, true]);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeGreaterThan(0.95 * (high - low));
    expect(Math.max(...turns)).toBeLessThanOrEqual(degrees + 1e-12);
    expect(Math.max(...turns)).toBeGreaterThan(0.95 * degrees);
    expect(Math.abs(turns.filter((turn) => turn > 0).length / DRAWS - share)).toBeLessThan(SIX_SIGMA);
    const moved = crops.filter(({ centreX }) => centreX !== 40).length / DRAWS;
    expect(Math.abs(moved - (recipe === 'mmpose' ? 0.3 : 0))).toBeLessThan(recipe === 'mmpose' ? SIX_SIGMA : 1e-12);
  });

  test('half bodies and shifts leave the other numbers as they are', () => {
    for (let i = 0; i < 20; i++) {
      const [plain, official] = [vary(person(), 'plain', i), vary(person(), 'official', i)];
      expect(official.crop.angle).toBe(plain.crop.angle);
      expect(official.crop.mirrored).toBe(plain.crop.mirrored);
      expect(official.gains).toEqual(plain.gains);
    }
    const shown = Array.from({ length: DRAWS }, (_, i) => vary(person(), 'official', i).crop.centreY);
    expect(Math.abs(shown.filter((y) => y !== 50).length / DRAWS - 0.3)).toBeLessThan(SIX_SIGMA);
  });

  test('a sample with padding of its own keeps it', () => {
    const { crop } = varySample({ ...person(), padding: 1 }, coco17, new Rng(1), new Rng(1), {
      ...recipeOptions('plain', { rotation: 0, scaling: 0, colour: 0 }),
    });
    expect([crop.width, crop.height]).toEqual([80, 80]);
  });
});

describe('occluders', () => {
  test('are in the picture, in the box or across it, of up to 0.7 of it', () => {
    const { box, image } = person();
    const shares = Array.from({ length: 300 }, (_, i) => {
      const region = occluderIn(box, image, new Rng(i))?.region;
      if (!region) throw new Error('there is room for one');
      const { x, y, width, height } = region;
      expect([x >= 0, y >= 0, x + width <= 100, y + height <= 110]).toEqual([true, true, true, true]);
      const inside = (from: number, size: number, low: number, side: number) =>
        size >= side - 1 ? from <= low && from + size >= low + side - 3 : from >= low && from + size <= low + side;
      expect([inside(x, width, 20, 40), inside(y, height, 10, 80)]).toEqual([true, true]);
      return (width * height) / (40 * 80);
    });
    expect(Math.max(...shares)).toBeLessThanOrEqual(0.7);
    expect(Math.max(...shares)).toBeGreaterThan(0.4);
    expect(occluderIn([-500, -500, 40, 40], image, new Rng(1))).toBeUndefined();
  });

  test('are painted where they are, over the batch and not over the sample', () => {
    const sample = person();
    const region = { x: 30, y: 40, width: 10, height: 20 };
    const batch = makeCropBatch(
      [{ sample, crop: cropAround(sample.box), occluder: { region, rng: new Rng(2) } }],
      { height: 64, width: 64 },
      flipOrder(coco17),
    );
    const [at, height, width] = batch.places;
    const noise = batch.pixels.subarray(at, at + width * height).filter((word) => word !== 0x070707);
    expect(noise.length).toBeGreaterThan(195); // of 200, but for chance
    expect(noise.length).toBeLessThanOrEqual(200);
    expect(sample.image.data.every((level) => level === 7)).toBe(true);
    const small = new Uint32Array(4);
    paintOccluder({ region, rng: new Rng(2) }, { x: 39, y: 59, width: 2, height: 2 }, small, 0);
    expect(Array.from(small, (word) => word > 0)).toEqual([true, false, false, false]);
  });
});

describe('labels outside the crop', () => {
  test('count as in the official code, or weigh nothing as in mmpose', () => {
    const sample = person();
    const crop = cropAround([20, 10, 40, 40], { padding: 1 });
    const weight = (outside: 'keep' | 'drop') =>
      makeCropBatch([{ sample, crop, outside }], { height: 32, width: 32 }, flipOrder(coco17)).weight.join('');
    expect(weight('keep')).toBe('1'.repeat(17));
    // Rows 12.5 + 5 k of the joints are inside up to row 50.
    expect(weight('drop')).toBe('1'.repeat(8) + '0'.repeat(9));
    const weights = Float64Array.of(1, 1);
    dropOutside([0.5, 0, 0.1, 0, 0, -0.51], weights);
    expect(Array.from(weights)).toEqual([1, 0]);
  });

  test('in 3-D: depths in units of 2000 mm, in the order of the mirror image; samples without depths weigh in x and y', () => {
    const joints = Float64Array.from({ length: 36 }, (_, i) => 50 + i / 2);
    const weights = new Float64Array(18).fill(1);
    const depths = Float64Array.from({ length: 18 }, (_, k) => 120 * k);
    const spatial = { depths, rootDepth: 4000, focal: [1, 1], centre: [0, 0] } as const;
    const crop = { ...cropAround([40, 40, 40, 40], { padding: 1 }), mirrored: true };
    const order = flipOrder(h36m18);
    const [points, weight] = [new Float32Array(54), new Float32Array(54)];
    encodeSpatialJoints({ joints, weights, spatial }, crop, order, points, weight);
    const flat = new Float64Array(36);
    encodeJoints(joints, weights, crop, order, flat, new Float64Array(18));
    for (let k = 0; k < 18; k++) {
      expect(points[3 * k]).toBeCloseTo(flat[2 * k], 6);
      expect(points[3 * k + 2]).toBeCloseTo((120 * order[k]) / 2000, 6);
      // 1000 mm is 0.5: joints of more are out of the cube.
      expect(weight[3 * k]).toBe(Number(120 * order[k] <= 1000));
    }
    // And back: pixels, and millimetres behind the root.
    const back = decodeSpatialJoints(points, crop, order);
    for (let k = 0; k < 18; k++) {
      expect(back[3 * k]).toBeCloseTo(joints[2 * k], 4);
      expect(back[3 * k + 1]).toBeCloseTo(joints[2 * k + 1], 4);
      expect(back[3 * k + 2]).toBeCloseTo(120 * k, 3);
    }
    const shifted = points.map((value, i) => (i % 3 === 2 ? value + 0.1 : value));
    expect(decodeSpatialJoints(shifted, crop, order)[5]).toBeCloseTo(120, 3);
    encodeSpatialJoints({ joints, weights }, crop, order, points, weight);
    expect(Array.from(weight.subarray(0, 3))).toEqual([1, 1, 0]);
    expect(points[5]).toBe(0);
  });
});
