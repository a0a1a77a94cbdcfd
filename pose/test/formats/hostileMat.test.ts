import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { readMat5 } from '../../src/formats/mat5.js';

/** An element of a MATLAB 5 file: its type, its length, its bytes and padding. */
function element(type: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + (type === 15 ? body.length : Math.ceil(body.length / 8) * 8));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, body.length, true);
  bytes.set(body, 8);
  return bytes;
}

const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const ints = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);
const doubles = (...values: number[]) => new Uint8Array(Float64Array.from(values).buffer);
const ascii = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

/** A matrix of an array class: flags, dimensions, name, and what follows. */
const matrix = (kind: number, dims: Uint8Array, ...rest: Uint8Array[]) =>
  element(14, joined(element(6, ints(kind, 0)), dims, element(1, ascii('a')), ...rest));

function file(...elements: Uint8Array[]): Uint8Array {
  const header = new Uint8Array(128);
  header.set([0x00, 0x01, 0x49, 0x4d], 124);
  return joined(header, ...elements);
}

const STRUCT = 2;
const UINT8 = 9;
const small = element(5, ints(1, 1));

test('a struct whose names have a length of 1e-300, or another that is none, is refused', async () => {
  for (const length of [1e-300, 0, -8, 0.5, Number.NaN, 1e300]) {
    const bytes = file(matrix(STRUCT, small, element(9, doubles(length)), element(1, ascii('field\0\0\0'))));
    const failure = readMat5(bytes, 'names.mat');
    await expect(failure, String(length)).rejects.toThrow(DataError);
    await expect(failure).rejects.toThrow(/names\.mat: broken MATLAB 5 file, names of .* bytes do not divide 8/);
  }
});

describe('an array', () => {
  test('of impossible dimensions is refused', async () => {
    for (const dims of [doubles(1e300, 0), doubles(0.5, 2), doubles(Number.NaN, 1), ints(-1, -1)]) {
      const bytes = file(matrix(UINT8, element(dims.length === 8 ? 5 : 9, dims), element(2, Uint8Array.of(7))));
      await expect(readMat5(bytes, 'dims.mat')).rejects.toThrow(/an array has 2 axes, or one of no size/);
    }
    const many = file(matrix(UINT8, element(5, new Uint8Array(4 * 1000)), element(2, new Uint8Array())));
    await expect(readMat5(many, 'dims.mat')).rejects.toThrow(/an array has 1000 axes/);
  });

  test('of bytes stays one byte each', async () => {
    const data = Uint8Array.from({ length: 1000 }, (_, i) => i);
    const found = await readMat5(file(matrix(UINT8, element(5, ints(10, 100)), element(2, data))), 'x.mat');
    expect(found.get('a')).toEqual({ kind: 'numbers', dims: [10, 100], data });
  });

  test('of numbers is read from any place, in every type', async () => {
    const values = [1, 2, 100];
    const arrays = [
      Int8Array,
      Uint8Array,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
      Float32Array,
      Float64Array,
    ];
    const types = [1, 2, 3, 4, 5, 6, 7, 9];
    for (const [i, Numbers] of arrays.entries()) {
      const data = Numbers.from(values);
      const one = file(
        matrix(6, element(5, ints(1, 3)), element(types[i], new Uint8Array(data.buffer as ArrayBuffer))),
      );
      const moved = new Uint8Array(one.length + 3).subarray(3);
      moved.set(one);
      expect((await readMat5(moved, 'x.mat')).get('a')).toEqual({ kind: 'numbers', dims: [1, 3], data });
    }
    const long = new Uint8Array(BigInt64Array.of(-5n, 7n).buffer);
    const found = await readMat5(file(matrix(6, element(5, ints(2, 1)), element(12, long))), 'x.mat');
    expect(found.get('a')).toMatchObject({ data: Float64Array.of(-5, 7) });
  });
});

test('what is compressed grows to 128 times the file and a megabyte, all elements together', async () => {
  const compressed = (bytes: number) =>
    element(15, deflateSync(matrix(UINT8, element(5, ints(1, bytes)), element(2, new Uint8Array(bytes)))));
  const bomb = file(compressed(90e6));
  expect(bomb.length).toBeLessThan(100_000);
  await expect(readMat5(bomb, 'bomb.mat')).rejects.toThrow(/compressed elements become more than 128 times its size/);
  const one = await readMat5(file(compressed(1e6)), 'one.mat');
  expect(one.get('a')).toMatchObject({ dims: [1, 1e6] });
  await expect(readMat5(file(compressed(1e6), compressed(1e6), compressed(1e6)), 'three.mat')).rejects.toThrow(
    DataError,
  );
});
