import { describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { withAreas } from '../src/coco/areas.js';
import { pairPoses, stackPairs } from '../src/coco/posePairs.js';
import { schemaOf } from '../src/coco/schemaOf.js';
import { readAnnotations } from '../src/node/datasets/readAnnotations.js';
import { readPoses3d, readResults } from '../src/node/jsonFiles.js';
import { coco17, crowdpose14, lsp14 } from '../src/schema.js';
import { jsonFolder } from './metrics/cocoFiles.js';

const write = jsonFolder();
const person = {
  id: 7,
  image_id: 3,
  category_id: 1,
  keypoints: [1, 2, 2, 0, 0, 0],
  area: 50,
  bbox: [0, 0, 10, 20],
  iscrowd: 0,
  num_keypoints: 1,
};
const file = (annotation: object = {}, more: object = {}) => ({
  images: [{ id: 3 }, { id: 4 }],
  categories: [{ id: 1, name: 'person' }],
  annotations: [person, { ...person, id: 8, image_id: 4, ...annotation }],
  ...more,
});
const result = { image_id: 3, category_id: 1, keypoints: [5, 6, 0.9, 7, 9, 0.8], score: 0.5 };

/** The one line of a refusal, from the file's name on. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(DataError);
  return (error as DataError).message.replace(/\S*\//g, '');
}

describe('annotations', () => {
  const refused = async (content: unknown) => refusal(readAnnotations(write('gt.json', content)));

  test.each<[string, unknown, string]>([
    ['no JSON', '{"images": [', 'gt.json: not JSON ('],
    ['NaN', '{"images": NaN}', 'JSON has no NaN or Infinity; write null or leave them out'],
    ['an empty file', '', 'gt.json: not JSON (the file is empty); write the file again'],
    ['a list', [], 'gt.json: annotations of an unknown form, a list of 0; these are read: '],
    [
      'no pictures',
      file({}, { images: undefined }),
      'gt.json: annotations of an unknown form, an object of categories, annotations; these are read: ',
    ],
    ['a string for an area', file({ area: '50' }), 'gt.json: annotations[1].area: expected a number >= 0, got "50"'],
    ['a negative area', file({ area: -1 }), 'gt.json: annotations[1].area: expected a number >= 0, got -1'],
    [
      'half a keypoint',
      file({ keypoints: [1, 2, 2, 3] }),
      'keypoints: expected x, y, v for each joint, got a list of 4',
    ],
    ['text in keypoints', file({ keypoints: [1, 2, 2, 0, '7', 2] }), 'keypoints[4]: expected a finite number, got "7"'],
    ['half a box', file({ bbox: [1, 2] }), 'annotations[1].bbox: expected a list of 4 numbers, got a list of 2'],
    [
      'an unknown image',
      file({ image_id: 5 }),
      'annotations[1].image_id: expected the id of an image that the file lists, got 5',
    ],
    ['an unknown category', file({ category_id: 2 }), 'expected a category that the file lists (1), got 2'],
    ['a broken id', file({ id: 1.5 }), 'annotations[1].id: expected a whole number below 2^53 or a text, got 1.5'],
  ])('%s is refused with its place', async (_, content, message) => {
    expect(await refused(content)).toContain(message);
  });

  test('a file that is not there is named', async () => {
    expect(await refusal(readAnnotations('nowhere.json'))).toMatch(/^cannot read nowhere.json: .*\(ENOENT\)$/);
  });

  test('without an area CrowdPose takes 0.53 of the box; without num_keypoints labels are counted', async () => {
    const path = write('gt.json', file({ area: undefined, num_keypoints: undefined }));
    const truths = withAreas(await readAnnotations(path), 'box');
    expect(truths[1]).toMatchObject({ area: 200 * 0.53, labelled: 1 });
  });
});

describe('results', () => {
  const refused = async (results: unknown) => {
    const truth = await readAnnotations(write('gt.json', file()));
    return refusal(readResults(write('dt.json', results), truth));
  };

  test.each<[string, unknown, string]>([
    ['no list', { results: [] }, 'dt.json: expected a list of results [{...}, ...]'],
    ['no object', [result, 3], 'dt.json: [1]: expected an object {...}, got 3'],
    [
      'no score',
      [result, { ...result, score: undefined }],
      'dt.json: [1].score: expected a finite number, got nothing',
    ],
    ['an unknown image', [{ ...result, image_id: 9 }], '[0].image_id: expected the id of an image of gt.json, got 9'],
    [
      'too few keypoints',
      [{ ...result, keypoints: [1, 2, 1] }],
      '[0].keypoints: expected a list of 6 numbers, got a list of 3',
    ],
    [
      'boxes of some',
      [{ ...result, bbox: [0, 0, 1, 1] }, result],
      '[1].bbox: expected a list of 4 numbers, got nothing',
    ],
    [
      'the person of another image',
      [{ ...result, annotation_id: 8 }],
      '[0].annotation_id: expected the id of an annotation of image 3',
    ],
  ])('%s is refused with its place', async (_, results, message) => {
    expect(await refused(results)).toContain(message);
  });

  test('the first result decides whether areas come from boxes or from keypoints', async () => {
    const truth = await readAnnotations(write('gt.json', file()));
    const boxed = { ...result, bbox: [0, 0, 10, 10] };
    const areas = async (results: object[]) =>
      (await readResults(write('dt.json', results), truth)).map(({ area }) => area);
    expect(await areas([result, boxed])).toEqual([2 * 3, 2 * 3]);
    expect(await areas([boxed, { ...boxed, bbox: [1, 2, 3, 4] }])).toEqual([100, 12]);
  });
});

describe('pairs', () => {
  const pairs = async (truth: object, results: object[]) => {
    const annotations = await readAnnotations(write('gt.json', truth));
    return pairPoses(annotations, await readResults(write('dt.json', results), annotations), 'dt.json');
  };
  const other = { ...result, image_id: 4 };

  test('the best result of an image with one person is that person; joints without a label have weight 0', async () => {
    const found = await pairs(file(), [result, { ...result, score: 0.9, keypoints: [1, 4, 1, 0, 0, 1] }, other]);
    expect(found.map(({ truth, result }) => [truth.id, result.score])).toEqual([
      [7, 0.9],
      [8, 0.5],
    ]);
    expect(stackPairs(found, 2)).toEqual({
      prediction: Float64Array.of(1, 4, 0, 0, 5, 6, 7, 9),
      target: Float64Array.of(1, 2, 0, 0, 1, 2, 0, 0),
      weights: Float64Array.of(1, 0, 1, 0),
    });
  });

  test('annotation_id tells people of one image apart; crowds and people without labels need no result', async () => {
    const crowd = file({}, { annotations: [...file({ image_id: 3 }).annotations, { ...person, id: 9, iscrowd: 1 }] });
    const named = [8, 7].map((id) => ({ ...result, annotation_id: id, score: id }));
    expect((await pairs(crowd, named)).map(({ result }) => result.score)).toEqual([7, 8]);
  });

  test('a person without a result, and one of several, are refused by name', async () => {
    expect(await refusal(pairs(file(), [result]))).toBe(
      'dt.json: no result for annotation 8 (image 4) of gt.json; predict every person',
    );
    expect(await refusal(pairs(file({ image_id: 3 }), [result]))).toMatch(/image 3 has 2 annotated people; say with/);
  });
});

describe('the schema of a file', () => {
  const named = async (joints: readonly string[] | undefined, count: number, others: readonly object[] = []) => {
    const keypoints = new Array(3 * count).fill(3);
    const categories = [{ id: 1, keypoints: joints }, ...others];
    return readAnnotations(write('gt.json', { ...file(), categories, annotations: [{ ...person, keypoints }] }));
  };

  test('is told by the names of the joints, however they are spelled', async () => {
    expect(schemaOf(await named(crowdpose14.joints, 14))).toBe(crowdpose14);
    expect(schemaOf(await named(lsp14.joints, 14))).toBe(lsp14);
    const hyphens = lsp14.joints.map((name) => name.replace('_', '-'));
    expect(schemaOf(await named(hyphens, 14))).toBe(lsp14);
  });

  test('is COCO for 17 joints without names, and not for 17 of other names', async () => {
    expect(schemaOf(await named(undefined, 17))).toBe(coco17);
    const joints = Array.from({ length: 17 }, (_, k) => 'abcdefghijklmnopq'[k]);
    expect(schemaOf(await named(joints, 17))).toMatchObject({ joints, flipPairs: [], limbs: [] });
    const nameless = schemaOf(await named(undefined, 21));
    expect([nameless.joints.length, nameless.flipPairs, nameless.oksSigmas]).toEqual([21, undefined, undefined]);
  });

  test('is refused where names and keypoints differ in number, or categories in names', async () => {
    const few = await named(coco17.joints, 133);
    expect(() => schemaOf(few)).toThrow(/gt.json: category 1 names 17 keypoints, and its annotations have 133/);
    const two = await named(['a', 'b'], 2, [{ id: 2, keypoints: ['c', 'd'] }]);
    const both = { ...two, people: [...two.people, { ...two.people[0], id: 99, category: 2 }] };
    expect(schemaOf(two).joints).toEqual(['a', 'b']);
    expect(() => schemaOf(both)).toThrow(/categories 1 and 2 have different keypoints/);
  });
});

describe('3-D poses', () => {
  test('null is a joint without label', async () => {
    const poses = await readPoses3d(write('3d.json', [[[1, 2, 3], null]]));
    expect(poses).toMatchObject({ count: 1, joints: 2, points: Float64Array.of(1, 2, 3, 0, 0, 0) });
    expect(poses.weights).toEqual(Float64Array.of(1, 0));
  });

  test.each<[string, unknown, string]>([
    ['no list', {}, '3d.json: expected a list of poses [[[x, y, z], ...], ...] in millimetres'],
    ['poses of different size', [[[1, 2, 3]], []], '3d.json: pose 1: expected 1 joint as in pose 0'],
    ['a joint in the plane', [[[1, 2]]], '3d.json: pose 0, joint 0: expected [x, y, z] or null, got [1,2]'],
  ])('%s is refused with its place', async (_, content, message) => {
    expect(await refusal(readPoses3d(write('3d.json', content)))).toBe(message);
  });
});
