import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { listImages, withBoxesOf } from '../../src/node/predict/imagesToPredict.js';
import { loadData } from '../../src/train/samples.js';
import { folderOf } from './folders.js';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function laid(files: Readonly<Record<string, unknown>>): Promise<string> {
  folders.push(await folderOf(files));
  return folders[folders.length - 1];
}

const open = async (files: Readonly<Record<string, unknown>>) => openDataset({ data: await laid(files), figures: 0 });

/** A hand of two joints in the middle of the picture, seen and hidden. */
const ROW = '0 0.5 0.5 0.5 0.4 0.25 0.5 2 0.75 0.6 1';
const HAND = "kpt_shape: [2, 3]\nflip_idx: [0, 1]\nkpt_names: {0: [wrist, tip]}\nnames: ['hand']\n";

describe('YOLO', () => {
  const set = {
    'train/images/a.png': null,
    'train/images/deep/b.png': null,
    'train/images/nobody.png': null,
    'train/labels/a.txt': `${ROW}\n\n${ROW}\n`,
    'train/labels/deep/b.txt': ROW,
    'valid/images/c.png': null,
    'valid/labels/c.txt': ROW,
  };

  test("Roboflow's paths, which lead one folder too far up, and a test part that is not there", async () => {
    const yaml = `train: ../train/images\nval: ../valid/images\ntest: ../test/images\n${HAND}`;
    const folder = await laid({ ...set, 'data.yaml': yaml });
    for (const data of [folder, join(folder, 'data.yaml')]) {
      const { train, test: held, schema, notes = [] } = await openDataset({ data, figures: 0 });
      expect([train.length, held.length, schema.joints, schema.flipPairs]).toEqual([2, 1, ['wrist', 'tip'], []]);
      const told = notes.join('\n');
      expect(told).toMatch(/train is not at .*; taken is .*train.images/);
      expect(told).toMatch(/test names .*which does not exist/);
      expect(told).toMatch(/1 row of labels given twice/);
      expect(told).toMatch(/1 picture without a label file/);
      const { joints, weights, box } = await train.sample(0);
      // The picture is 40x30.
      expect([Array.from(joints), Array.from(weights), box]).toEqual([
        [10, 15, 30, 18],
        [1, 1],
        [10, 9, 19, 11],
      ]);
    }
  });

  test('a picture that trains does not test', async () => {
    const yaml = `path: D:/work/hands\ntrain: train/images\nval: train/images\ntest: # optional\n${HAND}`;
    await expect(open({ ...set, 'data.yaml': yaml })).rejects.toThrow(
      /data.yaml: train and val both have train.images.a.png; expected pictures that train or test: name other ones for val$/,
    );
  });

  test('a picture that cannot be read is an error at once, or where pictures may be left out when it is decoded', async () => {
    const broken = {
      ...set,
      'train/images/a.png': 'no picture',
      'data.yaml': `train: train/images\nval: valid/images\n${HAND}`,
    };
    const data = await laid(broken);
    await expect(openDataset({ data, figures: 0 })).rejects.toThrow(/a\.png: cannot be read as an image/);
    const dataset = await openDataset({ data, figures: 0, skipBroken: 1 });
    const { broken: found, train } = await loadData(dataset, { skipBroken: 1 });
    expect(found).toEqual([expect.objectContaining({ part: 'train', index: 0 })]);
    expect(Array.from((await train.sample(0)).joints)).toEqual([10, 15, 30, 18]);
    // Mended after the labels were read: their size is not known, which is no reason to guess.
    await sharp({ create: { width: 40, height: 30, channels: 3, background: '#808080' } }).toFile(
      join(data, 'train/images/a.png'),
    );
    await expect(dataset.train.sample(0)).rejects.toThrow(/the image is 40x30, its annotation says 1000000x1000000/);
  });

  test('lists of pictures, several parts, and a root elsewhere', async () => {
    const root = await laid(set);
    const yaml = `path: ${root}\ntrain: [list.txt]\nval: [valid/images]\n${HAND}`;
    folders.push(await folderOf({ 'data.yaml': yaml }));
    const far = folders[folders.length - 1];
    await expect(openDataset({ data: far, figures: 0 })).rejects.toThrow(/train names list.txt, and there is no/);
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(root, 'list.txt'), './train/images/a.png\n./train/images/deep/b.png\n');
    const { train, test: held } = await openDataset({ data: far, figures: 0 });
    expect([train.length, held.length]).toEqual([2, 1]);
    expect((await held.sample(0)).joints[0]).toBe(10);
  });

  test('shares are of the upright picture', async () => {
    const turned = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#808080' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const { train } = await open({
      'data.yaml': `train: images\n${HAND}`,
      'images/a.jpg': new Uint8Array(turned),
      'labels/a.txt': ROW,
    });
    const { joints, image } = await train.sample(0);
    expect([image.width, image.height, Array.from(joints)]).toEqual([30, 40, [7.5, 20, 22.5, 24]]);
  });

  test('rows of boxes alone are boxes to predict with', async () => {
    const folder = await laid({
      'data.yaml': "train: images\nnames: ['person', 'ball']\n",
      'images/a.png': null,
      'labels/a.txt': '0 0.5 0.5 0.5 0.4\n1 0.5 0.5 0.1 0.1\n',
    });
    const { images, leftOut } = await withBoxesOf(
      await listImages([join(folder, 'images')]),
      join(folder, 'data.yaml'),
    );
    expect(images[0].people).toMatchObject([{ box: [10, 9, 20, 12], category: 0 }]);
    expect(leftOut.text()).toBe('1 box of other categories');
  });

  test.each([
    ['too few columns', '0 0.5 0.5 0.5 0.4', /labels.a.txt: line 1: expected 11 numbers .* got 5/],
    ['no number', ROW.replace('0.75', 'x'), /line 1: column 9: expected a number, got "x"/],
    ['pixels', ROW.replace('0.75', '30'), /line 1: column 9: expected a share of the picture from 0 to 1, got 30/],
    ['another visibility', ROW.replace(/1$/, '3'), /line 1: column 11: expected 0, 1 or 2, got 3/],
    ['another class', `${ROW}\n7${ROW.slice(1)}`, /line 2: expected a class that names has \(0\), got 7/],
  ])('%s is refused with file and line', async (_, row, message) => {
    const files = { 'data.yaml': `train: images\n${HAND}`, 'images/a.png': null, 'labels/a.txt': row };
    await expect(open(files)).rejects.toThrow(message);
  });

  test.each([
    ['no YAML', 'train: [', /data.yaml: not YAML/],
    ['another kpt_shape', 'train: images\nkpt_shape: [2, 5]\n', /kpt_shape/],
    ['a part that is no path', `train: [3]\n${HAND}`, /train\[0\]: expected the path of a folder or of a list, got 3/],
    ['no pictures', `train: labels\n${HAND}`, /train: no pictures in/],
  ])('%s is refused', async (_, yaml, message) => {
    await expect(open({ 'data.yaml': yaml, 'images/a.png': null, 'labels/a.txt': ROW })).rejects.toThrow(message);
  });
});
