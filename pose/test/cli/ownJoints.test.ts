import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluate } from '../../src/cli/evaluate.js';
import { inspect } from '../../src/cli/inspect.js';
import { inProcess } from './inProcess.js';

const MAIN = join(process.cwd(), 'pose/src/cli/main.ts');
const TSX = join(process.cwd(), 'node_modules/tsx/dist/esm/index.mjs');
const SIDE = 48;
const PEOPLE = 10;

const FINGERS = ['thumb', 'forefinger', 'middle_finger', 'ring_finger', 'pinky_finger'];
/** A hand, whose joints have no sides: five fingers of four joints. */
const HAND = {
  joints: ['wrist', ...FINGERS.flatMap((finger) => [1, 2, 3, 4].map((k) => `${finger}${k}`))],
  skeleton: FINGERS.flatMap((_, f) => [0, 1, 2, 3].map((k) => [k === 0 ? 1 : 4 * f + k + 1, 4 * f + k + 2])),
  at: (k: number): [number, number] => {
    if (k === 0) return [0.5, 0.9];
    const [finger, joint] = [Math.floor((k - 1) / 4), (k - 1) % 4];
    return [0.5 + (finger - 2) * 0.05 * (joint + 2), 0.7 - 0.17 * joint];
  },
};
/** An animal seen from the front. */
const ANIMAL = {
  joints: ['L_Eye', 'R_Eye', 'Nose', 'L_F_Paw', 'R_F_Paw', 'L_B_Paw', 'R_B_Paw', 'TailBase'],
  skeleton: [
    [1, 3],
    [2, 3],
    [3, 8],
    [8, 4],
    [8, 5],
    [8, 6],
    [8, 7],
  ],
  at: (k: number): [number, number] =>
    (
      [
        [0.6, 0.2],
        [0.4, 0.2],
        [0.5, 0.3],
        [0.7, 0.9],
        [0.3, 0.9],
        [0.8, 0.7],
        [0.2, 0.7],
        [0.5, 0.6],
      ] as [number, number][]
    )[k],
};

let home: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-own-joints-'));
  await draw('hands', HAND);
  await draw('animals', ANIMAL);
});
afterAll(() => rmSync(home, { recursive: true }));

/** A folder in COCO's form: dots where the joints are, on a dark ground, everybody a little elsewhere. */
async function draw(name: string, { joints, skeleton, at }: typeof HAND): Promise<void> {
  mkdirSync(join(home, name, 'images'), { recursive: true });
  const images: object[] = [];
  const annotations: object[] = [];
  for (let id = 1; id <= PEOPLE; id++) {
    const points = joints.map((_, k) =>
      at(k).map((share, d) => Math.round(SIDE * (0.15 + 0.7 * share) + ((id * (3 + d)) % 5) - 2)),
    );
    const dots = points.map(([x, y]) => `<circle cx="${x + 0.5}" cy="${y + 0.5}" r="1.6" fill="#fff"/>`).join('');
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}"><rect width="100%" height="100%" fill="#243"/>${dots}</svg>`;
    await sharp(Buffer.from(svg))
      .png()
      .toFile(join(home, name, 'images', `${id}.png`));
    images.push({ id, file_name: `${id}.png`, width: SIDE, height: SIDE });
    annotations.push({
      ...{
        id,
        image_id: id,
        category_id: 1,
        bbox: [4, 4, 40, 40],
        area: 900,
        iscrowd: 0,
        num_keypoints: joints.length,
      },
      keypoints: points.flatMap(([x, y]) => [x, y, 2]),
    });
  }
  const categories = [{ id: 1, name: name.slice(0, -1), keypoints: joints, skeleton }];
  writeFileSync(join(home, name, 'person_keypoints_all.json'), JSON.stringify({ images, annotations, categories }));
}

/** `wgrad-pose ...` on the CPU backend, in the folder `home`. */
function wgrad(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', TSX, MAIN, ...args, '--backend', 'cpu'],
      { cwd: home },
      (error, stdout, stderr) => {
        resolve({ code: Number(error?.code ?? 0), stdout, stderr });
      },
    );
  });
}

const TRAIN = ['--epochs', '1', '--width', '4', '--size', '16', '--batch', '2', '--workers', '0'];
const run = inProcess(evaluate, inspect);

