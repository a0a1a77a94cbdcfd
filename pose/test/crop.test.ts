import { describe, expect, test } from 'vitest';
import { DataError, Rng } from 'wgrad';
import { PIXEL_LEVELS } from '../../test/tolerance.js';
import { applyAffine, composeAffine, invertAffine } from '../src/affine.js';
import { augmentCrop, rleAugmentation } from '../src/augment.js';
import { type Crop, cropAround, decodeJoints, encodeJoints, inputToImage, mirrorCrop } from '../src/crop.js';
import type { RgbImage } from '../src/dataset.js';
import { flipOrder, lsp14 } from '../src/schema.js';
import { IMAGENET_MEAN, IMAGENET_STD, warpCrop } from '../src/warp.js';
import golden from './golden/pose_oracles.json' with { type: 'json' };

const K = lsp14.joints.length;
const order = flipOrder(lsp14);

/** Network input back to 8-bit levels. */
function levels(input: Float32Array): number[] {
  return Array.from(input, (v, i) => 255 * (v * IMAGENET_STD[i % 3] + IMAGENET_MEAN[i % 3]));
}

function warp(image: RgbImage, crop: Crop, width: number, height: number): number[] {
  const out = new Float32Array(width * height * 3);
  warpCrop(image, crop, width, height, out);
  return levels(out);
}

function expectLevels(actual: readonly number[], expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((v, i) => {
    expect(Math.abs(v - expected[i])).toBeLessThan(PIXEL_LEVELS);
  });
}

function pattern(width: number, height: number): RgbImage {
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 71 + (i % 13) * 29) % 256),
  };
}

const whole = (width: number, height: number): Crop => ({
  centreX: (width - 1) / 2,
  centreY: (height - 1) / 2,
  width,
  height,
  angle: 0,
  mirrored: false,
});

describe('affine', () => {
  test('the inverse undoes the map, and composition applies the inner map first', () => {
    const m = [1.5, -0.4, 3, 0.7, 2, -1] as const;
    const [x, y] = applyAffine(composeAffine(invertAffine(m), m), 5, -7);
    expect([x, y]).toEqual([expect.closeTo(5, 12), expect.closeTo(-7, 12)]);
    expect(applyAffine(composeAffine([2, 0, 0, 0, 2, 0], [1, 0, 1, 0, 1, 1]), 1, 1)).toEqual([4, 4]);
  });
});

describe('cropAround', () => {
  test('a square of 1.25 times the longer side, about the centre of the box', () => {
    expect(cropAround([10, 20, 30, 40])).toEqual({
      centreX: 25,
      centreY: 40,
      width: 50,
      height: 50,
      angle: 0,
      mirrored: false,
    });
  });

  test('extends the short side to the aspect before padding', () => {
    const wide = cropAround([0, 0, 90, 40], { aspect: 0.75, padding: 1 });
    expect([wide.width, wide.height]).toEqual([90, 120]);
    const tall = cropAround([0, 0, 10, 40], { aspect: 0.75, padding: 1 });
    expect([tall.width, tall.height]).toEqual([30, 40]);
  });

  test('refuses a box without extent', () => {
    expect(() => cropAround([5, 5, 0, 0])).toThrow(DataError);
    expect(() => cropAround([5, Number.NaN, 3, 3])).toThrow(/no extent/);
  });
});

