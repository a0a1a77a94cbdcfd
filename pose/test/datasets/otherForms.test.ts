import { rm } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { withJoints } from '../../src/node/askedJoints.js';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { readAnnotations } from '../../src/node/datasets/readAnnotations.js';
import { h36m18, MPII_TO_H36M } from '../../src/schemas/h36m18.js';
import { mpii16 } from '../../src/schemas/mpii16.js';
import { folderOf, SIZE } from './folders.js';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

const open = (data: string) => openDataset({ data, figures: 0 });

async function folder(files: Record<string, unknown>): Promise<string> {
  folders.push(await folderOf(files));
  return folders[folders.length - 1];
}

/** A camera at the origin that looks along z. */
const LOOKING = {
  R: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  t: [0, 0, 0],
  f: [20, 20],
  c: [10, 10],
};

describe('mpii', () => {
  const person = {
    image: 'a.png',
    center: [21, 11],
    scale: 0.1,
    joints: mpii16.joints.map((_, k) => [k + 11, 16]),
    joints_vis: mpii16.joints.map((_, k) => (k === 3 ? 0 : 1)),
  };
  const nobody = { ...person, joints_vis: person.joints_vis.map(() => 0) };

  test('1-based pixels, a square of 200 scale moved down by 15 scale, people without joints left out', async () => {
    const held = { ...person, image: 'b.png' };
    const pictures = { 'images/a.png': null, 'images/b.png': null };
    const files = { 'annot/train.json': [person, nobody], 'annot/valid.json': [held], ...pictures };
    const set = await open(await folder(files));
    expect([set.train.length, set.test.length]).toEqual([1, 1]);
    const { joints, weights, box } = await set.train.sample(0);
    expect(Array.from(joints.subarray(0, 4))).toEqual([10, 15, 11, 15]);
    expect([weights[2], weights[3]]).toEqual([1, 0]);
    // Centre (20, 10 + 1.5), side 20.
    expect(box).toEqual([10, 1.5, 20, 20]);
  });

  test.each([
    ['a number of joints', { joints: [[1, 2]] }, /\[0\].joints: expected 16 points/],
    ['a broken point', { joints: person.joints.map((p, k) => (k === 5 ? [1] : p)) }, /joints\[5\]: expected \[x, y\]/],
    ['a scale', { scale: 0 }, /scale: expected a number above 0/],
  ])('refuses %s that is not right', async (_, change, message) => {
    const files = { 'train.json': [{ ...person, ...change }], 'valid.json': [{ ...person, image: 'b.png' }] };
    await expect(open(await folder(files))).rejects.toThrow(message);
  });

  test('the list of another program beside them is left out, with a word', async () => {
    const files = {
      'train.json': [person],
      'valid.json': [{ ...person, image: 'b.png' }],
      'test.json': [{ image: 'c.png' }],
    };
    const set = await open(await folder({ ...files, 'a.png': null, 'b.png': null }));
    expect(set.notes).toContain('files that are no annotations: test.json');
  });
});

describe('h36m', () => {
  // A camera one metre up that looks along the world's y axis: its x is the world's, its y points down.
  const camera = {
    R: [
      [1, 0, 0],
      [0, 0, -1],
      [0, 1, 0],
    ],
    t: [0, 0, 1000],
    f: [20, 20],
    c: [20, 15],
  };
  const world = Array.from({ length: 17 }, (_, k) => [100 * (k % 3), 2000 + 10 * k, 1000 - 50 * k]);
  const file = (name: string) => ({
    images: [
      { file_name: name, width: SIZE[0], height: SIZE[1] },
      { file_name: 's_09_act_05_subact_02_ca_01_0001.jpg', width: SIZE[0], height: SIZE[1] },
    ],
    annotations: [0, 1].map(() => ({ bbox: [10, 5, 20, 20], keypoints_world: world, cam_param: camera })),
  });
  const files = {
    'annotations/Sample_5_train_Human36M_protocol_2.json': file('s_01/a.png'),
    'annotations/Sample_64_test_Human36M_protocol_2.json': file('s_02/a.png'),
    'images/s_01/a.png': null,
    'images/s_02/a.png': null,
  };

  test('projects the world, adds the thorax, keeps depths behind the pelvis, leaves broken takes out', async () => {
    const set = await open(await folder(files));
    expect([set.train.length, set.test.length]).toEqual([1, 1]);
    const { joints, weights, spatial } = await set.train.sample(0);
    expect(weights).toHaveLength(h36m18.joints.length);
    // Joint 1 is at (100, 2010, 950): 50 mm below the camera, 2010 mm away.
    expect(joints[2]).toBeCloseTo((20 * 100) / 2010 + 20, 12);
    expect(joints[3]).toBeCloseTo((20 * 50) / 2010 + 15, 12);
    expect(spatial).toMatchObject({ rootDepth: 2000, focal: [20, 20], centre: [20, 15] });
    expect(Array.from(spatial?.depths ?? []).slice(0, 3)).toEqual([0, 10, 20]);
    // The thorax is between joints 11 and 14 in space.
    expect(spatial?.depths[17]).toBe(125);
    expect(joints[34]).toBeCloseTo((20 * 200) / 2125 + 20, 12);
  });

  test('joints behind the camera, and annotations that miss', async () => {
    const spoilt = (change: object) => {
      const one = file('s_01/a.png');
      const annotations = one.annotations.map((annotation) => ({ ...annotation, ...change }));
      return { ...files, 'annotations/Sample_5_train_Human36M_protocol_2.json': { ...one, annotations } };
    };
    const behind = await folder(spoilt({ cam_param: { ...camera, t: [0, 9000, 0] } }));
    await expect(open(behind)).rejects.toThrow(
      /annotations\[0\].cam_param: expected a camera that all joints are before/,
    );
    const short = await folder(spoilt({ keypoints_world: world.slice(1) }));
    await expect(open(short)).rejects.toThrow(/keypoints_world: expected 17 points/);
  });

  test("MPII's joints under Human3.6M's names", () => {
    const same = (a: string, b: string) => a === b || (a === 'neck' && b === 'upper_neck') || `${a}_top` === b;
    for (const [k, from] of MPII_TO_H36M.entries()) {
      if (from >= 0) expect([h36m18.joints[k], mpii16.joints[from]]).toSatisfy(([a, b]) => same(a, b));
    }
    expect(MPII_TO_H36M.filter((from) => from < 0)).toHaveLength(2);
  });
});

