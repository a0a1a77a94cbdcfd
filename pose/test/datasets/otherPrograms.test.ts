import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { METRICS } from '../../src/cli/metricTable.js';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { decodePicture } from '../../src/node/images.js';
import { listImages, withBoxesOf } from '../../src/node/predict/imagesToPredict.js';
import { coco17, crowdpose14, lsp14 } from '../../src/schema.js';
import { mpii16 } from '../../src/schemas/mpii16.js';
import { folderOf, SIZE } from './folders.js';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function folder(files: Record<string, unknown>): Promise<string> {
  folders.push(await folderOf(files));
  return folders[folders.length - 1];
}
const open = async (files: Record<string, unknown>) => openDataset({ data: await folder(files), figures: 0 });

const joints = (x: number, count = 17) => Array.from({ length: count }, (_, k) => [x + (k % 5), 4 + k, 2]).flat();
const person = (id: number, image: number | string, more: object = {}) => ({
  ...{ id, image_id: image, category_id: 1, bbox: [3, 2, 20, 22], keypoints: joints(5), iscrowd: 0, area: 200 },
  ...more,
});
const picture = (id: number | string, file: string, more: object = {}) => ({
  ...{ id, file_name: file, width: SIZE[0], height: SIZE[1] },
  ...more,
});
const coco = (images: object[], annotations: object[], category: object = {}) => ({
  ...{ images, annotations, categories: [{ id: 1, name: 'person', ...category }] },
});

/** What a metric says of two files, and what it tells beside that. */
async function scores(metric: string, annotations: string, results: unknown, more: object = {}) {
  const file = join(await folder({ 'dt.json': results }), 'dt.json');
  const said = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  try {
    const figures = await METRICS[metric].score({ annotations, results: file, ...more });
    return { figures, told: said.mock.calls.map(([text]) => String(text)).join('') };
  } finally {
    said.mockRestore();
  }
}

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
    await expect(both).rejects.toThrow(/1 pictures such as .*2.png are in both halves, by .*train.json and .*val.json/);
    const twice = open({
      'crowdpose_val.json': of(1),
      'crowdpose_test.json': of(1),
      'crowdpose_train.json': of(2),
      ...pictures,
    });
    await expect(twice).rejects.toThrow(/1 pictures such as .*1.png would count twice, by .*--train FILE --test FILE/);
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
    expect(told).toMatch(/2 results whose image_id is of another picture than their file_name, which counts/);
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

describe('detections', () => {
  const images = [{ path: 'x/000000000785.jpg', id: 785 }];
  const boxesOf = async (content: unknown, more: object = {}) => {
    const found = await withBoxesOf(images, join(await folder({ 'd.json': content }), 'd.json'), more);
    return { people: found.images[0].people, leftOut: found.leftOut.text() };
  };
  const two = [
    { image_id: 785, category_id: 0, bbox: [280, 44, 218, 346], score: 0.9 },
    { image_id: 785, category_id: 35, bbox: [300, 340, 200, 60], score: 0.2 },
  ];

  test('several categories without names want to be told apart, and are counted', async () => {
    await expect(boxesOf(two)).rejects.toThrow(/boxes of 2 categories \(0, 35\) without names; say with --category/);
    expect(await boxesOf(two, { category: '0' })).toEqual({
      people: [{ box: [280, 44, 218, 346], category: 1, score: 0.9 }],
      leftOut: '1 boxes of other categories',
    });
    expect((await boxesOf(two, { category: 'all', minScore: 0.3 })).leftOut).toBe('1 boxes of a score below 0.3');
    await expect(boxesOf(two, { category: 'cat' })).rejects.toThrow(/--category cat: .* has 0, 35; give one of these/);
  });

  test('where categories have names, people are those of person', async () => {
    const content = {
      images: [picture(1, '000000000785.jpg')],
      categories: [
        { id: 3, name: 'Person' },
        { id: 7, name: 'ball' },
      ],
      annotations: [
        { id: 1, image_id: 1, category_id: 7, bbox: [1, 2, 3, 4] },
        { id: 2, image_id: 1, category_id: 3, bbox: [5, 6, 7, 8] },
      ],
    };
    expect((await boxesOf(content)).people).toEqual([{ box: [5, 6, 7, 8], category: 3, annotation: 2 }]);
    expect((await boxesOf(content, { category: 'BALL' })).people).toMatchObject([{ annotation: 1 }]);
  });

  test('ids that are texts are paths, with or without an extension', async () => {
    const ids = ['000000000785.jpg', '000000000785', 'val/000000000785.jpg'];
    for (const id of ids) {
      const { people } = await boxesOf([{ image_id: id, box: [1, 2, 3, 4], score: 1 }]);
      expect(people).toEqual([{ box: [1, 2, 3, 4], category: 1, score: 1 }]);
    }
  });

  test('another file tells which pictures the ids are', async () => {
    const list = { images: [{ id: 9, file_name: 'val/000000000785.jpg' }], annotations: [], categories: [] };
    const imageList = join(await folder({ 'list.json': list }), 'list.json');
    const { people } = await boxesOf([{ image_id: 9, bbox: [1, 2, 3, 4] }], { imageList });
    expect(people).toEqual([{ box: [1, 2, 3, 4], category: 1 }]);
    await expect(boxesOf([{ image_id: 8, bbox: [1, 2, 3, 4] }], { imageList })).rejects.toThrow(
      /none of its ids is one of/,
    );
  });
});

