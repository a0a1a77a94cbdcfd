import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { openDataset } from '../../src/node/datasets/openDataset.js';

const lsp = (data: string) => openDataset({ data, figures: 0 });

import { decodeImage } from '../../src/node/images.js';
import { lsp14 } from '../../src/schema.js';
import golden from '../golden/pose_oracles.json' with { type: 'json' };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wgrad-lsp-'));
  await mkdir(join(folder, 'images'));
  for (let n = 1; n <= 4; n++) {
    const blank = sharp({ create: { width: 30, height: 40, channels: 3, background: { r: 200, g: 10 * n, b: 0 } } });
    await blank.jpeg().toFile(join(folder, 'images', `im000${n}.jpg`));
  }
});

afterEach(() => rm(folder, { recursive: true }));

/** The annotation that the MATLAB files of the oracle hold, as joints.json has it. */
function items(): {
  file: string;
  xy: (readonly [number, number] | null)[];
  split?: string;
  width?: number;
  height?: number;
}[] {
  return Array.from({ length: 4 }, (_, n) => ({
    file: `im000${n + 1}.jpg`,
    xy: lsp14.joints.map((_, k) => [k + 0.25 * n + 1, 10 + k + 0.25 * n + 1] as const),
  }));
}

const writeItems = (list: unknown) => writeFile(join(folder, 'joints.json'), JSON.stringify({ items: list }));

/** A MATLAB 5 file of one array of doubles, uncompressed, the first index fastest. */
function mat5(name: string, dims: readonly number[], data: readonly number[]): Buffer {
  const element = (type: number, body: Buffer) => {
    const tag = Buffer.alloc(8);
    tag.writeUInt32LE(type, 0);
    tag.writeUInt32LE(body.length, 4);
    return Buffer.concat([tag, body, Buffer.alloc((8 - (body.length % 8)) % 8)]);
  };
  const header = Buffer.alloc(128);
  header.writeUInt16LE(0x0100, 124);
  header.writeUInt16LE(0x4d49, 126);
  const flags = element(6, Buffer.from([6, 0, 0, 0, 0, 0, 0, 0]));
  const shape = element(5, Buffer.from(Int32Array.from(dims).buffer));
  const values = element(9, Buffer.from(Float64Array.from(data).buffer));
  return Buffer.concat([header, element(14, Buffer.concat([flags, shape, element(1, Buffer.from(name)), values]))]);
}

