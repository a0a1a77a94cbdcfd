import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withBoxesOf } from '../../src/node/predict/imagesToPredict.js';
import { lsp14 } from '../../src/schema.js';
import { mpii16 } from '../../src/schemas/mpii16.js';
import { coco, joints, person, picture, testFolders } from './cocoFiles.js';
import { SIZE } from './folders.js';

const { folder, open, scores } = testFolders();

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
      leftOut: '1 box of other categories',
    });
    expect((await boxesOf(two, { category: 'all', minScore: 0.3 })).leftOut).toBe('1 box of a score below 0.3');
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

  test('of two pictures whose names are one number, the file must say which', async () => {
    const two = ['a/000001.png', 'b/000001.png'].map((path, i) => ({ path, id: i + 1 }));
    const file = join(await folder({ 'd.json': [{ image_id: 1, bbox: [1, 2, 3, 4] }] }), 'd.json');
    await expect(withBoxesOf(two, file)).rejects.toThrow(/a\/000001.png and b\/000001.png could both be image 1 of/);
    const { images: one } = await withBoxesOf([two[0], { path: 'b/000002.png', id: 2 }], file);
    expect(one.map(({ people }) => people?.length)).toEqual([1, 0]);
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
      'left out: 2 people without a labelled joint, 1 joint whose place is null, 1 crowd, 1 person whose box has no extent in the picture',
    );
  });

  test('numbers as texts are numbers, and what stands twice counts once', async () => {
    const set = await open({
      'person_keypoints_a.json': coco(
        [picture('1', 'im1.png', { split: 'train' })],
        [person(1, 1), person(1, '1'), person(2, 1)],
      ),
      'im1.png': null,
    });
    expect(set.train.length).toBe(2);
    expect(set.notes).toContain('left out: 1 annotation given twice');
  });

  test('names with accents are found however the disk writes them', async () => {
    const [composed, apart] = ['\u00e9t\u00e9.png', 'e\u0301te\u0301.png'];
    const set = await open({
      'person_keypoints_a.json': coco(
        [picture(1, composed, { split: 'train' }), picture(2, 'b.png', { split: 'train' })],
        [person(1, 1), person(2, 2)],
      ),
      [`images/${apart}`]: null,
      'images/b.png': null,
    });
    expect((await set.train.sample(0)).image.width).toBe(SIZE[0]);
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
      /nobody with labels is in the train split; left out: 1 person whose box has no extent in the picture/,
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

  test('two results for one person are told', async () => {
    const annotations = await truth([person(1, 1)]);
    const two = [result(1, 5, { annotation_id: 1 }), result(1, 9, { annotation_id: 1 })];
    const { figures, told } = await scores('epe', annotations, two);
    expect(figures).toEqual({ EPE: 0 });
    expect(told).toMatch(/1 result for somebody who has a better one, or one as good before/);
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
    expect(told).toBe('of note: 1 result of category 0 taken for the only one, 1\n');
    const endless = scores('coco', annotations, [result(1, 5, { bbox: [0, 0, 1e200, 1e200] })]);
    await expect(endless).rejects.toThrow(/\[0\].bbox: expected a finite area/);
    const twice = await truth([person(1, 1), person(1, 2)]);
    await expect(scores('coco', twice, [])).rejects.toThrow(/two annotations have the id 1/);
  });

  test('results whose image_id is a path, as AlphaPose writes them', async () => {
    const annotations = await truth([person(1, 1), person(2, 2, { keypoints: joints(7) })]);
    const result = (image_id: string, x: number) => ({
      ...{ image_id, category_id: 1, keypoints: joints(x).map((v, i) => (i % 3 === 2 ? 0.9 : v)), score: 2.5 },
      ...{ box: [1, 2, 30, 40], idx: [0] },
    });
    const { figures } = await scores('epe', annotations, [result('b.png', 8), result('a.png', 5)]);
    expect(figures).toEqual({ EPE: 0.5 });
    expect((await scores('coco', annotations, [result('b', 7), result('a', 5)])).figures.AP).toBeCloseTo(1, 12);
    await expect(scores('epe', annotations, [result('c.png', 5)])).rejects.toThrow(
      /\[0\].image_id: expected the id of/,
    );
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
  });
});

