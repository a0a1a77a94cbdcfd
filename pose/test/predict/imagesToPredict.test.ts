import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Tally } from '../../src/datasets/tally.js';
import { listImages, withBoxesOf } from '../../src/node/predict/imagesToPredict.js';
import mpii from '../golden/mpii_mat.json' with { type: 'json' };

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-images-'));
  for (const name of ['numbered', 'named', 'empty']) mkdirSync(join(home, name));
  for (const name of ['000017.jpg', '000004.PNG', 'notes.txt']) writeFileSync(join(home, 'numbered', name), '');
  for (const name of ['b.jpg', 'a.webp', '7.jpg']) writeFileSync(join(home, 'named', name), '');
});
afterAll(() => rmSync(home, { recursive: true }));

const json = (value: unknown): string => {
  const file = join(home, 'boxes.json');
  writeFileSync(file, JSON.stringify(value));
  return file;
};

test('boxes of a folder that holds none are told where they may be', async () => {
  const boxesIn = (name: string) => withBoxesOf([], join(home, name));
  await expect(boxesIn('empty')).rejects.toThrow(
    /empty: a folder without data\.yaml and labelme's files; it has no \.json files at all; name a file of annotations$/,
  );
  const names = Array.from({ length: 7 }, (_, i) => `${i}.json`);
  mkdirSync(join(home, 'others', 'labels'), { recursive: true });
  for (const name of names) writeFileSync(join(home, 'others', 'labels', name), '{"images":[],"annotations":[]}');
  await expect(boxesIn('others')).rejects.toThrow(
    /; its \.json files are labels.0\.json, labels.1\.json, .*labels.4\.json, \.\.\. \(7\); name one of annotations$/,
  );
});

describe('listImages', () => {
  test('takes the images of folders in the order of their names, and numbers that are names as ids', async () => {
    expect(await listImages([join(home, 'numbered')])).toEqual([
      { path: join(home, 'numbered', '000004.PNG'), id: 4 },
      { path: join(home, 'numbered', '000017.jpg'), id: 17 },
    ]);
  });

  test('counts where not all names are different numbers', async () => {
    const listed = await listImages([join(home, 'named'), 'elsewhere/17.jpg']);
    expect(listed.map(({ path, id }) => [path.slice(path.lastIndexOf('/') + 1), id])).toEqual([
      ['7.jpg', 1],
      ['a.webp', 2],
      ['b.jpg', 3],
      ['17.jpg', 4],
    ]);
    expect((await listImages(['x/17.jpg', 'y/017.jpg'])).map(({ id }) => id)).toEqual([1, 2]);
  });

  test('tells images by their first bytes, and counts what else is there', async () => {
    const folder = join(home, 'mixed');
    mkdirSync(join(folder, 'sub'), { recursive: true });
    const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
    for (const name of ['a.jfif', 'b.mpo', 'c', 'd.JPEG']) writeFileSync(join(folder, name), jpeg);
    writeFileSync(join(folder, 'e.bmp'), `BM\x10\0\0\0\0\0\0\0`);
    for (const name of ['f.json', 'g.json']) writeFileSync(join(folder, name), '{}');
    const leftOut = new Tally();
    const listed = await listImages([folder], leftOut);
    expect(listed.map(({ path }) => path.slice(folder.length + 1))).toEqual(['a.jfif', 'b.mpo', 'c', 'd.JPEG']);
    const of = (kind: string) => `files in ${folder}: ${kind}`;
    expect(new Map(leftOut)).toEqual(
      new Map([
        [of('BMP'), 1],
        [of('JSON'), 2],
        [of('a folder, a pipe or a device'), 1],
      ]),
    );
  });

  test('refuses a folder without images', async () => {
    await expect(listImages([join(home, 'empty')])).rejects.toThrow(/empty: no images \(JPEG, .*\) in this folder$/);
  });
});

