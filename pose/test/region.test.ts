import { describe, expect, test } from 'vitest';
import { Rng } from 'wgrad';
import { BACKENDS } from '../../test/backends.js';
import { WARPED_LEVELS } from '../../test/tolerance.js';
import { augmentColour, augmentCrop } from '../src/augment.js';
import { type Crop, cropAround, inputToImage } from '../src/crop.js';
import { packRegion, sampledRegion } from '../src/region.js';
import { flipOrder, lsp14 } from '../src/schema.js';
import { makeCropBatch } from '../src/train/cropBatch.js';
import { uploadBatch } from '../src/train/deviceBatch.js';
import { IMAGENET_MEAN, IMAGENET_STD, warpCrop } from '../src/warp.js';

/** Noise: neighbouring pixels differ by up to 255 levels, so that a wrong place shows. */
function noise(width: number, height: number) {
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24),
  };
}

describe('sampledRegion', () => {
  test('holds every pixel that has a share in a sample, and lies inside', () => {
    const rng = new Rng(2);
    for (let i = 0; i < 50; i++) {
      const image = { width: 20 + rng.int(30), height: 20 + rng.int(30) };
      const crop = augmentCrop(cropAround([rng.int(20) - 5, rng.int(20) - 5, 10 + rng.int(30), 25]), rng);
      const [a, b, c, d, e, f] = inputToImage(crop, 9, 7);
      const region = sampledRegion([a, b, c, d, e, f], 9, 7, image);
      expect(Math.min(region.x, region.y, region.width, region.height)).toBeGreaterThanOrEqual(0);
      expect(region.x + region.width).toBeLessThanOrEqual(image.width);
      expect(region.y + region.height).toBeLessThanOrEqual(image.height);
      for (let v = 0; v < 7; v++) {
        for (let u = 0; u < 9; u++) {
          const [left, top] = [Math.floor(a * u + b * v + c), Math.floor(d * u + e * v + f)];
          for (const [x, y] of [
            [left, top],
            [left + 1, top + 1],
          ]) {
            if (x < 0 || y < 0 || x >= image.width || y >= image.height) continue;
            expect(x >= region.x && x < region.x + region.width).toBe(true);
            expect(y >= region.y && y < region.y + region.height).toBe(true);
          }
        }
      }
    }
  });

  test('is empty where the crop sees nothing of the image', () => {
    const { width, height } = sampledRegion([1, 0, 100, 0, 1, 5], 4, 4, { width: 20, height: 20 });
    expect(width * height).toBe(0);
  });

  test('packs red into the lowest byte, row by row', () => {
    const image = { width: 3, height: 2, data: Uint8Array.from({ length: 18 }, (_, i) => i) };
    const out = new Uint32Array(5);
    packRegion(image, { x: 1, y: 0, width: 2, height: 2 }, out, 1);
    expect(Array.from(out)).toEqual([0, 0x050403, 0x080706, 0x0e0d0c, 0x11100f]);
  });
});

describe.each(BACKENDS)('$name', ({ open, tolerance }) => {
  const allowed = tolerance(WARPED_LEVELS.reference, WARPED_LEVELS.gpu);
  const size = { height: 64, width: 48 };
  const pixels = size.height * size.width * 3;
  const order = flipOrder(lsp14);

  /** Rows of a batch as training has them: photographs of several sizes, turned, mirrored, over the edge. */
  function rows(rng: Rng) {
    return [
      [110, 174],
      [201, 90],
      [640, 480],
      [37, 53],
      [1280, 720],
    ].map(([width, height]) => {
      const box = [width * 0.2, height * 0.1, width * 0.5, height * 0.7] as const;
      const sample = { id: 'noise', image: noise(width, height), box, joints: new Float64Array(28) };
      const crop: Crop = augmentCrop(cropAround(box), rng);
      return { sample: { ...sample, weights: new Float64Array(14) }, crop };
    });
  }

  test('crops that the device cuts are those of warpCrop', async () => {
    const device = await open();
    const batch = rows(new Rng(8));
    const { images } = uploadBatch(device, makeCropBatch(batch, size, order), batch.length, size);
    const cut = await images.data();
    const expected = new Float32Array(pixels);
    batch.forEach(({ sample, crop }, row) => {
      warpCrop(sample.image, crop, size.width, size.height, expected);
      const levels = expected.map((value, i) => Math.abs(cut[row * pixels + i] - value) * 255 * IMAGENET_STD[i % 3]);
      expect(Math.max(...levels)).toBeLessThan(allowed);
    });
  });

  test('colour gains brighten before the normalisation and never leave what a pixel can hold', async () => {
    const device = await open();
    const rng = new Rng(9);
    const batch = rows(rng).map((row) => ({ ...row, gains: augmentColour(rng, { colour: 0.4 }) }));
    const { images } = uploadBatch(device, makeCropBatch(batch, size, order), batch.length, size);
    const cut = await images.data();
    const expected = new Float32Array(pixels);
    batch.forEach(({ sample, crop, gains }, row) => {
      warpCrop(sample.image, crop, size.width, size.height, expected);
      const wrong = expected.filter((value, i) => {
        const level = (v: number) => 255 * (v * IMAGENET_STD[i % 3] + IMAGENET_MEAN[i % 3]);
        const brightened = Math.min(255, Math.max(0, gains[i % 3] * level(value)));
        return Math.abs(level(cut[row * pixels + i]) - brightened) > 2 * allowed;
      });
      expect(wrong).toHaveLength(0);
    });
  });

  test('rows beyond the last sample show nothing', async () => {
    const device = await open();
    const batch = rows(new Rng(8)).slice(0, 2);
    const { images, weight } = uploadBatch(device, makeCropBatch(batch, size, order, 3), 3, size);
    expect((await images.data()).subarray(2 * pixels).every((v) => v === 0)).toBe(true);
    expect((await weight.data()).every((v) => v === 0)).toBe(true);
  });
});
