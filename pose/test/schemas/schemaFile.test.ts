import { describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { coco17, crowdpose14 } from '../../src/schema.js';
import { SCHEMAS } from '../../src/schemas/known.js';
import { parseSchema } from '../../src/schemas/schemaFile.js';

const of = (content: unknown, file = 'own.json') =>
  parseSchema(typeof content === 'string' ? content : JSON.stringify(content), file);

describe("wgrad's own form", () => {
  test.each(SCHEMAS)('$name comes back as it is written', async (schema) => {
    expect(await of(schema)).toEqual(schema);
  });

  test('joints by name or number, numbers by joint as a list, by name, or one for all', async () => {
    const own = {
      joints: ['left_wing', 'right_wing', 'beak'],
      flipPairs: [['LEFT-WING', 1]],
      limbs: [
        ['beak', 'left_wing'],
        [2, 1, 'teal'],
      ],
      normaliser: ['left_wing', 'right_wing'],
      upperBody: ['beak'],
      oksSigmas: { beak: 0.02, left_wing: 0.1, 'Right Wing': 0.1 },
      jointWeights: 2,
    };
    expect(await of(own, 'birds/own.json')).toEqual({
      name: 'own',
      joints: own.joints,
      flipPairs: [[0, 1]],
      limbs: [
        [2, 0, '#f58518'],
        [2, 1, 'teal'],
      ],
      normaliser: [0, 1],
      upperBody: [2],
      oksSigmas: [0.1, 0.1, 0.02],
      jointWeights: [2, 2, 2],
    });
    expect(await of({ joints: ['a', 'b'] })).toEqual({
      name: 'own',
      joints: ['a', 'b'],
      flipPairs: [],
      limbs: [],
      upperBody: [],
    });
    expect(await of({ joints: ['a', 'b'], oksSigmas: [1, 2] })).toMatchObject({ oksSigmas: [1, 2] });
  });

  test.each<[object, RegExp]>([
    [{ flip_pairs: [] }, /own.json: flip_pairs: expected no such field; there are name, joints, flipPairs/],
    [{ joints: [1] }, /joints\[0\]: expected the name of a joint, got 1/],
    [{ limbs: [['a', 'x']] }, /limbs\[0\]\[1\]: expected the name of a joint, or its number from 0 to 1, got "x"/],
    [{ limbs: [['a', 'b', '"/><script>']] }, /limbs\[0\]\[2\]: expected a colour/],
    [{ flipPairs: [['a']] }, /flipPairs\[0\]: expected two joints/],
    [{ oksSigmas: [0.1] }, /oksSigmas: expected a list of 2 numbers, got a list of 1/],
    [{ oksSigmas: { a: 0.1 } }, /oksSigmas.b: expected a finite number, got nothing/],
    [{ oksSigmas: { a: 0.1, b: 1, c: 1 } }, /oksSigmas.c: expected the name of a joint: a, b/],
    [{ oksSigmas: -1 }, /sigmas\[0\], of a, is -1/],
  ])('%j is refused', async (change, message) => {
    await expect(of({ joints: ['a', 'b'], ...change })).rejects.toThrow(message);
  });
});

describe("COCO's form", () => {
  const paws = {
    id: 3,
    name: 'cat',
    keypoints: ['nose', 'l_paw', 'r_paw'],
    skeleton: [
      [1, 2],
      [1, 3],
    ],
  };

  test('an entry, a list of entries, a whole file; whoever has no keypoints is passed over', async () => {
    const cat = await of(paws);
    expect(cat).toMatchObject({ name: 'cat', flipPairs: [[1, 2]], upperBody: [] });
    expect(cat.limbs.map(([a, b]) => [a, b])).toEqual([
      [0, 1],
      [0, 2],
    ]);
    expect(await of([{ id: 1, name: 'car' }, paws])).toEqual(cat);
    expect(await of({ images: [], annotations: [], categories: [paws, { ...paws, id: 4, name: 'dog' }] })).toEqual(cat);
  });

  test('the names of a known schema are that schema', async () => {
    expect(await of({ name: 'person', keypoints: coco17.joints })).toEqual(coco17);
  });

  test.each<[unknown, RegExp]>([
    [{ ...paws, skeleton: [[0, 1]] }, /skeleton\[0\]: expected two joints from 1 to 3, got "0,1"/],
    [{ ...paws, keypoints: ['a', 'A', 'b'] }, /joints 0 and 1 have one name: a, A/],
    [[paws, { name: 'dog', keypoints: ['nose'] }], /the categories cat and dog have different keypoints/],
    [{ categories: [{ id: 1, name: 'car' }] }, /no category in it names keypoints/],
  ])('%j is refused', async (content, message) => {
    await expect(of(content)).rejects.toThrow(message);
  });
});

describe("mmpose's dataset_info", () => {
  const info = `# a comment
dataset_info = dict(
    dataset_name='gnome',
    paper_info=dict(author='N. N.', title='Gnomes', year='2020'),
    keypoint_info={
        0: dict(name='hat', id=0, color=[255, 128, 0], type='upper', swap=''),
        2: dict(name='one_foot', id=2, color=[0, 255, 0], type='lower', swap='other_foot'),
        1: dict(name='other_foot', id=1, color=[0, 255, 0], type='lower', swap='one_foot'),
    },
    skeleton_info={
        0: dict(link=('hat', 'one_foot'), id=0, color=[0, 255, 16]),
        1: dict(link=('hat', 'other_foot'), id=1),
    },
    joint_weights=[1.] * 2 + [1.5],
    sigmas=[0.026, 0.1, 0.1])
`;
  const gnome = {
    name: 'gnome',
    joints: ['hat', 'other_foot', 'one_foot'],
    flipPairs: [[1, 2]],
    limbs: [
      [0, 2, '#00ff10'],
      [0, 1, '#f58518'],
    ],
    upperBody: [0],
    oksSigmas: [0.026, 0.1, 0.1],
    jointWeights: [1, 1, 1.5],
  };
  const inJson = (change: object = {}) => ({
    dataset_info: {
      keypoint_info: {
        0: { name: 'a', swap: 'b', type: '' },
        1: { name: 'b', swap: 'a', type: '' },
        2: { name: 'c', swap: '', type: '' },
      },
      joint_weights: [],
      sigmas: [],
      ...change,
    },
  });

  test('as the Python file, of which nothing is run, and as JSON', async () => {
    expect(await of(info, 'gnome.py')).toEqual(gnome);
    expect(await of(inJson())).toEqual({
      name: 'own',
      joints: ['a', 'b', 'c'],
      flipPairs: [[0, 1]],
      limbs: [],
      upperBody: [],
    });
  });

  test('swaps that are all empty say that nothing swaps, and no swap at all leaves it to the names', async () => {
    const hands = (more: object) => ({
      keypoint_info: { 0: { name: 'l_tip', ...more }, 1: { name: 'r_tip', ...more } },
    });
    expect((await of(hands({ swap: '' }))).flipPairs).toEqual([]);
    expect((await of(hands({}))).flipPairs).toEqual([[0, 1]]);
  });

  test.each<[object, RegExp]>([
    [
      { keypoint_info: { 0: { name: 'a', swap: 'b' }, 1: { name: 'b', swap: '' } } },
      /keypoint_info.0.swap: expected a joint that swaps with a in turn; b swaps with none, got "b"/,
    ],
    [
      { keypoint_info: { 0: { name: 'a', swap: 'z' } } },
      /keypoint_info.0.swap: expected the name of a joint of keypoint_info, got "z"/,
    ],
    [
      { keypoint_info: { 0: { name: 'a', id: 0 }, 1: { name: 'b', id: 0 } } },
      /keypoint_info.1.id: expected each number from 0 to 1 once, got 0/,
    ],
    [{ keypoint_info: { 0: { name: 'a' }, 1: { name: 'a' } } }, /joints 0 and 1 have one name/],
    [{ sigmas: [0.1] }, /1 sigma for 3 joints/],
    [{ joint_weights: [1, 1] }, /2 weights for 3 joints/],
    [{ skeleton_info: { 0: { link: ['a', 'x'] } } }, /skeleton_info.0.link: expected the name of a joint/],
    [
      { skeleton_info: { 0: { link: ['a', 'b'], color: [1, 2, 300] } } },
      /color: expected \[red, green, blue\] from 0 to 255/,
    ],
  ])('%j is refused', async (change, message) => {
    await expect(of(inJson(change))).rejects.toThrow(message);
  });
});

describe("Ultralytics' data.yaml", () => {
  const cocoFlips = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15];
  const yaml = `path: ../datasets/dogs # root
train: images/train
kpt_shape: [3, 3]
flip_idx: [1, 0, 2]
names:
  0: dog
kpt_names:
  0:
    - front_paw
    - hind_paw
    - tail
`;

  test('names by class, pairs by flip_idx', async () => {
    expect(await of(yaml, 'dogs.yaml')).toEqual({
      name: 'dogs',
      joints: ['front_paw', 'hind_paw', 'tail'],
      flipPairs: [[0, 1]],
      limbs: [],
      upperBody: [],
    });
    expect((await of(yaml.replace('flip_idx: [1, 0, 2]\n', ''), 'dogs.yaml')).flipPairs).toEqual([]);
  });

  test('without names, 17 that flip as those of COCO are those of COCO, and others have numbers', async () => {
    expect(await of(`kpt_shape: [17, 3]\nflip_idx: [${cocoFlips}]`, 'data.yaml')).toEqual(coco17);
    const other = await of(`kpt_shape: [17, 2]\nflip_idx: [${cocoFlips.map((_, k) => k)}]`, 'data.yaml');
    expect(other).toMatchObject({ joints: expect.arrayContaining(['joint 16']), flipPairs: [] });
    expect((await of('kpt_shape: [2, 3]', 'data.yaml')).flipPairs).toBeUndefined();
  });

  test.each<[string, RegExp]>([
    ['kpt_shape: [3, 3]\nflip_idx: [0, 1]', /flip_idx: expected 3 numbers, as kpt_shape has joints/],
    [
      'kpt_shape: [3, 3]\nflip_idx: [1, 2, 0]',
      /flip_idx\[0\]: expected a joint that goes to 0 in turn.*got "1, which goes to 2"/,
    ],
    ['kpt_shape: [3, 3]\nflip_idx: [0, 1, 7]', /flip_idx\[2\]: .* got "7, which goes to none"/],
    ['kpt_shape: [3, 3]\nkpt_names: [a, b]', /kpt_names: expected 3 names, as kpt_shape has joints, got "2"/],
    ['kpt_shape: [1, 3]\nkpt_names: {0: [a], 1: [b]}', /kpt_names: expected the same joints for every class/],
    ['kpt_shape: [1e9, 3]', /kpt_shape: expected \[joints, 2 or 3\]/],
    ['kpt_shape: [3, 3', /data.yaml: neither JSON, YAML nor mmpose's Python/],
  ])('%j is refused', async (text, message) => {
    await expect(of(text, 'data.yaml')).rejects.toThrow(message);
  });
});

test.each<[string, string, RegExp]>([
  ['{}', 'a.json', /a.json: no joints in it; expected "joints"/],
  ['', 'a.json', /expected an object/],
  ['{"a"', 'a.json', /a.json: neither JSON, YAML nor/],
  ['x = 1', 'a.py', /a.py: no line in it begins with "dataset_info ="/],
  ['dataset_info = build()', 'a.py', /a.py: line 1: expected a literal, got build/],
  ['dataset_info = 3', 'a.py', /a.py: expected an object/],
  ['[1]', 'a.json', /\[0\]: expected an object/],
  [`${'['.repeat(20_000)}`, 'a.yaml', /a.yaml: neither/],
  ['a: &a [1]\nb: [*a, *a]\njoints: !!binary x', 'a.yaml', /a.yaml/],
])('%.40j in %s is refused in one line', async (text, file, message) => {
  const error = await of(text, file).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain('\n');
});

test('an alias bomb of YAML is refused', async () => {
  const lines = ['a0: &a0 [x, x]', ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)];
  await expect(of(lines.join('\n'), 'a.yaml')).rejects.toThrow(/a.yaml: neither.*alias/i);
});

test('a known schema in a file may still say more', async () => {
  const own = await of({ joints: crowdpose14.joints, oksSigmas: 0.05 });
  expect(own).toEqual({ ...crowdpose14, oksSigmas: crowdpose14.joints.map(() => 0.05) });
});