describe('lsp', () => {
  test('joints.json and joints.mat, compressed or not, give equal samples in 0-based pixels', async () => {
    await writeItems(items());
    const json = await lsp(folder);
    expect([json.train.length, json.test.length]).toEqual([2, 2]);
    const expected = await json.test.sample(1);
    expect(expected.id).toBe('im0004.jpg (annotation 4)');
    expect(Array.from(expected.joints.subarray(0, 4))).toEqual([0.75, 10.75, 1.75, 11.75]);
    expect(expected.box).toEqual([0.75, 10.75, 13, 13]);
    for (const file of [golden.mat_plain, golden.mat_compressed]) {
      await rm(join(folder, 'joints.json'), { force: true });
      await writeFile(join(folder, 'joints.mat'), Buffer.from(file, 'base64'));
      const mat = await lsp(folder);
      expect([mat.train.length, mat.test.length]).toEqual([2, 2]);
      expect(await mat.test.sample(1)).toEqual(expected);
    }
  });

  test('splits go by name where they are named; null is weight 0 and no part of the box', async () => {
    const list = items().map((item, n) => ({ ...item, split: n === 2 ? 'test' : 'train' }));
    list[2].xy[0] = null;
    await writeItems(list);
    const set = await lsp(folder);
    expect([set.train.length, set.test.length]).toEqual([3, 1]);
    const { weights, box } = await set.test.sample(0);
    expect(Array.from(weights.subarray(0, 2))).toEqual([0, 1]);
    expect(box[0]).toBe(1.5);
  });

  test("LSP extended's joints.mat: its flag is 1 where a joint is annotated, and the last tenth tests", async () => {
    const count = 10;
    const rows = Array.from({ length: count }, (_, n) => {
      const flags = Array.from({ length: 14 }, (_, k) => Number(k !== n));
      // What is not annotated stands at some place far off.
      return [flags.map((flag, k) => (flag ? 3 + k : -900)), flags.map((_, k) => 20 - k), flags];
    });
    await writeFile(join(folder, 'joints.mat'), mat5('joints', [14, 3, count], rows.flat(2)));
    await copyFile(join(folder, 'images', 'im0001.jpg'), join(folder, 'images', 'im00003.jpg'));
    const set = await lsp(folder);
    expect([set.train.length, set.test.length]).toEqual([9, 1]);
    const { id, joints, weights } = await set.train.sample(2);
    expect([id, Array.from(weights).join('')]).toEqual(['im00003.jpg (annotation 3)', '11011111111111']);
    expect(Array.from(joints.subarray(0, 4))).toEqual([2, 19, 3, 18]);
  });

  test.each([
    ['a number of joints', (l: ReturnType<typeof items>) => l[1].xy.pop(), /im0002.*13 joints instead of 14/],
    ['a broken point', (l: ReturnType<typeof items>) => l[0].xy.splice(6, 1, [1, Number.NaN]), /im0001.*right_wrist/],
    ['a split', (l: ReturnType<typeof items>) => Object.assign(l[0], { split: 'val' }), /split is "val"/],
    ['a path', (l: ReturnType<typeof items>) => Object.assign(l[0], { file: '../secret.jpg' }), /plain name/],
  ])('refuses %s that does not fit, by image and joint', async (_, spoil, message) => {
    const list = items();
    spoil(list);
    await writeItems(list);
    await expect(lsp(folder)).rejects.toThrow(message);
    await expect(lsp(folder)).rejects.toThrow(DataError);
  });

  test('refuses a joint far outside the image and an image of another size', async () => {
    const list = items();
    list[0].xy[6] = [90, 5];
    Object.assign(list[1], { width: 40, height: 30 });
    await writeItems(list);
    const { train } = await lsp(folder);
    await expect(train.sample(0)).rejects.toThrow(
      /im0001.jpg \(annotation 1\): joint right_wrist at \(89.0, 4.0\) is far outside the 30x40/,
    );
    await expect(train.sample(1)).rejects.toThrow(/im0002.jpg: the image is 30x40, its annotation says 40x30/);
  });

  test('says what is missing or broken', async () => {
    await expect(lsp(join(folder, 'nowhere'))).rejects.toThrow(/no such folder/);
    await writeFile(join(folder, 'joints.json'), '{"items": [');
    await expect(lsp(folder)).rejects.toThrow(/joints.json: not JSON/);
    await writeItems([]);
    await expect(lsp(folder)).rejects.toThrow(/at least one item/);
  });
});

describe('decodeImage', () => {
  test('turns the picture as EXIF says and gives RGB for grey and for alpha', async () => {
    const path = join(folder, 'turned.jpg');
    await sharp({ create: { width: 6, height: 4, channels: 3, background: 'white' } })
      .withMetadata({ orientation: 6 })
      .toFile(path);
    expect(await decodeImage(path)).toMatchObject({ width: 4, height: 6 });
    const grey = join(folder, 'grey.png');
    await sharp(Buffer.from([0, 50, 100, 150, 200, 250]), { raw: { width: 3, height: 2, channels: 1 } })
      .toColourspace('b-w')
      .toFile(grey);
    const { data } = await decodeImage(grey);
    expect(Array.from(data.subarray(0, 6))).toEqual([0, 0, 0, 50, 50, 50]);
    const clear = join(folder, 'clear.png');
    await sharp({ create: { width: 2, height: 1, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } } }).toFile(
      clear,
    );
    expect(Array.from((await decodeImage(clear)).data)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('names the file that is missing or broken', async () => {
    await expect(decodeImage(join(folder, 'none.jpg'))).rejects.toThrow(/none.jpg: cannot be read as an image/);
    const broken = join(folder, 'images', 'im0001.jpg');
    await writeFile(broken, 'not a picture');
    await expect(decodeImage(broken)).rejects.toThrow(DataError);
  });
});
