import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { listImages, withBoxesOf } from '../../src/node/predict/imagesToPredict.js';
import { folderOf } from './folders.js';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function laid(files: Readonly<Record<string, unknown>>): Promise<string> {
  folders.push(await folderOf(files));
  return folders[folders.length - 1];
}

const open = async (files: Readonly<Record<string, unknown>>) => openDataset({ data: await laid(files), figures: 0 });

describe('layouts of other programs', () => {
  const person = (id: number, image = 1) => ({
    ...{
      id,
      image_id: image,
      category_id: 1,
      iscrowd: 0,
      bbox: [3, 4, 21, 16],
      keypoints: [5, 6, 2, 7, 8, 2, 9, 9, 1],
    },
  });
  const coco = (file_name: string, annotations: object[] = [person(1)]) => ({
    images: [{ id: 1, file_name, width: 40, height: 30 }],
    categories: [{ id: 1, name: 'hand', keypoints: ['a', 'b', 'c'] }],
    annotations,
  });
  const nobody = (name: string) => ({ images: [{ id: 9, file_name: name, width: 40, height: 30 }], annotations: [] });

  test.each([
    [
      'Roboflow',
      {
        'train/_annotations.coco.json': coco('a.png'),
        'train/a.png': null,
        'valid/_annotations.coco.json': coco('b.png'),
        'valid/b.png': null,
      },
    ],
    [
      'instances',
      {
        'annotations/instances_train2017.json': coco('a.png'),
        'annotations/instances_val2017.json': coco('b.png'),
        'train2017/a.png': null,
        'val2017/b.png': null,
      },
    ],
    [
      'train.json and val.json',
      { 'train.json': coco('a.png'), 'val.json': coco('b.png'), 'images/a.png': null, 'images/b.png': null },
    ],
    [
      'mmpose_crowdpose',
      {
        ...{
          'annotations/mmpose_crowdpose_train.json': coco('a.png'),
          'annotations/mmpose_crowdpose_val.json': coco('b.png'),
        },
        ...{ 'annotations/mmpose_crowdpose_trainval.json': coco('a.png'), 'images/a.png': null, 'images/b.png': null },
      },
    ],
    [
      'HumanArt',
      {
        ...{
          'annotations/training_humanart.json': coco('HumanArt/images/a.png'),
          'annotations/validation_humanart.json': coco('HumanArt/images/b.png'),
        },
        ...{ 'images/a.png': null, 'images/b.png': null },
      },
    ],
    [
      'a list of test pictures beside',
      {
        ...{
          'annotations/person_keypoints_train2017.json': coco('a.png'),
          'annotations/person_keypoints_val2017.json': coco('b.png'),
        },
        ...{
          'annotations/person_keypoints_test-dev-2017.json': nobody('z.png'),
          'train2017/a.png': null,
          'val2017/b.png': null,
        },
      },
    ],
    [
      'CVAT COCO keypoints',
      {
        'annotations/person_keypoints_Train.json': coco('a.png'),
        'annotations/person_keypoints_Validation.json': coco('b.png'),
        'images/Train/a.png': null,
        'images/Validation/b.png': null,
      },
    ],
    [
      'Label Studio COCO',
      {
        'train/result.json': coco('images\\3/0a1b2c3d-a.png'),
        'train/images/3/0a1b2c3d-a.png': null,
        'val/result.json': coco('images\\3/b.png'),
        'val/images/3/b.png': null,
      },
    ],
  ])('%s is found', async (_, files) => {
    const set = await open(files);
    expect([set.train.length, set.test.length]).toEqual([1, 1]);
    expect((await set.train.sample(0)).joints[0]).toBe(5);
    expect((await set.test.sample(0)).image.width).toBe(40);
  });

  test("AlphaPose's results are boxes and results", async () => {
    const folder = await laid({
      'images/a b.png': null,
      'alphapose.json': [
        { image_id: 'a b.png', category_id: 1, keypoints: [5, 6, 0.9], score: 2.5, box: [1, 2, 20, 25], idx: [0] },
      ],
    });
    const { images } = await withBoxesOf(await listImages([join(folder, 'images')]), join(folder, 'alphapose.json'));
    expect(images[0].people).toMatchObject([{ box: [1, 2, 20, 25], score: 2.5 }]);
  });
});
