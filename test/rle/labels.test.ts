import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/errors.js';
import { checkLabels } from '../../src/rle/labels.js';

const target = () => new Float32Array(12).fill(0.1);
const names = { image: (i: number) => `im000${i + 7}.jpg`, joints: ['head', 'knee', 'ankle'] };

describe('checkLabels', () => {
  test('passes finite labels, and any label of weight 0', () => {
    const t = target();
    checkLabels(t, undefined, [2, 3, 2]);
    t[8] = Number.NaN;
    checkLabels(t, [1, 1, 1, 1, 0, 1], [2, 3, 2]);
    checkLabels(t, [1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1], [2, 3, 2]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('names image, joint and coordinate of a %d', (bad) => {
    const t = target();
    t[9] = bad;
    expect(() => checkLabels(t, undefined, [2, 3, 2], names)).toThrow(DataError);
    expect(() => checkLabels(t, undefined, [2, 3, 2], names)).toThrow(/im0008\.jpg, knee, coordinate 1: label/);
    expect(() => checkLabels(t, undefined, [2, 3, 2])).toThrow(/image 1, joint 1, coordinate 1/);
  });

  test.each([Number.NaN, -1])('names image and joint of a weight of %d', (bad) => {
    expect(() => checkLabels(target(), [1, 1, bad, 1, 1, 1], [2, 3, 2], names)).toThrow(/im0007\.jpg, ankle.*weight/);
  });

  test('refuses arrays that do not fill the shape', () => {
    expect(() => checkLabels(target(), undefined, [2, 3, 3])).toThrow(/12 values.*\[2, 3, 3\]/);
    expect(() => checkLabels(target(), [1, 1], [2, 3, 2])).toThrow(/2 weights/);
  });
});
