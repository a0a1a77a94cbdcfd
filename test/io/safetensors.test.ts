import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/errors.js';
import { formatSafetensors, parseSafetensors } from '../../src/io/safetensors.js';
import { Rng } from '../../src/tensor/rng.js';
import golden from '../golden/safetensors.json' with { type: 'json' };

// Buffers out of Node's shared pool, as a small file read by fs is: neither aligned nor alone in its memory.
const full = Buffer.from(golden.full, 'base64');
const halves = Buffer.from(golden.halves, 'base64');

/** A file of a given header text and data. */
function file(header: string, data: ArrayLike<number> = []): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const entry = (begin: number, end: number, shape: readonly unknown[] = [end - begin], dtype = 'U8') =>
  `{"dtype":"${dtype}","shape":${JSON.stringify(shape)},"data_offsets":[${begin},${end}]}`;

describe('parseSafetensors', () => {
  test('reads what the reference implementation wrote', () => {
    const { tensors, metadata } = parseSafetensors(full);
    expect(metadata).toEqual({ format: 'pt' });
    expect(Object.fromEntries(tensors)).toEqual({
      'layer1.0.conv1.weight': { dtype: 'F32', shape: [2, 3, 1], data: Float32Array.from(golden.float32) },
      f64: { dtype: 'F64', shape: [2], data: Float64Array.of(1 / 3, Math.PI) },
      steps: { dtype: 'I64', shape: [2], data: BigInt64Array.of(2n ** 53n + 1n, -5n) },
      i32: { dtype: 'I32', shape: [1, 2], data: Int32Array.of(-(2 ** 31), 7) },
      u32: { dtype: 'U32', shape: [], data: Uint32Array.of(2 ** 32 - 1) },
      i8: { dtype: 'I8', shape: [2], data: Int8Array.of(-128, 127) },
      empty: { dtype: 'U8', shape: [0, 3], data: new Uint8Array(0) },
      u8: { dtype: 'U8', shape: [1], data: Uint8Array.of(255) },
      'mask é "q"': { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) },
    });
  });

  test('takes what a response gives, and not only bytes', () => {
    const alone = Uint8Array.from(full).buffer;
    expect(parseSafetensors(alone)).toEqual(parseSafetensors(full));
  });

  test('widens half floats exactly, subnormals, infinities and NaN included', () => {
    const { tensors } = parseSafetensors(halves);
    const numbers = (text: readonly string[]) =>
      Float32Array.from(text, (t) => (t.endsWith('inf') ? Number(t.replace('inf', 'Infinity')) : Number(t)));
    expect(tensors.get('half')).toEqual({ dtype: 'F32', widenedFrom: 'F16', shape: [11], data: numbers(golden.half) });
    expect(tensors.get('brain')).toEqual({
      dtype: 'F32',
      widenedFrom: 'BF16',
      shape: [5],
      data: numbers(golden.brain),
    });
  });

  test('returns copies', () => {
    const bytes = Uint8Array.from(full);
    const { tensors } = parseSafetensors(bytes);
    bytes.fill(0);
    expect(tensors.get('f64')?.data[1]).toBe(Math.PI);
  });

  test('takes names that mean something to JavaScript as names', () => {
    const { tensors } = parseSafetensors(file(`{"__proto__":${entry(0, 1)},"0":${entry(1, 2)}}`, [5, 6]));
    expect([...tensors.keys()]).toEqual(['__proto__', '0']);
  });

  const broken: readonly (readonly [string, Uint8Array, string])[] = [
    ['nothing', new Uint8Array(0), 'ends at byte 0, expected at least 8 for the header length'],
    ['a huge header', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128), 'the header length reads 9223372036854776000'],
    ['a cut header', file('{}').subarray(0, 9), 'ends at byte 9, expected at least 10 for the header'],
    ['no JSON', file('{"a":'), 'the header is not JSON'],
    ['bytes that are not UTF-8', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff), 'the header is not JSON'],
    ['a list', file('[1]'), 'expected an object, got [1]'],
    ['a name twice', file(`{"a":${entry(0, 1)},"\\u0061":${entry(0, 1)}}`, [0]), '"\\u0061" occurs twice'],
    ['a field twice', file('{"a":{"dtype":"U8","dtype":"I8"}}'), '"dtype" occurs twice'],
    ['no tensor', file('{"a":7}'), 'tensor "a" is 7, expected {dtype, shape, data_offsets}'],
    [
      'an unknown dtype',
      file(`{"a":${entry(0, 1, [1], 'C64')}}`, [0]),
      'tensor "a" has dtype "C64", expected one of F64',
    ],
    ['a dtype that is a property', file(`{"a":${entry(0, 1, [1], 'constructor')}}`, [0]), 'has dtype "constructor"'],
    ['a negative size', file(`{"a":${entry(0, 1, [-1])}}`, [0]), 'has shape [-1], expected a list of integers >= 0'],
    ['a fractional size', file(`{"a":${entry(0, 1, [0.5])}}`, [0]), 'has shape [0.5]'],
    ['no shape', file('{"a":{"dtype":"U8","data_offsets":[0,1]}}', [0]), 'has shape nothing'],
    ['offsets in reverse', file(`{"a":${entry(1, 0, [1])}}`, [0]), 'has data_offsets [1,0], expected [begin, end]'],
    ['too few bytes', file(`{"a":${entry(0, 7, [2], 'F32')}}`, new Array(7)), 'has 7 bytes, expected 8 for F32 [2]'],
    ['sizes beyond 2^53', file(`{"a":${entry(0, 8, [2 ** 30, 2 ** 30, 0.5 * 2 ** 31])}}`), 'has 8 bytes, expected 1'],
    [
      'a gap',
      file(`{"a":${entry(1, 2)}}`, [0, 0]),
      'tensor "a" leaves a gap before it: it begins at byte 1, expected 0',
    ],
    ['an overlap', file(`{"a":${entry(0, 2)},"b":${entry(1, 3)}}`, [0, 0, 0]), 'tensor "b" overlaps the tensor before'],
    ['a cut tensor', file(`{"a":${entry(0, 2)}}`, [0]), 'for tensor "a": not a safetensors file, or cut short'],
    ['bytes to spare', file(`{"a":${entry(0, 1)}}`, [0, 0, 0]), '2 bytes behind the last tensor'],
    [
      'metadata that are no strings',
      file('{"__metadata__":{"epoch":3}}'),
      '__metadata__ "epoch" is 3, expected a string',
    ],
    ['metadata that are no object', file('{"__metadata__":[]}'), '__metadata__ is [], expected an object of strings'],
  ];
  test.each(broken)('refuses %s', (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, 'net.safetensors')).toThrow(DataError);
    expect(() => parseSafetensors(bytes, 'net.safetensors')).toThrow(message);
    expect(() => parseSafetensors(bytes, 'net.safetensors')).toThrow(/^net\.safetensors: /);
  });

  test('meets 20,000 damaged files with a DataError or a valid parse, nothing else', () => {
    const rng = new Rng(20211010);
    let refused = 0;
    for (let round = 0; round < 20_000; round++) {
      const source = round % 2 === 0 ? full : halves;
      const bytes = Uint8Array.from(source.subarray(0, rng.uniform() < 0.2 ? rng.int(source.length) : source.length));
      for (let flips = rng.int(4); flips > 0 && bytes.length > 0; flips--)
        bytes[rng.int(bytes.length)] ^= 1 << rng.int(8);
      try {
        for (const { shape, data } of parseSafetensors(bytes).tensors.values()) {
          expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
        }
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(5_000);
    expect(refused).toBeLessThan(19_000);
  });
});