describe('fields as other programs write them', () => {
  test('ids that are texts, true and false, no box, no keypoints, null for a joint, ids twice in training', async () => {
    const unlabelled = joints(5).map((v, i) => (i < 2 ? null : v));
    const set = await open({
      'person_keypoints_a.json': coco(
        [picture('one', 'im1.png', { split: 'train' })],
        [
          person(1, 'one', { iscrowd: false, keypoints: unlabelled }),
          person(1, 'one', { bbox: undefined }),
          person(2, 'one', { keypoints: [] }),
          person(3, 'one', { keypoints: undefined }),
          person(4, 'one', { iscrowd: true }),
          person(5, 'one', { bbox: [3, 2, 0, 0] }),
        ],
      ),
      'im1.png': null,
    });
    expect(set.train.length).toBe(2);
    expect(Array.from((await set.train.sample(0)).weights).join('')).toBe('01111111111111111');
    expect((await set.train.sample(1)).box).toEqual([5, 4, 4, 16]);
    expect(set.notes).toContain(
      'left out: 2 people without a labelled joint, 1 joints whose place is null, 1 crowds, 1 people whose box has no extent in the picture',
    );
  });

  test('shares of the picture are called what they are', async () => {
    const shares = joints(5).map((v, i) => (i % 3 === 2 ? v : v / 40));
    const files = { 'person_keypoints_a.json': coco([picture(1, 'im1.png')], [person(1, 1, { keypoints: shares })]) };
    await expect(open(files)).rejects.toThrow(
      /17 labelled joints lie within 0.5 of the corner, .* shares of the picture/,
    );
  });

  test('a person left out is named as the reason why nobody is left', async () => {
    const files = { 'person_keypoints_a.json': coco([picture(1, 'im1.png')], [person(1, 1, { bbox: [0, 0, 0, 0] })]) };
    await expect(open({ ...files, 'im1.png': null })).rejects.toThrow(
      /nobody with labels is in the train split; left out: 1 people whose box has no extent in the picture/,
    );
  });
});

