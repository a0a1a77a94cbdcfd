import { execFileSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { jsonAnnotations } from '../../src/datasets/jsonAnnotations.js';
import { pathOfAddress } from '../../src/datasets/pictureAddress.js';
import { isLabelmeFolder } from '../../src/node/datasets/labelmeFolder.js';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { readAnnotations } from '../../src/node/datasets/readAnnotations.js';
import { folderOf } from './folders.js';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function laid(files: Readonly<Record<string, unknown>>): Promise<string> {
  folders.push(await folderOf(files));
  return folders[folders.length - 1];
}

const open = async (files: Readonly<Record<string, unknown>>) => openDataset({ data: await laid(files), figures: 0 });

const point = (label: string, x: number, y: number, group: number | null = null) => ({
  ...{ label, points: [[x, y]], shape_type: 'point', group_id: group },
});
const rectangle = (x: number, y: number, group: number | null = null) => ({
  ...{
    label: 'hand',
    points: [
      [x, y],
      [x + 10, y + 10],
    ],
    shape_type: 'rectangle',
    group_id: group,
  },
});

describe('labelme', () => {
  const file = (shapes: object[], imagePath = 'a.png') => ({ shapes, imagePath, imageWidth: 40, imageHeight: 30 });
  const people = (shapes: object[]) => {
    const annotations = jsonAnnotations(file(shapes), 'a.json');
    return { ...annotations, found: annotations.people.map(({ keypoints, box }) => [Array.from(keypoints), box]) };
  };

  test('a folder and a pipe that end in .json are none of its files', async () => {
    const folder = await laid({ 'c.json': file([]) });
    await mkdir(join(folder, 'a.json'));
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'b.json')]); // nobody writes into it
    expect(await isLabelmeFolder(folder)).toBe(true);
    await rm(join(folder, 'c.json'));
    expect(await isLabelmeFolder(folder)).toBe(false);
  });

  test('groups are people, loose points those of the rectangle around them', () => {
    const grouped = people([point('tip', 5, 5, 1), rectangle(20, 10, 2), point('tip', 25, 15, 2), rectangle(0, 0, 1)]);
    expect(grouped.found).toEqual([
      [
        [24.5, 14.5, 2],
        [20, 10, 10, 10],
      ],
      [
        [4.5, 4.5, 2],
        [0, 0, 10, 10],
      ],
    ]);
    const loose = people([
      point('tip', 5, 5),
      point('tip', 25, 15),
      rectangle(0, 0),
      rectangle(20, 10),
      point('tip', 15, 5),
    ]);
    expect(loose.found).toEqual([
      [
        [4.5, 4.5, 2],
        [0, 0, 10, 10],
      ],
      [
        [24.5, 14.5, 2],
        [20, 10, 10, 10],
      ],
    ]);
    expect([...loose.leftOut]).toEqual([['joints in no rectangle, whose person nothing tells', 1]]);
    const overlapping = people([point('tip', 5, 5), rectangle(0, 0), rectangle(4, 4)]);
    expect([...overlapping.leftOut.keys()]).toEqual(['joints in more than one rectangle, whose person nothing tells']);
  });

  test('an outline has a box and an area, other shapes are counted', () => {
    const outline = {
      label: 'hand',
      points: [
        [0, 0],
        [10, 0],
        [10, 20],
      ],
      shape_type: 'polygon',
      group_id: null,
    };
    const line = {
      label: 'x',
      points: [
        [0, 0],
        [1, 1],
      ],
      shape_type: 'line',
      group_id: null,
    };
    const { people: found, leftOut } = people([outline, point('tip', 5, 5), line]);
    expect(found).toMatchObject([{ box: [0, 0, 10, 20], area: 100 }]);
    expect([...leftOut]).toEqual([['shapes of type line', 1]]);
  });

  test('joints without a known schema are in the order of the alphabet in every file, and folders divide', async () => {
    const set = await open({
      'train/a.json': file([point('finger10', 5, 5), point('finger9', 7, 7)]),
      'val/b.json': file([point('finger9', 5, 5), point('finger10', 7, 7)], 'b.png'),
      'val/notes.json': { some: 'thing' },
      ...{ 'train/a.png': null, 'val/b.png': null },
    });
    expect([set.schema.joints, set.train.length, set.test.length]).toEqual([['finger9', 'finger10'], 1, 1]);
    expect(Array.from((await set.test.sample(0)).joints)).toEqual([4.5, 4.5, 6.5, 6.5]);
    expect(set.notes?.join()).toMatch(/files that are no annotations: val.notes.json/);
  });

  test.each([
    [
      'two joints of one name',
      [point('tip', 5, 5), point('Tip', 6, 6)],
      /a.json: a.png: two points "Tip" of one person/,
    ],
    ['a broken point', [{ ...point('tip', 5, 5), points: [[5]] }], /shapes\[0\].points\[0\]: expected \[x, y\]/],
    ['no points', [{ ...point('tip', 5, 5), points: [] }], /shapes\[0\].points: expected at least one point/],
    ['no label', [{ ...point('tip', 5, 5), label: null }], /shapes\[0\].label: expected a text, got null/],
  ])('%s is refused', (_, shapes, message) => {
    expect(() => people(shapes)).toThrow(message);
  });
});

