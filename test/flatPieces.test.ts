import { describe, expect, test } from 'vitest';
import { flatPieces, mul, packParameters, sum, type Tensor, tensorsOf, valueAndGrad } from '../src/index.js';
import { BACKENDS } from './backends.js';

const values = async (t: Tensor) => Array.from(await t.data());

describe.each(BACKENDS)('the pieces of a tree on $name', ({ open }) => {
  test('are whole arenas, padding included, and what lies outside of them', async () => {
    const device = await open();
    const params = packParameters({ a: device.tensor([1, 2, 3]), b: device.tensor([4, 5], [2, 1]) });
    const [, gradients] = valueAndGrad((p: typeof params) => mul(sum(mul(p.a, p.a)), sum(p.b)))(params);
    const loose = device.tensor([7, 8], [1, 2], 'int32');
    const pieces = flatPieces({ gradients, loose, again: loose, number: 3 });
    expect(pieces.map(({ shape, dtype }) => [shape, dtype])).toEqual([
      [[128], 'float32'],
      [[2], 'int32'],
    ]);
    const padded = (start: number[]) => [...start, ...Array(64 - start.length).fill(0)];
    expect(await values(pieces[0])).toEqual([...padded([18, 36, 54]), ...padded([14, 14])]);
    expect(await values(pieces[1])).toEqual([7, 8]);
    device.write(
      pieces[0],
      Float32Array.from({ length: 128 }, (_, i) => i),
    );
    expect(await values(gradients.a)).toEqual([0, 1, 2]);
    expect(await values(gradients.b)).toEqual([64, 65]);
    // A part of an arena may stand beside what is not in the tree.
    expect(flatPieces([params.b]).map(({ shape }) => shape)).toEqual([[2]]);
    for (const t of tensorsOf([params, gradients, loose])) t.dispose();
    expect(() => flatPieces([loose])).toThrow(/flatPieces: tensor \d+ \[1, 2\] is no longer there/);
  });

  test('are cut where they are too long', async () => {
    const device = await open();
    const params = packParameters([device.tensor([1, 2, 3]), device.tensor([4])]);
    const pieces = flatPieces([params, device.tensor([5, 6, 7])], 50);
    expect(pieces.map(({ size }) => size)).toEqual([50, 50, 28, 3]);
    expect((await values(pieces[1])).slice(13, 16)).toEqual([0, 4, 0]);
  });
});