describe('formatSafetensors', () => {
  test('writes byte for byte what the reference implementation writes', () => {
    const { tensors, metadata } = parseSafetensors(full);
    const shuffled = new Map([...tensors].reverse());
    expect(Buffer.from(formatSafetensors(shuffled, metadata)).equals(full)).toBe(true);
  });

  test('infers the dtype, writes the window of a view only, and keeps tensors aligned', () => {
    const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    const bytes = formatSafetensors(new Map([['w', { shape: [2], data }]]));
    expect(bytes.length % 8).toBe(0);
    expect(parseSafetensors(bytes).tensors.get('w')).toEqual({ dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) });
  });

  test('writes an empty file', () => {
    expect(parseSafetensors(formatSafetensors(new Map()))).toEqual({ tensors: new Map(), metadata: {} });
  });

  test('refuses what it could not read back', () => {
    const write = (name: string, tensor: { shape: number[]; data: Float32Array; dtype?: 'BOOL' }) => () =>
      formatSafetensors(new Map([[name, tensor]]));
    const data = new Float32Array(3);
    expect(write('w', { shape: [2], data })).toThrow('tensor "w" has 3 values, expected 2 for shape [2]');
    expect(write('w', { shape: [3], data, dtype: 'BOOL' })).toThrow('said to be BOOL but its data is F32');
    expect(write('__metadata__', { shape: [3], data })).toThrow('reserved name');
  });
});