describe.each([
  ['hands', HAND, []],
  [
    'animals',
    ANIMAL,
    [
      [0, 1],
      [3, 4],
      [5, 6],
    ],
  ],
] as const)('%s', (name, { joints, skeleton }, pairs) => {
  const labels = () => join(home, name, 'person_keypoints_all.json');
  const results = () => join(home, `${name}.json`);
  const score = (metric: string, ...more: string[]) =>
    run('evaluate', '--json', '--metric', metric, '--annotations', labels(), '--results', results(), ...more);

  test('train, predict with a mirror image and overlays, and know their joints on the way', async () => {
    const trained = await wgrad('train', '--data', name, ...TRAIN, '--out', `${name}-run`);
    expect(trained.stderr).toContain('8 images, 2 held out');
    expect(trained.code).toBe(0);
    const { stdout } = await run('inspect', '--json', join(home, `${name}-run`));
    const { schema } = JSON.parse(stdout) as {
      schema: { joints: string[]; flipPairs: number[][]; limbs: unknown[][]; oksSigmas?: number[] };
    };
    expect(schema.joints).toEqual(joints);
    expect(schema.flipPairs).toEqual(pairs);
    expect(schema.limbs.map(([a, b]) => [Number(a) + 1, Number(b) + 1])).toEqual(skeleton);
    expect(schema.oksSigmas).toBeUndefined();
    const overlays = join(home, `${name}-overlays`);
    const predicted = await wgrad(
      ...['predict', '--run', `${name}-run`, '--boxes', labels(), '--flip-test', '--overlays', overlays],
      ...['--out', results(), join(name, 'images')],
    );
    expect(predicted.stderr).toMatch(/10 people in 10 images/);
    const drawn = readdirSync(overlays).sort();
    expect(drawn.length).toBe(PEOPLE);
  }, 600_000);

  test('are scored by what needs no sigmas, PCK by the box and says so; by OKS with sigmas alone', async () => {
    const pck = JSON.parse((await score('pck')).stdout) as Record<string, number>;
    expect(Object.keys(pck)).toEqual(['PCK@0.2 by box', ...joints]);
    for (const metric of ['auc', 'epe', 'nme']) {
      const [figure] = Object.values(JSON.parse((await score(metric)).stdout) as Record<string, number>);
      expect(figure).toBeGreaterThan(0);
    }
    await expect(score('coco')).rejects.toThrow(
      /--metric coco: OKS weighs each joint by a sigma.*give --sigmas FILE, or --sigmas 0.05/,
    );
    const wide = JSON.parse((await score('coco', '--sigmas', '100')).stdout) as Record<string, number>;
    expect(wide.AP).toBe(1);
    const sharp = JSON.parse((await score('coco', '--sigmas', '0.0001')).stdout) as Record<string, number>;
    expect(sharp.AP).toBe(0);
    writeFileSync(join(home, 'sigmas.json'), JSON.stringify(Object.fromEntries(joints.map((joint) => [joint, 100]))));
    expect(JSON.parse((await score('coco', '--sigmas', join(home, 'sigmas.json'))).stdout)).toEqual(wide);
    expect(JSON.parse((await score('coco', '--sigmas', '100', '--run', join(home, `${name}-run`))).stdout)).toEqual(
      wide,
    );
    await expect(score('coco', '--joints', 'coco17')).rejects.toThrow(
      /--joints coco17: coco17 has 17 joints, and .*all.json/,
    );
    await expect(score('pck', '--sigmas', '1')).rejects.toThrow(/--sigmas: the metric pck has no such option/);
  }, 100_000);

  test('poses that are alike are found with sigmas alone', async () => {
    const nms = [
      'predict',
      '--run',
      `${name}-run`,
      '--nms',
      'hard',
      '--out',
      'nms.json',
      join(name, 'images', '1.png'),
    ];
    const refused = await wgrad(...nms);
    expect(refused.stderr).toMatch(/--nms: OKS weighs each joint by a sigma/);
    expect(refused.code).toBe(2);
    expect((await wgrad(...nms, '--sigmas', '0.05')).code).toBe(0);
  }, 200_000);
});

test('joints in another order than the file has are refused', async () => {
  const labels = JSON.parse(readFileSync(join(home, 'animals', 'person_keypoints_all.json'), 'utf8')) as {
    categories: { keypoints: string[] }[];
  };
  labels.categories[0].keypoints = [...ANIMAL.joints].reverse();
  writeFileSync(join(home, 'reversed.json'), JSON.stringify(labels.categories[0]));
  const { code, stderr } = await wgrad(
    'train',
    '--data',
    'animals',
    ...TRAIN,
    '--joints',
    'reversed.json',
    '--out',
    'reversed-run',
  );
  expect(stderr).toMatch(/--joints reversed.json: animal has 8 joints, which .* has in another order: L_Eye/);
  expect(code).toBe(2);
});