describe('withBoxesOf', () => {
  test("takes MPII's own file, with the people that metrics know", async () => {
    const file = join(home, 'mpii.mat');
    writeFileSync(file, Buffer.from(mpii.plain, 'base64'));
    const {
      images: [image, other],
    } = await withBoxesOf(
      [
        { path: 'images/one.jpg', id: 8 },
        { path: 'images/test.jpg', id: 9 },
      ],
      file,
    );
    const [[{ center, scale }]] = mpii.people.slice(2);
    const side = 200 * scale;
    const box = [center[0] - 1 - side / 2, center[1] - 1 + 15 * scale - side / 2, side, side];
    // The fourth of all labelled people, on the third picture that has any.
    expect(image).toMatchObject({ path: 'images/one.jpg', id: 3, orientation: 'stored' });
    expect(image.people).toEqual([{ box, frame: box, category: 1, annotation: 4 }]);
    expect(other.people).toEqual([]);
  });

  const images = [
    { path: 'any/000017.jpg', id: 17 },
    { path: 'any/b.jpg', id: 2 },
  ];

  test('of COCO annotations, by name; crowds are left out', async () => {
    const file = json({
      images: [
        { id: 5, file_name: 'val/000017.jpg' },
        { id: 6, file_name: 'c.jpg' },
      ],
      categories: [
        { id: 1, name: 'cat' },
        { id: 2, name: 'dog' },
      ],
      annotations: [
        { id: 1, image_id: 5, category_id: 1, bbox: [1, 2, 3, 4] },
        { id: 2, image_id: 5, category_id: 1, bbox: [0, 0, 9, 9], iscrowd: 1 },
        { id: 3, image_id: 6, category_id: 1, bbox: [5, 6, 7, 8], iscrowd: 0 },
        { id: 4, image_id: 5, category_id: 2, bbox: [5, 6, 7, 8], iscrowd: 0 },
      ],
    });
    expect((await withBoxesOf(images, file)).images).toMatchObject([
      {
        path: 'any/000017.jpg',
        id: 5,
        people: [
          { box: [1, 2, 3, 4], category: 1, annotation: 1 },
          { box: [5, 6, 7, 8], category: 2, annotation: 4 },
        ],
      },
      { path: 'any/b.jpg', id: 2, people: [] },
    ]);
  });

  test('of detections, by name or by the number that the name is', async () => {
    const file = json([
      { image_id: 17, category_id: 1, bbox: [1, 2, 3, 4], score: 0.5 },
      { file_name: 'b.jpg', bbox: [5, 6, 7, 8], annotation_id: 0 },
    ]);
    const { images: found } = await withBoxesOf(images, file);
    expect(found.map(({ id, people }) => [id, people])).toEqual([
      [17, [{ box: [1, 2, 3, 4], category: 1, score: 0.5 }]],
      [2, [{ box: [5, 6, 7, 8], category: 1, annotation: 0 }]],
    ]);
  });

  test('of a table', async () => {
    const file = join(home, 'boxes.csv');
    writeFileSync(file, 'file,x,y,width,height,score\nb.jpg,5,6,7,8,0.25\n');
    expect((await withBoxesOf(images, file)).images[1].people).toEqual([
      { box: [5, 6, 7, 8], category: 1, score: 0.25, annotation: 1 },
    ]);
  });

  test('says what is wrong with the file, and where', async () => {
    const cases: [unknown, RegExp][] = [
      [[{ bbox: [1, 2, 3, 4] }], /boxes\.json: \[0\]\.image_id: expected this or "file_name", got nothing$/],
      [[{ image_id: 17, bbox: [1, 2, 3] }], /boxes\.json: \[0\]\.bbox: expected a list of 4 numbers, got a list of 3$/],
      [
        [{ image_id: 99, bbox: [1, 2, 3, 4] }],
        /boxes\.json: no box for any of 2 images such as any\/000017\.jpg; left out: 1 box of pictures that were not given$/,
      ],
      [{ images: [{ id: 1, file_name: 5 }], annotations: [] }, /images\[0\]\.file_name: expected a text, got 5$/],
      [
        { images: [], annotations: [{ id: 1, image_id: 5, bbox: [1, 2, 3, 4] }] },
        /annotations\[0\]\.image_id: expected the id of an image that the file lists, got 5$/,
      ],
      ['text', /boxes\.json: annotations of an unknown form, no object and no list; these are read: LSP/],
    ];
    for (const [content, message] of cases) await expect(withBoxesOf(images, json(content))).rejects.toThrow(message);
  });
});
