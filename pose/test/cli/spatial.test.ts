import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cpu, Rng } from 'wgrad';
import { downloadState } from 'wgrad/io';
import { resnet } from 'wgrad/nn';
import { head, realNvp } from 'wgrad/rle';
import { architectureOf } from '../../src/checkpoints/architecture.js';
import { readPoseCheckpoint, writePoseCheckpoint } from '../../src/node/weightsFiles.js';
import { flipOrder } from '../../src/schema.js';
import { h36m18 } from '../../src/schemas/h36m18.js';
import { h36mFolder, JOINTS, SIDE, TEST_FILE } from '../datasets/h36mFolder.js';

const MAIN = join(process.cwd(), 'pose/src/cli/main.ts');
const TSX = join(process.cwd(), 'node_modules/tsx/dist/esm/index.mjs');
const TEST_PEOPLE = 3;

/** What the official network below says of every picture, in units of the crop and of 2000 mm. */
const said = Array.from({ length: JOINTS }, (_, k) => [0.02 * k - 0.2, 0.3 - 0.01 * k, 0.03 + 0.002 * k * k]);

let folder: string;
beforeAll(async () => {
  folder = await h36mFolder(12, TEST_PEOPLE);
  const [device, rng] = [cpu(), new Rng(3)];
  const { params, state } = resnet.init(rng, device, { depth: 18, width: 2 });
  const layers = head.init(rng, device, { inputs: resnet.channelsOf(params), joints: JOINTS, dims: 3 });
  const [flow2d, flow3d] = [2, 3].map((dims) => realNvp({ dims }).init(rng, device));
  const own = new Map([
    ...(await downloadState({ preact: params, ...layers, flow2d, flow3d })),
    ...(await downloadState({ preact: state })),
  ]);
  const { weight, bias } = layers.fc_coord.linear;
  own.set('fc_coord.linear.weight', { shape: weight.shape, data: new Float32Array(weight.size) });
  own.set('fc_coord.linear.bias', { shape: bias?.shape ?? [], data: Float32Array.from(said.flat()) });
  const conventions = { ...OFFICIAL, size: [32, 32] as const };
  const checkpoint = { path: 'made', naming: 'official' as const, architecture: architectureOf(own), conventions };
  await writePoseCheckpoint(join(folder, 'official.safetensors'), { ...checkpoint, state: own });
});
afterAll(() => rm(folder, { recursive: true }));

const OFFICIAL = {
  mean: [0.406, 0.457, 0.48],
  std: [0.225, 0.224, 0.229],
  padding: 1,
  origin: 0.5,
  pixel: 0,
  depth: 2000,
  normalise: true,
} as const;

