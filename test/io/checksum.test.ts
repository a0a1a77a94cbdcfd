import { crc32 as oracle } from 'node:zlib';
import { expect, test } from 'vitest';
import { DataError, printable } from '../../src/errors.js';
import { formatCheckpoint, parseCheckpoint } from '../../src/io/checkpoint.js';
import { crc32 } from '../../src/io/crc32.js';
import { formatSafetensors, parseSafetensors } from '../../src/io/safetensors.js';
import { Rng } from '../../src/tensor/rng.js';

test('crc32 is that of zlib, in one piece and in several', () => {
  const rng = new Rng(7);
  for (const length of [0, 1, 7, 8, 9, 63, 1000, 4099]) {
    const bytes = Uint8Array.from({ length }, () => rng.int(256));
    const cut = rng.int(length + 1);
    expect(crc32(bytes)).toBe(oracle(bytes));
    expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(oracle(bytes));
  }
});

const checkpoint = {
  model: new Map([['net.weight', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }]]),
  optimizer: new Map([['m.net.weight', { shape: [1], data: Float64Array.of(0.5) }]]),
  config: { lr: 0.001, name: 'a' },
  progress: { epoch: 3, step: 71, best: 0.25, counters: { batch: 2 } },
};

test('a checkpoint with any bit flipped is refused, or says what it said', () => {
  const bytes = formatCheckpoint(checkpoint);
  expect(parseCheckpoint(bytes)).toMatchObject({ config: checkpoint.config, progress: checkpoint.progress });
  const silent: number[] = [];
  let refused = 0;
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    try {
      expect(parseCheckpoint(damaged)).toMatchObject(checkpoint);
    } catch (error) {
      if (error instanceof DataError) refused++;
      else silent.push(bit);
    }
  }
  expect(silent).toEqual([]);
  expect(refused).toBeGreaterThan(7.5 * bytes.length);
});

const tensors = new Map([
  ['b', { shape: [2], data: Float32Array.of(1, 2) }],
  ['a', { shape: [1], data: Float64Array.of(3) }],
]);

test('a checksum is left out of the metadata, and survives another order of the header', () => {
  const bytes = formatSafetensors(tensors, { x: '1', y: '2' }, { checksum: true });
  const { metadata } = parseSafetensors(bytes);
  expect(metadata).toEqual({ x: '1', y: '2' });
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const turned = (fields: object) => Object.fromEntries(Object.entries(fields).reverse());
  header.__metadata__ = turned(header.__metadata__);
  const json = new TextEncoder().encode(JSON.stringify(turned(header)).padEnd(length));
  const other = bytes.slice();
  other.set(json, 8);
  expect(parseSafetensors(other).tensors.get('b')?.data).toEqual(Float32Array.of(1, 2));
  other[other.length - 1] ^= 64;
  expect(() => parseSafetensors(other, 'net.safetensors')).toThrow(
    /^net\.safetensors: its checksum is crc32:[0-9a-f]{8}, expected crc32:[0-9a-f]{8}: damaged file/,
  );
});

test('a file without a checksum is read as ever', () => {
  const bytes = formatSafetensors(tensors, {});
  bytes[bytes.length - 1] ^= 1;
  expect(parseSafetensors(bytes).tensors.size).toBe(2);
});

test('a header nested 100,000 deep is refused in one line, wherever the nest is', () => {
  const deep = '['.repeat(1e5) + ']'.repeat(1e5);
  const file = (json: string) => {
    const text = new TextEncoder().encode(json);
    const bytes = new Uint8Array(8 + text.length);
    new DataView(bytes.buffer).setUint32(0, text.length, true);
    bytes.set(text, 8);
    return bytes;
  };
  for (const json of [
    deep,
    `{"a":${deep}}`,
    `{"__metadata__":{"a":${deep}}}`,
    `{"a":{"dtype":${deep},"shape":[],"data_offsets":[0,0]}}`,
    `{"a":{"dtype":"F32","shape":${deep},"data_offsets":[0,0]}}`,
    `{"a":{"dtype":"F32","shape":[0],"data_offsets":${deep}}}`,
  ]) {
    expect(() => parseSafetensors(file(json))).toThrow(DataError);
  }
});

test('a message from a file cannot write to the terminal, and is short', () => {
  const name = '\u001b[2Jhid\u202eden\u009b\r\n';
  expect(printable(name)).toBe('\\u001b[2Jhid\\u202eden\\u009b\\u000d\\u000a');
  expect(new DataError(`tensor "${name}" is bad`).message).not.toMatch(/[\p{Cc}\u202e]/u);
  expect(new DataError('x'.repeat(1e6)).message.length).toBeLessThan(5000);
  expect(printable('名前 é "x"')).toBe('名前 é "x"');
});