describe('Label Studio', () => {
  const size = { original_width: 200, original_height: 100 };
  const joint = (id: string, label: string, x: number, parentID?: string) => ({
    ...{ ...size, id, parentID, type: 'keypointlabels', value: { x, y: 10, width: 1, keypointlabels: [label] } },
  });
  const box = (id: string, x: number, rotation = 0) => ({
    ...{
      ...size,
      id,
      type: 'rectanglelabels',
      value: { x, y: 0, width: 10, height: 20, rotation, rectanglelabels: ['hand'] },
    },
  });
  const read = (result: object[], more: object[] = []) =>
    jsonAnnotations([{ data: { img: 's3://bucket/dir/a.jpg' }, annotations: [{ result }, ...more] }], 'x.json');

  test('parents and relations group, the first annotation counts, unknown labels are counted', () => {
    const relation = { type: 'relation', from_id: 'k2', to_id: 'b2', direction: 'right' };
    const brush = { ...size, id: 'z', type: 'brushlabels', value: { rle: [] } };
    const result = [joint('k1', 'tip', 5, 'b1'), joint('k2', 'tip', 7), box('b1', 0), box('b2', 2), relation, brush];
    const { people, pictures, leftOut } = read(result, [{ result: [joint('k9', 'tip', 50)] }]);
    expect(people.map(({ keypoints, box: rectangleOf }) => [Array.from(keypoints), rectangleOf])).toEqual([
      [
        [9.5, 9.5, 2],
        [0, 0, 20, 20],
      ],
      [
        [13.5, 9.5, 2],
        [4, 0, 20, 20],
      ],
    ]);
    expect([...pictures.values()]).toEqual([{ id: 1, file: 'dir/a.jpg', size: [200, 100], split: undefined }]);
    expect([...leftOut]).toEqual([
      ['annotations of a task beside the first', 1],
      ['labels of type brushlabels', 1],
    ]);
  });

  test('predictions that nobody has confirmed are counted', () => {
    const [whole] = [{ result: [joint('k1', 'tip', 5)] }];
    const task = (more: object) => ({ data: { img: 'a.jpg' }, predictions: [whole, whole], ...more });
    const { people, leftOut } = jsonAnnotations(
      [task({ annotations: [whole] }), task({ annotations: [], data: { img: 'b.jpg' } })],
      'x.json',
    );
    expect([people.length, [...leftOut]]).toEqual([1, [['predictions that nobody has confirmed', 2]]]);
  });

  test('a turned rectangle is the box around it', () => {
    const [{ box: around }] = read([box('b', 50, 90)]).people;
    expect(around.map((value) => Math.round(value))).toEqual([80, 0, 20, 20]);
  });

  test.each([
    ['/data/upload/3/0a1b2c3d-x%20y.jpg', 'upload/3/0a1b2c3d-x y.jpg'],
    ['/data/local-files/?d=dir/x.jpg', 'dir/x.jpg'],
    ['s3://bucket/dir/x.jpg', 'dir/x.jpg'],
    ['https://host/dir/x.jpg?token=1', 'dir/x.jpg'],
    ['images\\3/x.jpg', 'images\\3/x.jpg'],
  ])('%s is %s', (address, path) => expect(pathOfAddress(address)).toBe(path));

  test('uploads are found under the name that they had', async () => {
    const task = {
      data: { image: '/data/upload/3/0a1b2c3d-a.png' },
      annotations: [{ result: [joint('k', 'tip', 5), joint('l', 'root', 9)] }],
    };
    const fitted = JSON.parse(JSON.stringify(task).replaceAll('200', '40').replaceAll('100', '30'));
    const set = await open({ 'export.json': [fitted], 'images/a.png': null });
    expect((await set.train.sample(0)).image.width).toBe(40);
  });

  test.each([
    ['a turned picture', { ...joint('k', 'tip', 5), image_rotation: 90 }, /image_rotation: expected 0/],
    ['no size', { ...joint('k', 'tip', 5), original_width: undefined }, /original_width: expected a whole number/],
    ['no place', { ...joint('k', 'tip', 5), value: { keypointlabels: ['tip'] } }, /value.x: expected a finite number/],
  ])('%s is refused', (_, result, message) => expect(() => read([result])).toThrow(message));
});