describe('files that were put together by hand', () => {
  const pictures = { 'images/1.png': null, 'images/2.png': null };

  test('two pictures of one id are told, where everybody would be on the later one', async () => {
    const joined = coco(
      [picture(1, '1.png'), picture(1, '2.png')],
      [person(1, 1), person(1, 1, { bbox: [1, 2, 9, 9] })],
    );
    await expect(open({ 'labels.json': joined, ...pictures })).rejects.toThrow(
      /labels.json: images\[1\].id: expected another id than that of 1.png: files that were joined need new ids, got 1$/,
    );
    // The same picture in both, or a list of names for detections.
    const twice = coco([picture(1, '1.png'), picture(2, '2.png'), picture(1, '1.png')], [person(1, 1), person(2, 2)]);
    expect((await open({ 'labels.json': twice, ...pictures })).train.length).toBe(2);
    const home = await folder({ 'd.json': [{ image_id: 1, bbox: [1, 2, 3, 4] }], 'list.json': joined });
    const boxes = withBoxesOf([{ path: '1.png', id: 1 }], join(home, 'd.json'), { imageList: join(home, 'list.json') });
    await expect(boxes).rejects.toThrow(/list.json: images\[1\].id: expected another id than that of 1.png/);
  });

  test('categories of one id, or of other joints, are told apart', async () => {
    const one = coco([picture(1, '1.png')], [person(1, 1)]);
    const dog = { id: 2, name: 'dog', keypoints: ['nose', 'tail'] };
    const both = [...one.categories, { ...dog, id: 1 }];
    await expect(open({ 'labels.json': { ...one, categories: both }, ...pictures })).rejects.toThrow(
      /categories\[1\].id: expected another id than that of person: /,
    );
    const annotations = [...one.annotations, person(2, 1, { category_id: 2, keypoints: [1, 2, 2, 3, 4, 2] })];
    const two = { ...one, annotations, categories: [...one.categories, dog] };
    await expect(open({ 'labels.json': two, ...pictures })).rejects.toThrow(
      /annotations\[1\].keypoints: expected 51 numbers, as category 1 has, or one category alone in the file, got a list of 6$/,
    );
  });

  test('a table of semicolons, as spreadsheets of some countries write it', async () => {
    await expect(open({ 'boxes.csv': 'file;x;y;width;height\n1.png;1,5;2;3;4\n', ...pictures })).rejects.toThrow(
      /boxes.csv: its columns are separated by semicolons; expected commas, and points in numbers$/,
    );
  });

  test('limbs by the names of joints', async () => {
    const own = { keypoints: ['nose', 'tail', 'ear'], skeleton: [['nose', 'ear']] };
    const labels = (first: number) => person(first, first, { keypoints: joints(5, 3) });
    const named = coco([picture(1, '1.png'), picture(2, '2.png')], [labels(1), labels(2)], own);
    expect((await open({ 'labels.json': named, ...pictures })).schema.limbs?.map(([a, b]) => [a, b])).toEqual([[0, 2]]);
  });

  test.each([
    ['a project of the VGG Image Annotator', { _via_settings: {}, _via_img_metadata: {} }],
    ['"images" by their ids; expected lists', { images: { 1: picture(1, '1.png') }, annotations: [person(1, 1)] }],
    ['annotations of an unknown form, an object of pictures', { pictures: [] }],
  ])('the only file says why it is none: %s', async (why, content) => {
    await expect(open({ 'labels.json': content, ...pictures })).rejects.toThrow(`labels.json: ${why}`);
  });
});
