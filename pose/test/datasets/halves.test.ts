import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { decodePicture } from '../../src/node/images.js';
import { listImages, withBoxesOf } from '../../src/node/predict/imagesToPredict.js';
import { crowdpose14 } from '../../src/schema.js';
import { coco, joints, person, picture, testFolders } from './cocoFiles.js';

const { folder, open, scores } = testFolders();

describe('halves', () => {
  const of = (...ids: number[]) =>
    coco(
      ids.map((id) => picture(id, `${id}.png`)),
      ids.map((id) => person(id, id, { keypoints: joints(5, 14) })),
      { keypoints: crowdpose14.joints },
    );
  const pictures = { 'images/1.png': null, 'images/2.png': null, 'images/3.png': null };

  test('trainval beside train and val is left out, with a word', async () => {
    const files = { 'crowdpose_train.json': of(1), 'crowdpose_val.json': of(2), 'crowdpose_trainval.json': of(1, 2) };
    const set = await open({ ...files, ...pictures });
    expect([set.schema, set.train.length, set.test.length]).toEqual([crowdpose14, 1, 1]);
    expect(set.notes).toContain('crowdpose_trainval.json is left out: its pictures are in the files of train and val');
  });

  test('trainval beside test trains', async () => {
    const set = await open({ 'crowdpose_trainval.json': of(1, 2), 'crowdpose_test.json': of(3), ...pictures });
    expect([set.train.length, set.test.length]).toEqual([2, 1]);
  });

  test('a picture in both halves, or in two files of one, is refused by name', async () => {
    const both = open({ 'crowdpose_train.json': of(1, 2), 'crowdpose_val.json': of(2), ...pictures });
    await expect(both).rejects.toThrow(/^\S*2.png is in both halves, by .*train.json and .*val.json/);
    const twice = open({
      'crowdpose_val.json': of(1),
      'crowdpose_test.json': of(1),
      'crowdpose_train.json': of(2),
      ...pictures,
    });
    await expect(twice).rejects.toThrow(/^\S*1.png would count twice, by .*--train FILE --test FILE/);
  });

  test('lists of pictures without labels, as those of test sets, are left out', async () => {
    const files = {
      'annotations/person_keypoints_train2017.json': coco([picture(1, '1.png')], [person(1, 1)]),
      'annotations/person_keypoints_val2017.json': coco([picture(2, '2.png')], [person(2, 2)]),
      'annotations/person_keypoints_test-dev-2017.json': coco([picture(3, '3.png')], []),
    };
    const set = await open({ ...files, 'train2017/1.png': null, 'val2017/2.png': null });
    expect([set.train.length, set.test.length]).toEqual([1, 1]);
    expect(set.notes?.[0]).toMatch(/test-dev-2017.json is left out: it has no labels/);
  });
});

describe('files that are named', () => {
  const labels = (first: number) =>
    coco(
      [picture(first, `${first}.png`), picture(first + 1, `${first + 1}.png`)],
      [person(1, first), person(2, first + 1)],
    );

  test('train and test, with the pictures elsewhere', async () => {
    const home = await folder({ 'mine.json': labels(1), 'b/theirs.json': labels(3) });
    const images = await folder({ 'x/1.png': null, 'x/2.png': null, 'x/3.png': null, 'x/4.png': null });
    const files = { train: join(home, 'mine.json'), test: join(home, 'b/theirs.json'), images };
    const set = await openDataset({ data: null, figures: 0, ...files });
    expect([set.train.length, set.test.length]).toEqual([2, 2]);
    expect((await set.test.sample(1)).id).toBe('4.png (annotation 2)');
    const both = openDataset({ data: null, figures: 0, ...files, test: files.train });
    await expect(both).rejects.toThrow(/2 pictures such as .*1.png are in both halves/);
  });

  test('one of them is divided, and the orientation is what is asked', async () => {
    const home = await folder({ 'all.json': labels(1), '1.png': null, '2.png': null });
    const set = await openDataset({ data: null, figures: 0, train: join(home, 'all.json'), orientation: 'stored' });
    expect([set.train.length, set.test.length]).toEqual([2, 0]);
    expect(set.notes).toEqual(['pictures are read stored where their size does not tell it']);
  });
});