describe('warpCrop', () => {
  test('the crop of the whole image at its own size is the image', () => {
    const image = pattern(7, 5);
    expectLevels(warp(image, whole(7, 5), 7, 5), image.data);
  });

  test('agrees with scipy on a turned, mirrored crop over the edge', () => {
    const { image, crop, width, height, values } = golden.warp;
    expectLevels(warp({ ...image, data: Uint8Array.from(image.data) }, crop, width, height), values);
  });

  test('mirroring reverses the columns exactly, and twice is nothing', () => {
    const image = pattern(7, 5);
    const crop = { ...whole(7, 5), centreX: 2.3, width: 9, angle: 0 };
    const plain = warp(image, crop, 6, 4);
    const mirrored = warp(image, mirrorCrop(crop), 6, 4);
    const reversed = plain.map((_, i) => plain[(Math.floor(i / 18) * 6 + 5 - (Math.floor(i / 3) % 6)) * 3 + (i % 3)]);
    expectLevels(mirrored, reversed);
    expect(mirrorCrop(mirrorCrop(crop))).toEqual(crop);
  });

  test('channels of the other order are the same numbers', () => {
    const input = (channels: 'rgb' | 'bgr') => {
      const form = { mean: IMAGENET_MEAN, std: IMAGENET_STD, pixel: 0, channels };
      const out = new Float32Array(5 * 4 * 3);
      warpCrop(pattern(7, 5), whole(7, 5), 5, 4, out, form);
      return out;
    };
    const rgb = input('rgb');
    expect(input('bgr')).toEqual(rgb.map((_, i) => rgb[i - (i % 3) + 2 - (i % 3)]));
  });

  test('outside is black before normalisation', () => {
    const far = { ...whole(4, 4), centreX: 100 };
    expectLevels(warp(pattern(4, 4), far, 3, 2), new Float64Array(18));
  });
});

