import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { METRIC_DIGITS } from '../../test/tolerance.js';
import { mpjpe, paMpjpe } from '../src/metrics/mpjpe.js';
import { readPosePairs3d } from '../src/node/jsonFiles.js';
import { annotationsOf, CAMERA } from './datasets/h36mFolder.js';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-pairs3d-'));
});
afterAll(() => rmSync(home, { recursive: true }));

function write(name: string, content: unknown): string {
  writeFileSync(join(home, name), JSON.stringify(content));
  return join(home, name);
}

/** Joint k stands 10 k mm right of the root and 20 k mm behind it, 3 m away. */
const world = Array.from({ length: 17 }, (_, k) => [100 + 10 * k, 50, 3000 + 20 * k]);
const thorax = [100 + 10 * 12.5, 50, 3000 + 20 * 12.5];
const all = [...world, thorax];

const pixel = ([x, y, z]: readonly number[]) => [
  (CAMERA.f[0] * x) / z + CAMERA.c[0],
  (CAMERA.f[1] * y) / z + CAMERA.c[1],
];

/** What a network says that is right but for so many millimetres of depth at each joint, and of the thorax all wrong. */
const result = (file_name: string | undefined, off: (k: number) => number, score = 1) => ({
  ...{ image_id: 3, file_name, category_id: 1, score, keypoints: [] },
  keypoints_3d: all.flatMap((point, k) => [...pixel(point), k === 17 ? 1e4 : point[2] - 3000 + off(k)]),
});

describe('readPosePairs3d of Human3.6M', () => {
  const annotations = { ...annotationsOf([world], 'test', 3) };
  const scored = async (results: unknown) => {
    const { truth, prediction } = await readPosePairs3d(write('gt.json', annotations), write('dt.json', results));
    const { joints, weights } = truth;
    const of = [prediction.points, truth.points, weights] as const;
    return { mpjpe: mpjpe(...of), pa: paMpjpe(...of, joints) };
  };

  test('what is right scores 0, and the thorax counts for nothing', async () => {
    const { mpjpe: error, pa } = await scored([result('test_0.png', () => 0)]);
    expect(error).toBeCloseTo(0, 9);
    expect(pa).toBeCloseTo(0, 6);
  });

  test('by hand: a wrong depth moves the joint along its ray', async () => {
    // Joint 5, 40 mm too far: the point moves by 40 mm along z and by 40 (X, Y) / Z beside.
    const [x, y, z] = world[5];
    const wanted = Math.hypot((40 * x) / z, (40 * y) / z, 40) / 17;
    const { mpjpe: error } = await scored([result('somewhere/test_0.png', (k) => (k === 5 ? 40 : 0))]);
    expect(error).toBeCloseTo(wanted, 9);
  });

  test('by hand: depths count from the predicted root, whose ray all others then count from', async () => {
    // Everything 30 mm too far: the root is taken off, and each joint has moved along another ray.
    const [rx, ry, rz] = world[0];
    const distances = world.map(([x, y, z]) => 30 * Math.hypot(x / z - rx / rz, y / z - ry / rz));
    const { mpjpe: error } = await scored([result('test_0.png', () => 30)]);
    expect(error).toBeCloseTo(distances.reduce((sum, d) => sum + d) / 17, 9);
  });

  test('the best result of a picture counts, by its name or by its id', async () => {
    const [bad, good] = [result('test_0.png', (k) => 9 * k, 0.2), result('test_0.png', () => 0, 0.9)];
    expect((await scored([bad, good])).mpjpe).toBeCloseTo(0, 9);
    expect((await scored([result(undefined, () => 0)])).mpjpe).toBeCloseTo(0, 9);
  });

  test.each<[string, unknown, RegExp]>([
    ['a picture without a result', [], /dt.json: no result for test\/test_0.png of .*gt.json; predict every picture/],
    [
      'a result in 2-D',
      [{ ...result('test_0.png', () => 0), keypoints_3d: undefined }],
      /dt.json: \[0\]\.keypoints_3d: expected joints with depths, as a network trained with --dims 3 gives them/,
    ],
    ['no list', {}, /dt.json: expected a list of results/],
  ])('refuses %s', async (_, results, message) => {
    await expect(scored(results)).rejects.toThrow(message);
  });

  test.each([
    ['pixels alone', 'flat.json', { images: [{ id: 1 }], annotations: [{ id: 1, keypoints: [1, 2, 2] }] }],
    ['a list of another form', 'items.json', { items: [{ file: 'a.jpg', xy: [[1, 2]] }] }],
    ['a file that is no JSON', 'joints.mat', {}],
    ['a folder', '', undefined],
  ])('labels that are %s have no depths', async (_, name, labels) => {
    const file = labels ? write(name, labels) : home;
    await expect(readPosePairs3d(file, write('dt.json', []))).rejects.toThrow(
      `${file}: its labels have no depths; expected poses [[[x, y, z], ...], ...] in millimetres, or Human3.6M's annotations with "keypoints_world"`,
    );
  });

  test('takes that are left out need no result, and alone they are nothing to score', async () => {
    const broken = annotationsOf([world], 's_09_act_05_subact_02_ca_01');
    const files = [write('gt.json', broken), write('dt.json', [])] as const;
    await expect(readPosePairs3d(...files)).rejects.toThrow(/gt.json: nobody in it has labels/);
  });

  test('lists in millimetres as before', async () => {
    const pose = [all.map((p) => [...p])];
    const { truth, prediction } = await readPosePairs3d(write('gt.json', pose), write('dt.json', pose));
    expect([truth.count, truth.joints]).toEqual([1, 18]);
    expect(mpjpe(prediction.points, truth.points, truth.weights)).toBeCloseTo(0, METRIC_DIGITS);
  });
});
