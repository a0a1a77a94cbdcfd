import { describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import type { Architecture } from '../../src/checkpoints/architecture.js';
import { conventionsOf } from '../../src/checkpoints/fileConventions.js';
import { parseMapDecoding } from '../../src/checkpoints/mapDecoding.js';

const network: Architecture = { head: 'rle', sigma: true, joints: 17, dims: 2, flows: [] };
const good = {
  size: [256, 192],
  mean: [0.4, 0.4, 0.4],
  std: [1, 1, 1],
  padding: 1.25,
  origin: 0,
  pixel: 0,
  normalise: true,
};
const read = (metadata: Record<string, string>) =>
  conventionsOf('official', network, { metadata, tensors: new Map() }, 'net.safetensors');

describe('what a file says of its network has a range', () => {
  test.each([
    ['size', [1e9, 192]],
    ['size', [0, 192]],
    ['size', [25.5, 192]],
    ['size', [null, 192]],
    ['mean', [1e300, 0, 0]],
    ['std', [0, 1, 1]],
    ['std', [-1, 1, 1]],
    ['padding', -1],
    ['padding', 1e9],
    ['origin', 1e6],
    ['pixel', '0'],
    ['depth', 0],
    ['channels', 'rbg'],
    ['normalise', 1],
  ])('%s %j is refused', (field, value) => {
    expect(read({ conventions: JSON.stringify(good) })).toEqual(good);
    const conventions = JSON.stringify({ ...good, [field]: value });
    expect(() => read({ conventions })).toThrow(DataError);
    expect(() => read({ conventions })).toThrow(/"conventions" lacks a field or has one of another kind or range/);
  });

  test.each([
    { decode: 'peak', refine: 'dark', kernel: 1e9 + 1 },
    { decode: 'peak', refine: 'dark', kernel: 10 },
    { decode: 'mean', beta: 1e300, debias: 'none' },
    { decode: 'mean', beta: -1, debias: 'none' },
    { decode: 'mean', beta: 1, debias: 'some' },
  ])('%j is refused', (maps) => {
    expect(() => parseMapDecoding(maps, 'net.safetensors')).toThrow(DataError);
  });

  test('sizes and paddings that no network has are refused of runs, and left out of what others tell', () => {
    const run = (config: object) => read({ wgrad: '1', config: JSON.stringify(config) });
    expect(run({ config: { size: 64, aspect: 0.75 }, padding: 1.5 })).toMatchObject({ size: [64, 48], padding: 1.5 });
    for (const size of [1e9, -1, 3.5, '64', null]) {
      expect(() => run({ config: { size } })).toThrow(
        `net.safetensors: its run has the size ${JSON.stringify(size)} and the aspect 1, expected 1 to 4096 pixels; the file is damaged`,
      );
    }
    for (const padding of [1e9, -1, '1', null]) {
      expect(() => run({ config: { size: 64 }, padding })).toThrow(/its run has the padding .*, expected 0.1 to 10; /);
    }
    // As versions before had it.
    expect(run({ config: {} })).toMatchObject({ size: [64, 64], padding: 1.25 });
    expect(() => read({ wgrad: '1', config: '{"config' })).toThrow(/^net.safetensors: metadata "config" is not JSON: /);
    const theirs = (text: string) =>
      conventionsOf('mmpose', network, { metadata: { 'meta.cfg': text }, tensors: new Map() }, 'net.pth');
    expect(theirs('input_size=(192, 384)').size).toEqual([384, 192]);
    expect(theirs(`input_size=(192, ${'9'.repeat(400)})`).size).toEqual([256, 192]);
  });
});