describe('boxes', () => {
  const keypoints = Array.from({ length: 42 }, (_, i) => (i % 3 === 2 ? Number(i > 6) : 5 + i / 3));
  const people = Array.from({ length: 10 }, (_, i) => ({
    file: `${i}.png`,
    box: [3, 4, 20, 15],
    keypoints,
    score: i / 10,
  }));

  test('JSON with keypoints is a data set, CSV the same', async () => {
    const pictures = Object.fromEntries(people.map(({ file }) => [`images/${file}`, null]));
    const set = await open(await folder({ 'boxes.json': people, ...pictures }));
    expect([set.schema.name, set.train.length, set.test.length]).toEqual(['lsp14', 8, 2]);
    const expected = await set.train.sample(0);
    expect(expected.box).toEqual([3, 4, 19, 14]);
    const names = set.schema.joints.flatMap((name) => [`${name}_x`, `${name}_y`]);
    const values = Array.from(expected.joints, (v, i) => (expected.weights[i >> 1] > 0 ? v : ''));
    const row = ['3', '"a.png"', '4', '20', '15', 'train', ...values].join();
    const csv = `x,file,y,width,height,split,${names.join()}\n${row}\r\n\n${row.replace('train', 'test').replace('a.png', 'b.png')}\n`;
    const table = await open(await folder({ 'boxes.csv': csv, 'a.png': null, 'b.png': null }));
    expect([table.train.length, table.test.length]).toEqual([1, 1]);
    const { joints, weights, box } = await table.test.sample(0);
    expect([box, weights]).toEqual([expected.box, expected.weights]);
    expect(joints.slice(6)).toEqual(expected.joints.slice(6));
  });

  test('JSON of joints that nobody knows is a data set of theirs, and --joints names them', async () => {
    const two = people.map((person) => ({ ...person, keypoints: [5, 6, 2, 7.5, 8, 1] }));
    const pictures = Object.fromEntries(people.map(({ file }) => [file, null]));
    const home = await folder({ 'boxes.json': two, ...pictures, 'names.json': { joints: ['nose', 'tail'] } });
    const set = await open(home);
    expect([set.schema.joints, set.train.length, set.test.length]).toEqual([['joint 0', 'joint 1'], 8, 2]);
    const named = await withJoints(set, { joints: `${home}/names.json` });
    const { joints } = await named.train.sample(0);
    expect([named.schema.joints, [...joints]]).toEqual([
      ['nose', 'tail'],
      [5, 6, 7.5, 8],
    ]);
  });

  test('boxes alone are read for prediction, and refused for training', async () => {
    const csv = 'file,x,y,width,height,score\n"b, c.jpg",1,2,3,4.5,0.25\n';
    const only = await folder({ 'boxes.csv': csv });
    const { people: read, pictures } = await readAnnotations(`${only}/boxes.csv`);
    expect(pictures.get(1)).toMatchObject({ file: 'b, c.jpg' });
    expect(read).toMatchObject([{ box: [1, 2, 3, 4.5], score: 0.25, labelled: 0 }]);
    await expect(open(only)).rejects.toThrow(
      /nobody with labels is in the train split; left out: 1 person without a labelled joint/,
    );
  });

  test.each([
    ['boxes.csv', 'file,x,y,width\na.png,1,2,3\n', /no column height in file, x, y, width/],
    ['boxes.csv', 'file,x,y,width,height\na.png,1,2,three,4\n', /line 2.box\[2\]: expected a finite number/],
    ['boxes.csv', 'file,x,y,width,height\n"a.png,1,2,3,4\n', /not CSV/],
    ['boxes.csv', '', /no boxes in it/],
    ['boxes.json', [{ file: 'a.png', box: [1, 2, 0, 4] }], /\[0\].box: expected a width and a height above 0/],
    ['boxes.json', [{ file: 'a.png', box: [1, 2, 3, 4], split: 'val' }], /split: expected train or test/],
    ['boxes.json', [{ file: 'a.png', box: [1, 2, 3, 4], keypoints: [1, 2] }], /keypoints: expected x, y, v for each/],
    [
      'boxes.json',
      [3, 6].map((length) => ({ file: 'a.png', box: [1, 2, 3, 4], keypoints: Array(length).fill(2) })),
      /\[1\].keypoints: expected a list of 3 numbers, got a list of 6/,
    ],
  ])('%s: refuses %j', async (name, content, message) => {
    await expect(open(await folder({ [name]: content }))).rejects.toThrow(message);
  });
});