/** `wgrad ...` on the CPU backend, in the folder of the data set. */
function wgrad(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', TSX, MAIN, ...args], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

interface Result {
  readonly keypoints: number[];
  readonly covariance: number[];
  readonly keypoints_3d: number[];
  readonly mean_3d: number[];
  readonly covariance_3d: number[];
}

const predict = (weights: readonly string[], out: string, ...more: string[]) =>
  wgrad('predict', 'images/test', '--boxes', TEST_FILE, ...weights, '--out', out, '--backend', 'cpu', ...more);

const mpjpe = async (results: string, metric = 'mpjpe') => {
  const { stdout, stderr } = await wgrad(
    ...['evaluate', '--metric', metric, '--annotations', TEST_FILE, '--results', results, '--json'],
  );
  expect(stderr).toBe('');
  return Object.values(JSON.parse(stdout) as Record<string, number>)[0];
};

test('an official network in 3-D tells depths, which evaluate scores against Human3.6M', async () => {
  const weights = ['--weights', 'official.safetensors'];
  const runs = await Promise.all([
    predict(weights, 'one.json'),
    predict(weights, 'both.json', '--flip-test', '--overlays', 'over'),
  ]);
  for (const { code, stderr } of runs) {
    expect(stderr).toMatch(/^3 people in 3 images; /);
    expect(code).toBe(0);
  }
  const order = flipOrder(h36m18);
  const meant = [
    said,
    said.map(([x, y, z], k) => [(x - said[order[k]][0]) / 2, (y + said[order[k]][1]) / 2, (z + said[order[k]][2]) / 2]),
  ];
  for (const [i, name] of ['one.json', 'both.json'].entries()) {
    const results = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Result[];
    expect(results).toHaveLength(TEST_PEOPLE);
    for (const { keypoints, covariance, keypoints_3d: points, mean_3d: mean, covariance_3d: space } of results) {
      for (const [k, [x, y, z]] of meant[i].entries()) {
        // The box [0, 0, 64, 64] is, between the centres of its pixels, 63 wide.
        const wanted = [(SIDE - 1) * (x + 0.5), (SIDE - 1) * (y + 0.5), 2000 * (z - meant[i][0][2])];
        expect(points.slice(3 * k, 3 * k + 3)).toEqual(wanted.map((value) => expect.closeTo(value, 2)));
        expect(points.slice(3 * k, 3 * k + 2)).toEqual(keypoints.slice(3 * k, 3 * k + 2));
        const [xx, xy, xz, yy, yz, zz] = space.slice(6 * k, 6 * k + 6);
        expect([xx, xy, yy]).toEqual(covariance.slice(3 * k, 3 * k + 3));
        // A covariance matrix: positive, and no correlation beyond 1.
        expect(Math.min(xx, yy, zz)).toBeGreaterThan(0);
        expect(xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz)).toBeGreaterThan(0);
      }
      expect(mean).toHaveLength(3 * JOINTS);
    }
  }
  const error = await mpjpe('one.json');
  expect(error).toBeGreaterThan(100);
  expect(await mpjpe('one.json', 'pa-mpjpe')).toBeLessThan(error);
});

test('train in 3-D, predict, evaluate: one MPJPE all the way', async () => {
  const small = ['--epochs', '1', '--batch', '4', '--width', '4', '--size', '16', '--backend', 'cpu', '--workers', '0'];
  const trained = await wgrad('train', '--data', '.', ...small, '--out', 'run', '--json');
  expect(trained.stderr).toMatch(/epoch 1\/1: .* PCK@0\.2 .* %, MPJPE \d+\.\d mm, PA \d+\.\d mm, /);
  expect(trained.code).toBe(0);
  const { epochs, scores } = JSON.parse(trained.stdout) as Trained;
  expect(epochs[0].paMpjpe).toBeLessThan(epochs[0].mpjpe);
  expect(scores.map(({ name }) => name)).toEqual(['network', 'mean pose', 'ridge regression']);
  // The mean of people who stand every way is a pole: arms are off by their length.
  for (const { space } of scores) expect(space.mpjpe).toBeGreaterThan(50);
  expect(readFileSync(join(folder, 'run', 'report.html'), 'utf8')).toMatch(/PA-MPJPE/);

  const predicted = await predict(['--run', 'run'], 'run.json', '--flip-test');
  expect(predicted.code).toBe(0);
  // Results are rounded to thousandths of a pixel, some 0.03 mm here.
  expect(Math.abs((await mpjpe('run.json')) - scores[0].space.mpjpe)).toBeLessThan(0.05);

  const converted = await wgrad('convert', 'run/best.safetensors', 'converted.safetensors', '--names', 'official');
  expect(converted.code).toBe(0);
  const { architecture, conventions } = await readPoseCheckpoint(join(folder, 'converted.safetensors'));
  expect(architecture).toMatchObject({ joints: JOINTS, dims: 3, flows: [{ name: 'flow2d' }, { name: 'flow3d' }] });
  expect(conventions).toMatchObject({ depth: 2000, padding: 1, size: [16, 16] });
});

interface Trained {
  readonly epochs: readonly { readonly mpjpe: number; readonly paMpjpe: number }[];
  readonly scores: readonly { readonly name: string; readonly space: { readonly mpjpe: number } }[];
}