describe('CVAT', () => {
  const xml = (inner: string) =>
    `<annotations><image id="0" name="a.png" width="40" height="30" subset="Train">${inner}</image></annotations>`;
  const read = async (text: string) =>
    readAnnotations(join(await laid({ 'annotations.xml': text }), 'annotations.xml'));

  test('people of skeletons, of groups, and of several points', async () => {
    const { people, pictures, leftOut, categories } = await read(
      xml(
        '<skeleton label="hand"><points label="1" points="1,2"/><points label="2" outside="1" points="3,4"/></skeleton>' +
          '<points label="1" points="5,6" group_id="4"/><points label="2" points="7,8" occluded="1" group_id="4"/>' +
          '<points label="dog" points="9,10;11,12"/><cuboid label="x"/><box label="dog" xtl="1" ytl="2" xbr="5" ybr="8"/>',
      ),
    );
    expect(people.map(({ keypoints }) => Array.from(keypoints))).toEqual([
      [0.5, 1.5, 2, 0, 0, 0],
      [8.5, 9.5, 2, 10.5, 11.5, 2],
      [4.5, 5.5, 2, 6.5, 7.5, 1],
      [0, 0, 0, 0, 0, 0],
    ]);
    expect(people[3].box).toEqual([1, 2, 4, 6]);
    expect([...categories.values()].map(({ name }) => name)).toEqual(['hand', 'dog', 'person']);
    expect([...pictures.values()]).toEqual([{ id: 1, file: 'a.png', size: [40, 30], split: 'train' }]);
    expect([...leftOut]).toEqual([['shapes of type cuboid', 1]]);
  });

  test.each([
    ['a broken file', '<annotations><image id="0" name="a.png"', /annotations.xml: not well-formed XML/],
    ['entities of its own', `<!DOCTYPE a [<!ENTITY b "c">]>${xml('<box label="&b;"/>')}`, /not well-formed XML/],
    ['a point of one number', xml('<points label="a" points="1"/>'), /line 1: <points> points: expected "x,y;x,y;..."/],
    ['a box without a side', xml('<box label="a" xtl="1" ytl="2" xbr="3"/>'), /<box> ybr: expected a number, got none/],
    ['a video', '<annotations><track id="0" label="x"/></annotations>', /form for videos, which names no pictures/],
  ])('%s is refused', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });
});
