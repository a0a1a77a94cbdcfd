import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/errors.js';
import { readMat5 } from '../../src/io/mat5.js';
import { Rng } from '../../src/tensor/rng.js';
import golden from '../golden/pose_oracles.json' with { type: 'json' };

const files = { plain: golden.mat_plain, compressed: golden.mat_compressed };

describe.each(Object.entries(files))('a %s file of scipy', (name, base64) => {
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));

  test('gives its numeric arrays in MATLAB order and passes over text', () => {
    const arrays = readMat5(bytes, name);
    expect([...arrays.keys()].sort()).toEqual(['bytes', 'joints']);
    expect(arrays.get('bytes')).toEqual({ dims: [2, 3], data: Float64Array.of(0, 3, 1, 4, 2, 5) });
    const joints = arrays.get('joints')!;
    expect(joints.dims).toEqual([3, 14, 4]);
    expect(joints.data[1 + 3 * (5 + 14 * 2)]).toBe(10 + 5 + 0.5 + 1);
  });

  test('truncated or damaged, it is a DataError or other numbers, never another error', () => {
    const rng = new Rng(17);
    for (let i = 0; i < 300; i++) {
      const spoilt = bytes.slice(0, i % 2 ? bytes.length : rng.int(bytes.length));
      for (let n = 0; n < 4 && spoilt.length; n++) spoilt[rng.int(spoilt.length)] ^= 1 << rng.int(8);
      try {
        readMat5(spoilt, 'spoilt.mat');
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
      }
    }
  });
});

test('refuses another format by name', () => {
  expect(() => readMat5(new Uint8Array(200), 'x.mat')).toThrow(/x.mat: not a little-endian MATLAB 5 file/);
});