describe('labels', () => {
  const joints = Float64Array.from({ length: 2 * K }, (_, i) => 11 + ((i * 37) % 50));
  const weights = new Float64Array(K).fill(1);

  test('are crop units: the centre is 0 and the edges 0.5', () => {
    const out = new Float64Array(2 * K);
    const crop = cropAround([10, 20, 40, 40], { padding: 1 });
    encodeJoints([30, 40, 50, 60, ...new Float64Array(2 * K - 4)], weights, crop, order, out, new Float64Array(K));
    expect(Array.from(out.subarray(0, 4))).toEqual([0, 0, 0.5, 0.5]);
  });

  test('a mirrored crop swaps pairs and negates x', () => {
    const crop = cropAround([5, 8, 50, 61]);
    const plain = new Float64Array(2 * K);
    const mirrored = new Float64Array(2 * K);
    const moved = new Float64Array(K);
    const some = weights.slice().fill(0, 3, 4);
    encodeJoints(joints, some, crop, order, plain, new Float64Array(K));
    encodeJoints(joints, some, mirrorCrop(crop), order, mirrored, moved);
    for (let k = 0; k < K; k++) {
      expect(moved[k]).toBe(some[order[k]]);
      expect(mirrored[2 * k]).toBeCloseTo(-plain[2 * order[k]], 12);
      expect(mirrored[2 * k + 1]).toBeCloseTo(plain[2 * order[k] + 1], 12);
    }
    expect(lsp14.joints[order[0]]).toBe('left_ankle');
  });

  test('come back through decodeJoints from any augmented crop', () => {
    const rng = new Rng(11);
    for (let i = 0; i < 20; i++) {
      const crop = augmentCrop(cropAround([5, 8, 50, 61], { aspect: 0.75 }), rng);
      const out = new Float64Array(2 * K);
      encodeJoints(joints, weights, crop, order, out, new Float64Array(K));
      decodeJoints(out, crop, order).forEach((v, j) => {
        expect(v).toBeCloseTo(joints[j], 9);
      });
    }
  });

  test('a joint without weight never reaches the loss as NaN', () => {
    const out = new Float64Array(2 * K);
    const unknown = joints.map((v, i) => (i < 2 ? Number.NaN : v));
    const without = weights.map((w, k) => (k === 0 ? 0 : w));
    encodeJoints(unknown, without, mirrorCrop(cropAround([5, 8, 50, 61])), order, out, new Float64Array(K));
    expect(out.every(Number.isFinite)).toBe(true);
  });

  test('a drawn dot lands where its label says, in any augmented crop', () => {
    const rng = new Rng(5);
    const size = 48;
    for (let i = 0; i < 12; i++) {
      const data = new Uint8Array(64 * 64 * 3);
      const [x, y] = [22 + rng.int(20), 22 + rng.int(20)];
      data.fill(255, (y * 64 + x) * 3, (y * 64 + x + 1) * 3);
      const crop = augmentCrop(cropAround([12, 12, 40, 40], { padding: 1 }), rng);
      const label = new Float64Array(2);
      encodeJoints([x, y], [1], crop, [0], label, new Float64Array(1));
      const out = warp({ width: 64, height: 64, data }, crop, size, size);
      let [sum, cx, cy] = [0, 0, 0];
      for (let p = 0; p < size * size; p++) {
        sum += out[3 * p];
        cx += out[3 * p] * (p % size);
        cy += out[3 * p] * Math.floor(p / size);
      }
      // The centroid of a tent sampled on the pixel grid: within a fifth of a pixel of its peak.
      expect(Math.abs(cx / sum - ((label[0] + 0.5) * size - 0.5))).toBeLessThan(0.2);
      expect(Math.abs(cy / sum - ((label[1] + 0.5) * size - 0.5))).toBeLessThan(0.2);
    }
  });

  test("inputToImage of UDP is mmpose's matrix, from the centre of the first pixel to that of the last, and mirrors exactly", () => {
    const crop = cropAround([20, 30, 40, 80], { padding: 1.25, aspect: 0.75 });
    const [width, height] = [192, 256];
    // get_udp_warp_matrix: dst = (src - centre + scale / 2) (size - 1) / scale, inverted.
    const expected = (u: number, v: number) => [
      crop.centreX - crop.width / 2 + (u * crop.width) / (width - 1),
      crop.centreY - crop.height / 2 + (v * crop.height) / (height - 1),
    ];
    const udp = inputToImage(crop, width, height, 0, true);
    const mirrored = inputToImage(mirrorCrop(crop), width, height, 0, true);
    for (const [u, v] of [
      [0, 0],
      [191, 255],
      [17, 101],
    ]) {
      const want = expected(u, v).map((x) => expect.closeTo(x, 10));
      expect([...applyAffine(udp, u, v)]).toEqual(want);
      expect([...applyAffine(mirrored, width - 1 - u, v)]).toEqual(want);
    }
  });

  test('inputToImage is the matrix that a kernel needs', () => {
    const [x, y] = applyAffine(inputToImage(whole(7, 5), 7, 5), 2, 3);
    expect([x, y]).toEqual([expect.closeTo(2, 12), expect.closeTo(3, 12)]);
  });
});

describe('augmentCrop', () => {
  const crop = cropAround([0, 0, 100, 100], { padding: 1 });

  test('stays in its ranges, turns and mirrors about half the time', () => {
    const rng = new Rng(3);
    const crops = Array.from({ length: 400 }, () => augmentCrop(crop, rng));
    for (const c of crops) {
      expect(c.width).toBeGreaterThanOrEqual(75);
      expect(c.width).toBeLessThan(125);
      expect(Math.abs(c.angle)).toBeLessThanOrEqual(Math.PI / 4);
    }
    // Six standard deviations of a fair coin thrown 400 times are 60.
    expect(Math.abs(crops.filter((c) => c.angle !== 0).length - 200)).toBeLessThan(60);
    expect(Math.abs(crops.filter((c) => c.mirrored).length - 200)).toBeLessThan(60);
    expect(Math.max(...crops.map((c) => c.width))).toBeGreaterThan(120);
  });

  test('draws as many numbers whatever the options are', () => {
    const [a, b] = [new Rng(9), new Rng(9)];
    augmentCrop(crop, a);
    augmentCrop(crop, b, { ...rleAugmentation, rotationProbability: 0, mirrorProbability: 0 });
    expect(a.uniform()).toBe(b.uniform());
  });
});