const numbered = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`images/${i}.png`, null]));

describe('openDataset', () => {
  const items = (count: number) => ({
    items: Array.from({ length: count }, (_, i) => ({
      file: `${i}.png`,
      xy: Array.from({ length: 14 }, (_, k) => [k + 1, 9]),
    })),
  });

  test('several folders: all train, the first one tests, and another thread finds the same', async () => {
    const data = [
      await folder({ 'joints.json': items(4), ...numbered(4) }),
      await folder({ 'joints.json': items(6), ...numbered(6) }),
    ].join();
    const set = await openDataset({ data, figures: 0 });
    expect([set.train.length, set.test.length]).toEqual([8, 2]);
    expect((await set.train.sample(7)).joints).toEqual((await set.train.sample(0)).joints);
    expect(() => set.train.sample(8)).toThrow(/sample 8 does not exist/);
    expect(set.train.origin).toMatchObject({ name: 'openDataset', args: [{ data, figures: 0 }, []] });
    const other = await folder({
      'boxes.json': ['train', 'test'].map((split) => ({
        ...{ file: `${split}.png`, box: [1, 2, 30, 20], keypoints: Array(51).fill(2), split },
      })),
      'train.png': null,
      'test.png': null,
    });
    await expect(openDataset({ data: `${data},${other}`, figures: 0 })).rejects.toThrow(
      /has the joints coco17, the first data set has lsp14/,
    );
  });

  test("MPII's people join Human3.6M's, under its joints", async () => {
    const joints = mpii16.joints.map((_, k) => [k + 1, 10]);
    const one = {
      image: 'a.png',
      center: [20, 15],
      scale: 0.1,
      joints,
      joints_vis: joints.map((_, k) => (k === 2 ? 0 : 1)),
    };
    const held = { ...one, image: 'b.png' };
    const second = await folder({ 'train.json': [one], 'valid.json': [held, held], 'a.png': null, 'b.png': null });
    const take = {
      images: [{ file_name: 'a.png', width: SIZE[0], height: SIZE[1] }],
      annotations: [{ bbox: [1, 1, 20, 20], keypoints_world: Array(17).fill([0, 0, 9]), cam_param: LOOKING }],
    };
    const other = { ...take, images: [{ ...take.images[0], file_name: 'b.png' }] };
    const first = await folder({
      'Sample_5_train_Human36M_protocol_2.json': take,
      'Sample_64_test_Human36M_protocol_2.json': other,
      'a.png': null,
      'b.png': null,
    });
    const set = await openDataset({ data: `${first},${second}`, figures: 0 });
    expect([set.schema, set.train.length, set.test.length]).toEqual([h36m18, 4, 1]);
    const { joints: moved, weights, spatial } = await set.train.sample(3);
    // The pelvis was joint 6; the right hip, joint 2, and the torso have no label.
    expect([moved[0], weights[0], weights[1], weights[7], spatial]).toEqual([6, 1, 0, 0, undefined]);
    const turned = openDataset({ data: `${second},${first}`, figures: 0 });
    await expect(turned).rejects.toThrow(/has the joints h36m18, the first data set has mpii16/);
  });

  test('a folder of no known form: says what was looked for', async () => {
    const data = await folder({ 'notes.txt': 'nothing' });
    await expect(openDataset({ data, figures: 0 })).rejects.toThrow(
      /joints.json or joints.mat.*person_keypoints_.*Human36M.*boxes.csv.*--train FILE/,
    );
  });
});