describe('pictures of one name in several folders', () => {
  const frames = ['a/000001.png', 'b/000001.png'];
  const files = { 'video/a/000001.png': null, 'video/b/000001.png': null };
  const boxes = [
    [1, 2, 10, 11],
    [5, 6, 20, 21],
  ];
  const forms: Record<string, unknown> = {
    'coco.json': coco(
      [picture(11, frames[0]), picture(12, frames[1])],
      [person(1, 12, { bbox: boxes[1] }), person(2, 11, { bbox: boxes[0] })],
    ),
    'detections.json': [
      { image_id: 12, file_name: frames[1], bbox: boxes[1], score: 0.5 },
      { image_id: 11, file_name: frames[0], bbox: boxes[0], score: 0.5 },
    ],
    'boxes.csv': `file,x,y,width,height\n${frames[1]},${boxes[1]}\n${frames[0]},${boxes[0]}\n`,
    'boxes.json': [1, 0].map((i) => ({ file: frames[i], box: boxes[i] })),
  };

  test.each(Object.keys(forms))('each gets its own people: %s', async (name) => {
    const home = await folder({ ...files, ...forms });
    const listed = await listImages(frames.map((frame) => join(home, 'video', frame)));
    const { images } = await withBoxesOf(listed, join(home, name));
    expect(images.map(({ people }) => people?.map(({ box }) => box))).toEqual([[boxes[0]], [boxes[1]]]);
    expect(images.map((image) => image.name)).toEqual(frames);
    // The names alone could be either.
    const bare = await listImages([join(home, 'video', frames[0])]);
    const alone = withBoxesOf([{ ...bare[0], path: '000001.png' }], join(home, name));
    await expect(alone).rejects.toThrow(
      /000001.png: .* has [ab]\/000001.png and [ab]\/000001.png, which could both be/,
    );
  });

  test('results are of the picture that their path tells, whatever they number it', async () => {
    const home = await folder({ ...files, ...forms });
    // As numbered by a program that has seen the pictures alone, in another order.
    const result = (image: number, file: string, x: number) => ({
      ...{ image_id: image, file_name: `video/${file}`, category_id: 1, keypoints: joints(x), score: 0.5 },
    });
    const truth = coco(
      [picture(2, frames[0]), picture(1, frames[1])],
      [person(1, 2), person(2, 1, { keypoints: joints(9) })],
    );
    const annotations = join(await folder({ 'gt.json': truth }), 'gt.json');
    const results = [result(1, frames[0], 5), result(2, frames[1], 9)];
    const { figures, told } = await scores('epe', annotations, results);
    expect(figures).toEqual({ EPE: 0 });
    expect(told).toMatch(/2 results whose image_id is of another picture than the file_name, which counts/);
    const unclear = scores('epe', annotations, [{ ...results[0], image_id: 7, file_name: '000001.png' }]);
    await expect(unclear).rejects.toThrow(/\[0\].file_name: expected a path that is one of .*which has a\/.* and b\//);
    expect(home).toBeTruthy();
  });
});

describe('EXIF orientation', () => {
  /** A JPEG whose camera was turned: stored 30 wide and 40 high, seen 40 wide and 30 high. */
  const turned = (width = 30, height = 40) =>
    sharp({ create: { width, height, channels: 3, background: '#808080' } })
      .composite([{ input: { create: { width: 4, height: 4, channels: 3, background: '#fff' } }, left: 2, top: 1 }])
      .jpeg()
      .withMetadata({ orientation: 6 })
      .toBuffer();

  test.each([
    ['upright', 40, 30],
    ['stored', 30, 40],
  ])('the size in the file decides: labels for the %s picture', async (_, width, height) => {
    const home = await folder({
      'person_keypoints_a.json': coco([picture(1, 'im1.jpg', { width, height, split: 'train' })], [person(1, 1)]),
      'im1.jpg': new Uint8Array(await turned()),
    });
    const { train } = await openDataset({ data: home, figures: 0 });
    const { image } = await train.sample(0);
    expect([image.width, image.height]).toEqual([width, height]);
    const { images } = await withBoxesOf(await listImages([home]), join(home, 'person_keypoints_a.json'));
    const seen = await decodePicture(images[0].path, images[0]);
    expect([seen.width, seen.height, seen.data]).toEqual([width, height, image.data]);
  });

  test('where both fit, upright, or what is asked; where neither does, the error says both sizes', async () => {
    const home = await folder({
      'square.jpg': new Uint8Array(await turned(40, 40)),
      'im.jpg': new Uint8Array(await turned()),
    });
    const white = async (orientation?: 'upright' | 'stored') => {
      const { width, data } = await decodePicture(join(home, 'square.jpg'), { size: [40, 40], orientation });
      const at = data.findIndex((value) => value > 200) / 3;
      return [Math.floor(at % width), Math.floor(at / width)];
    };
    // Turned clockwise by a quarter, column 2 of row 1 goes to row 2 of the last but one column; JPEG blurs a pixel or two.
    const [x, y] = await white('stored');
    expect([Math.abs(x - 2) < 3, Math.abs(y - 1) < 3]).toEqual([true, true]);
    const [u, v] = await white();
    expect([Math.abs(u - 35) < 3, Math.abs(v - 2) < 3]).toEqual([true, true]);
    expect(await white('upright')).toEqual([u, v]);
    await expect(decodePicture(join(home, 'im.jpg'), { size: [50, 40] })).rejects.toThrow(
      /the image is 40x30 upright and 30x40 stored \(EXIF\), its annotation says 50x40/,
    );
  });
});
