import { describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { PIXEL_LEVELS, REFERENCE_RELATIVE } from '../../test/tolerance.js';
import { fitRidge, THUMBNAIL, thumbnail } from '../src/ridge.js';
import { warpCrop } from '../src/warp.js';
import oracles from './golden/pose_oracles.json' with { type: 'json' };

const golden = oracles.ridge;

describe('thumbnail', () => {
  test('is the block mean of the luma', () => {
    const [width, height] = [32, 48];
    const data = Uint8Array.from(
      { length: width * height * 3 },
      (_, i) => [200, 100, 50][i % 3] * (i < (width * height * 3) / 2 ? 1 : 0),
    );
    const input = new Float32Array(data.length);
    const crop = { centreX: (width - 1) / 2, centreY: (height - 1) / 2, width, height, angle: 0, mirrored: false };
    warpCrop({ width, height, data }, crop, width, height, input);
    const out = new Float64Array(THUMBNAIL ** 2);
    thumbnail(input, width, height, out);
    const luma = (0.299 * 200 + 0.587 * 100 + 0.114 * 50) / 255;
    out.forEach((v, i) => {
      expect(Math.abs(v - (i < 128 ? luma : 0))).toBeLessThan(PIXEL_LEVELS / 255);
    });
  });
});

describe('fitRidge', () => {
  test('picks the penalty and predicts as numpy does', () => {
    const pixels = Float64Array.from(Buffer.from(golden.pixels, 'base64'), (v) => v / 255);
    const ridge = fitRidge(pixels, Float64Array.from(golden.poses));
    expect(ridge.penalty).toBe(golden.penalty);
    ridge.predict(pixels.subarray(0, 3 * THUMBNAIL ** 2)).forEach((v, i) => {
      expect(Math.abs(v - golden.prediction[i])).toBeLessThan(REFERENCE_RELATIVE);
    });
  });

  test('needs enough samples to choose', () => {
    expect(() => fitRidge(new Float64Array(3 * 256), new Float64Array(6))).toThrow(DataError);
  });
});
