import { describe, expect, test } from 'vitest';
import { addHalves, HALVES_OF_SCALE, packHalves, unpackHalves } from '../src/ranks/halves.js';
import { float16Value, roundToFloat16 } from '../src/tensor/float16.js';
import { Rng } from '../src/tensor/rng.js';

function travelled(values: Float32Array): Float32Array {
  const halves = new Uint16Array(HALVES_OF_SCALE + values.length);
  packHalves(values, halves);
  const back = new Float32Array(values.length);
  unpackHalves(halves, back);
  return back;
}

describe('halves with a scale', () => {
  test.each([2 ** -140, 1e-30, 1e-8, 1, 3, 65504, 1e20, 3e38])(
    'round to 11 digits beside a largest value of %d',
    (largest) => {
      const rng = new Rng(3);
      const values = Float32Array.from({ length: 4000 }, (_, i) => (i === 0 ? -1 : rng.normal() / 6) * largest);
      const exponent = 2 ** Math.min(15 - Math.ceil(Math.log2(Math.max(...values.map(Math.abs)))), 126);
      const expected = values.map((value) => roundToFloat16(value * exponent) / exponent);
      expect(travelled(values)).toEqual(expected);
    },
  );

  test('keep every half up to 2^15, and round the ties between them to even', () => {
    const up = Array.from({ length: 0x7800 }, (_, bits) => [
      float16Value(bits),
      (float16Value(bits) + float16Value(bits + 1)) / 2,
    ]);
    const values = Float32Array.from([2 ** 15, ...up.flat(), ...up.flat().map((value) => -value)]);
    expect(travelled(values)).toEqual(values.map(roundToFloat16));
  });

  test('keep zeros, infinities and NaN', () => {
    expect(Array.from(travelled(new Float32Array(3)))).toEqual([0, 0, 0]);
    const values = Float32Array.of(1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN);
    expect(Array.from(travelled(values))).toEqual(Array.from(values));
  });

  test('of several ranks are added with digits that none of them has', () => {
    const sums = new Float64Array(2);
    for (const values of [
      [1, 2 ** -20],
      [2 ** -20, 1024],
    ]) {
      const halves = new Uint16Array(HALVES_OF_SCALE + 2);
      packHalves(values, halves);
      addHalves(halves, sums);
    }
    expect(Array.from(sums)).toEqual([1 + 2 ** -20, 1024 + 2 ** -20]);
  });
});
