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
    [[1, undefined], /data\[1\] is undefined, expected a number/],
    [['1', 2], /data\[0\] is string 1, expected a number/],
    [[true], /data\[0\] is boolean true/],
    [[[], []], /every extent must be an integer >= 1, got \[2, 0\]/],
    [undefined, /data is undefined, expected a number/],
    [new DataView(new ArrayBuffer(8)), /data is object \[object DataView\], expected a number/],
    [new BigInt64Array(2), /data\[0\] is bigint 0, expected a number/],
  ])('refuses %o', async (data, message) => {
    const device = await open();
    expect(() => device.tensor(data as never)).toThrow(message);
    expect(() => device.tensor(data as never)).toThrow(ShapeError);
  });

  test.each<[unknown, 'int32' | 'uint32', RegExp]>([
    [[-1, 1.5], 'int32', /^tensor: data\[1\] is 1.5, expected an integer from -2147483648 to 2147483647, which int32/],
    [[[1], [Number.NaN]], 'int32', /^tensor: data\[1\]\[0\] is NaN, expected an integer/],
    [[1e12], 'int32', /data\[0\] is 1000000000000/],
    [[2 ** 31], 'int32', /data\[0\] is 2147483648/],
    [[0, -1], 'uint32', /data\[1\] is -1, expected an integer from 0 to 4294967295/],
    [[2 ** 32], 'uint32', /data\[0\] is 4294967296/],
    [new Float32Array([1, 0.5]), 'int32', /data\[1\] is 0.5/],
    [new Int32Array([1, -5]), 'uint32', /data\[1\] is -5/],
  ])('refuses %j as %s', async (data, dtype, message) => {
    const device = await open();
    expect(() => device.tensor(data as never, undefined, dtype)).toThrow(message);
    expect(() => device.tensor(data as never, undefined, dtype)).toThrow(ShapeError);
  });

  test('takes the bounds of the integer dtypes', async () => {
    const device = await open();
    const [least, most, large] = [-(2 ** 31), 2 ** 31 - 1, 2 ** 32 - 1];
    const [a, b] = [
      device.tensor([least, most], [2], 'int32'),
      device.tensor(new Float64Array([0, large]), [2], 'uint32'),
    ];
    if (name !== 'shapes')
      expect([await values(a), await values(b)]).toEqual([
        [least, most],
        [0, large],
      ]);
  });

  test('refuses a dtype that there is not, a shape that is no array, and a scalar that is no number', async () => {
    const device = await open();
    const dtype = 'float64' as never;
    expect(() => device.tensor([1, 2], [2], dtype)).toThrow(
      /^tensor: dtype is float64, expected one of float32, float16/,
    );
    expect(() => device.zeros([2], dtype)).toThrow(/^zeros: dtype is float64/);
    expect(() => device.scalar(1, dtype)).toThrow(/^scalar: dtype is float64/);
    expect(() => device.zeros(4 as never)).toThrow(/^zeros: the shape is 4, expected an array of extents; write \[4\]/);
    device.scalar(3);
    expect(() => device.scalar('3' as never)).toThrow(/^scalar: the value is string 3, expected a number/);
  });
});

describe.each(BACKENDS)('device.write on $name', ({ open }) => {
  test.each([
    [['a', 1], /^write: data\[0\] is string a, expected a number/],
    [[1, null], /^write: data\[1\] is null, expected a number/],
    [new Array(2), /^write: data\[0\] is undefined, expected a number/],
  ])('refuses %j', async (data, message) => {
    const x = (await open()).tensor([5, 6]);
    expect(() => x.device.write(x, data as never)).toThrow(message);
    expect(await values(x)).toEqual([5, 6]);
  });

  test('refuses what the integers of the tensor cannot be', async () => {
    const x = (await open()).tensor([5, 6], [2], 'int32');
    expect(() => x.device.write(x, [1, 1.5])).toThrow(/^write: data\[1\] is 1.5, expected an integer/);
    expect(await values(x)).toEqual([5, 6]);
  });
});
