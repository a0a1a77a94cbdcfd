import { rm } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { coco17 } from '../../src/schema.js';
import { folderOf, SIZE } from './folders.js';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** Seventeen joints in a row, of which the first `hidden` are hidden and the last `missing` are not there. */
const keypoints = (hidden: number, missing: number) =>
  coco17.joints.flatMap((_, k) => (k >= 17 - missing ? [0, 0, 0] : [5 + k, 8 + k / 2, k < hidden ? 1 : 2]));

const person = (id: number, image: number, more: object = {}) => ({
  id,
  image_id: image,
  category_id: 1,
  bbox: [4, 6, 20, 12],
  keypoints: keypoints(2, 3),
  num_keypoints: 14,
  iscrowd: 0,
  ...more,
});

const file = (images: number, annotations: object[], more: (image: number) => object = () => ({})) => ({
  images: Array.from({ length: images }, (_, i) => ({
    id: i + 1,
    file_name: `im${i + 1}.png`,
    width: SIZE[0],
    height: SIZE[1],
    ...more(i + 1),
  })),
  categories: [{ id: 1, name: 'person' }],
  annotations,
});

async function open(files: Record<string, unknown>) {
  const folder = await folderOf(files);
  folders.push(folder);
  return openDataset({ data: folder, figures: 0 });
}

describe('coco', () => {
  test('people with labels are samples; crowds and people without are not; hidden joints count, missing ones do not', async () => {
    const people = [
      person(1, 1),
      person(2, 1, { iscrowd: 1 }),
      person(3, 1, { keypoints: keypoints(0, 17), num_keypoints: 9 }),
      person(4, 2, { bbox: [30, 20, 30, 30], num_keypoints: 0 }),
    ];
    const set = await open({
      'annotations/person_keypoints_train2017.json': file(2, people),
      'annotations/person_keypoints_val2017.json': file(1, [person(7, 1)]),
      'train2017/im1.png': null,
      'train2017/im2.png': null,
      'val2017/im1.png': null,
    });
    expect([set.schema, set.train.length, set.test.length]).toEqual([coco17, 2, 1]);
    expect(set.notes).toContain('left out: 1 crowd, 1 person without a labelled joint');
    const sample = await set.train.sample(0);
    expect(sample.id).toBe('im1.png (annotation 1)');
    expect(Array.from(sample.weights).join('')).toBe('11111111111111000');
    expect(Array.from(sample.joints.subarray(4, 8))).toEqual([7, 9, 8, 9.5]);
    // [4, 24) has the pixels 4 to 23.
    expect(sample.box).toEqual([4, 6, 19, 11]);
    expect((await set.train.sample(1)).box).toEqual([30, 20, 9, 9]);
    expect((await set.test.sample(0)).image.width).toBe(SIZE[0]);
  });

  test('one file goes by its splits, or else every fifth picture is held out with all of its people', async () => {
    const people = Array.from({ length: 20 }, (_, i) => person(i, 1 + (i % 10)));
    const named = await open({
      'person_keypoints_all.json': file(10, people, (image) => ({ split: image < 4 ? 'train2017' : 'val2017' })),
      'images/im1.png': null,
    });
    expect([named.train.length, named.test.length]).toEqual([6, 14]);
    const unnamed = await open({ 'person_keypoints_all.json': file(10, people), 'im1.png': null });
    expect([unnamed.train.length, unnamed.test.length]).toEqual([16, 4]);
  });

  test('a skeleton counts from 1 or from 0, and is none where it names joints that are not there', async () => {
    const drawn = async (skeleton: number[][]) => {
      const one = file(1, [person(1, 1, { keypoints: [1, 1, 2, 2, 2, 2, 3, 3, 2] })]);
      const categories = [{ id: 1, name: 'kite', keypoints: ['tip', 'middle', 'tail'], skeleton }];
      const set = await open({ 'person_keypoints_a.json': { ...one, categories }, 'im1.png': null });
      return set.schema.limbs.map(([from, to]) => [from, to]);
    };
    const limbs = [
      [0, 1],
      [1, 2],
    ];
    expect(await drawn(limbs)).toEqual(limbs);
    expect(await drawn(limbs.map((pair) => pair.map((k) => k + 1)))).toEqual(limbs);
    expect(await drawn([[1, 16]])).toEqual([]);
  });

  test('other joints by their names, which are the same in all files', async () => {
    const one = { ...file(1, [person(1, 1, { keypoints: [1, 1, 2, 2, 2, 2] })]) };
    const named = (...keypoints: string[]) => ({ ...one, categories: [{ id: 1, name: 'person', keypoints }] });
    const pictures = { 'train/im1.png': null, 'val/im1.png': null };
    const files = { 'person_keypoints_train.json': named('tip', 'tail'), ...pictures };
    const set = await open({ ...files, 'person_keypoints_val.json': named('Tip', 'tail') });
    expect([set.schema.joints, set.train.length, set.test.length]).toEqual([['tip', 'tail'], 1, 1]);
    await expect(open({ ...files, 'person_keypoints_val.json': named('tail', 'tip') })).rejects.toThrow(
      /its joints are tail, tip, those of .*train.json tip, tail; expected the same joints/,
    );
  });

  test.each([
    ['no annotations', {}, /no data set of a known form; looked for .*person_keypoints_\*\.json/],
    [
      'no pictures',
      { 'person_keypoints_a.json': file(1, [person(1, 1)]) },
      /its image im1.png is neither in images, a, .* nor in any folder below/,
    ],
    [
      'nobody',
      { 'person_keypoints_a.json': file(1, []) },
      /nobody with labels is in the train split; the files name nobody/,
    ],
    [
      'a picture without a name',
      { 'person_keypoints_a.json': file(1, [person(1, 1)], () => ({ file_name: null })) },
      /image 1 has no "file_name"/,
    ],
    [
      'a path that leads out',
      {
        'person_keypoints_a.json': file(1, [person(1, 1)], () => ({ file_name: '../im9.png', split: 'train' })),
        'im1.png': null,
      },
      /its image \.\.\/im9.png is neither in/,
    ],
  ])('refuses %s', async (_, files, message) => {
    await expect(open(files)).rejects.toThrow(message);
    await expect(open(files)).rejects.toThrow(DataError);
  });

  test('names the picture that is of another size than the annotation says', async () => {
    const set = await open({
      'person_keypoints_a.json': file(1, [person(1, 1)], () => ({ width: 60, split: 'train' })),
      'im1.png': null,
    });
    await expect(set.train.sample(0)).rejects.toThrow(/im1.png: the image is 40x30, its annotation says 60x30/);
  });
});