describe('figures', () => {
  const truth = async (annotations: object[], images = [picture(1, 'a.png'), picture(2, 'b.png')]) =>
    join(await folder({ 'gt.json': coco(images, annotations) }), 'gt.json');
  const result = (image: number, x: number, more: object = {}) => ({
    ...{ image_id: image, category_id: 1, keypoints: joints(x), score: 0.5 },
    ...more,
  });

  test('a person whose normaliser is 0 is left out and counted', async () => {
    // Both ends of the torso in one place.
    const flat = joints(5).map((v, i) => ([15, 16].includes(i) ? joints(5)[i + 21] : v));
    const annotations = await truth([person(1, 1, { keypoints: flat, bbox: [3, 2, 0, 0] }), person(2, 2)]);
    const results = [result(1, 5, { keypoints: flat }), result(2, 5)];
    const { figures, told } = await scores('pck', annotations, results);
    expect(figures['PCK@0.2']).toBe(1);
    expect(told).toBe('left out: 1 of 2 people, whose torso has no length\n');
    expect((await scores('nme', annotations, results)).figures).toEqual({ NME: 0 });
    // Half a pixel off in x for the one who counts: 0.5 / 22.
    const off = joints(5).map((v, i) => (i % 3 === 0 ? v + 0.5 : v));
    const moved = (await scores('nme', annotations, [results[0], result(2, 5, { keypoints: off })])).figures;
    expect(moved.NME).toBeCloseTo(0.5 / 22, 12);
  });

  test('metrics by joint need no area, and coco says what it needs', async () => {
    const annotations = await truth([person(1, 1, { area: undefined }), person(2, 2)]);
    const results = [result(1, 5), result(2, 5)];
    for (const [metric, value] of Object.entries({ pck: 1, nme: 0, epe: 0, auc: 0.95 })) {
      expect(Object.values((await scores(metric, annotations, results)).figures)[0]).toBeCloseTo(value, 12);
    }
    await expect(scores('coco', annotations, results)).rejects.toThrow(
      /annotation 1 has no "area"; expected .*--area box/,
    );
    expect((await scores('coco', annotations, results, { area: 'box' })).figures.AP).toBeCloseTo(1, 12);
  });

  test('another number for the only category, no category, endless areas, ids twice', async () => {
    const annotations = await truth([person(1, 1), person(2, 2)]);
    const { figures, told } = await scores('coco', annotations, [
      result(1, 5, { category_id: 0 }),
      result(2, 5, { category_id: undefined }),
    ]);
    expect(figures.AP).toBeCloseTo(1, 12);
    expect(told).toBe('of note: 1 results of category 0 taken for the only one, 1\n');
    const endless = scores('coco', annotations, [result(1, 5, { bbox: [0, 0, 1e200, 1e200] })]);
    await expect(endless).rejects.toThrow(/\[0\].bbox: expected a finite area/);
    const twice = await truth([person(1, 1), person(1, 2)]);
    await expect(scores('coco', twice, [])).rejects.toThrow(/two annotations have the id 1/);
  });

  test("boxes.json, MPII's lists and LSP's joints are labels as well", async () => {
    const home = await folder({
      'boxes.json': [{ file: 'a.png', box: [3, 2, 20, 22], keypoints: joints(5) }],
      'valid.json': [
        {
          ...{ image: 'a.png', center: [20, 20], scale: 0.1, joints_vis: mpii16.joints.map(() => 1) },
          joints: mpii16.joints.map((_, k) => [k + 2, 9]),
        },
      ],
      'joints.json': { items: [{ file: 'a.png', xy: lsp14.joints.map((_, k) => [k + 2, 9]) }] },
    });
    const shifted = (count: number) => Array.from({ length: count }, (_, k) => [k + 1, 11, 1]).flat();
    for (const [file, keypoints, epe] of [
      ['boxes.json', joints(8), 3],
      ['valid.json', shifted(16), 3],
      ['joints.json', shifted(14), 3],
    ] as const) {
      const { figures } = await scores('epe', join(home, file), [{ file_name: 'x/a.png', keypoints, score: 1 }]);
      expect([file, figures.EPE]).toEqual([file, epe]);
      const { images } = await withBoxesOf([{ path: 'x/a.png', id: 1 }], join(home, file));
      expect(images[0].people).toHaveLength(1);
    }
    expect(coco17.joints).toHaveLength(17);
  });
});
