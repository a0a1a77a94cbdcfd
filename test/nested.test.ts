import { describe, expect, test } from 'vitest';
import { ShapeError } from '../src/errors.js';
import { shapesOnly } from '../src/tensor/shapesOnly.js';
import { BACKENDS } from './backends.js';
import { values } from './numbers.js';

const devices = [...BACKENDS, { name: 'shapes', open: async () => shapesOnly() }];

describe.each(devices)('device.tensor on $name', ({ name, open }) => {
  test.each([
    [
      [
        [1, 2],
        [3, 4],
      ],
      [2, 2],
      [1, 2, 3, 4],
    ],
    [
      [
        [[1], [2]],
        [[3], [4]],
        [[5], [6]],
      ],
      [3, 2, 1],
      [1, 2, 3, 4, 5, 6],
    ],
    [[[1, 2, 3]], [1, 3], [1, 2, 3]],
    [
      [new Float32Array([1, 2]), [3, 4]],
      [2, 2],
      [1, 2, 3, 4],
    ],
    [[7, 8], [2], [7, 8]],
    [7, [], [7]],
  ])('reads %j as it is nested', async (data, shape, flat) => {
    const x = (await open()).tensor(data as never);
    expect(x.shape).toEqual(shape);
    expect(x.dtype).toBe('float32');
    if (name !== 'shapes') expect(await values(x)).toEqual(flat);
  });

  test('takes a dtype and another shape of as many elements', async () => {
    const x = (await open()).tensor(
      [
        [1, 2],
        [3, 4],
      ],
      [4, 1],
      'int32',
    );
    expect([x.shape, x.dtype]).toEqual([[4, 1], 'int32']);
  });

  test.each([
    [[[1, 2], [3]], /data\[1\] is a row of 1, expected a row of 2, as the first of \[2, 2\]/],
    [[[1, 2], 3], /data\[1\] is a number, expected a row of 2/],
    [[1, [2, 3]], /data\[1\] is a row of 2, expected a number/],
    [
      [
        [[1], [2]],
        [[3], [4, 5]],
      ],
      /data\[1\]\[1\] is a row of 2, expected a row of 1/,
    ],
    [[1, undefined], /data\[1\] is undefined undefined, expected a number/],
    [['1', 2], /data\[0\] is string 1, expected a number/],
    [[true], /data\[0\] is boolean true/],
    [[[], []], /every extent must be an integer >= 1, got \[2, 0\]/],
    [undefined, /data is undefined undefined, expected a number/],
  ])('refuses %j', async (data, message) => {
    const device = await open();
    expect(() => device.tensor(data as never)).toThrow(message);
    expect(() => device.tensor(data as never)).toThrow(ShapeError);
  });
});
