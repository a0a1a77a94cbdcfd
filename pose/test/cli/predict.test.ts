import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PoseCheckpoint, poseCheckpointOf } from '../../src/checkpoints/poseCheckpoint.js';
import { readTorchState } from '../../src/formats/torch/torchState.js';
import { writePoseCheckpoint } from '../../src/node/weightsFiles.js';
import { committedModel } from '../checkpoints/torchModels.js';

const MAIN = join(process.cwd(), 'pose/src/cli/main.ts');
const TSX = join(process.cwd(), 'node_modules/tsx/dist/esm/index.mjs');

/** COCO's, so that what comes out can be judged as COCO's results. */
const JOINTS = 17;

/** A network of two joints as one of 17 that say the same. */
function widened(checkpoint: PoseCheckpoint): PoseCheckpoint {
  const state = [...checkpoint.state].map(([name, { shape, data }]) => {
    if (!/^fc_(coord|sigma)\./.test(name)) return [name, { shape, data }] as const;
    const rows = 2 * JOINTS;
    const numbers = Float32Array.from({ length: (data.length / shape[0]) * rows }, (_, i) =>
      Number(data[i % data.length]),
    );
    return [name, { shape: [rows, ...shape.slice(1)], data: numbers }] as const;
  });
  const architecture = { ...checkpoint.architecture, joints: JOINTS };
  return { ...checkpoint, architecture, state: new Map(state) };
}

let home: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-predict-'));
  const bytes = committedModel('mmpose0-zip');
  writeFileSync(join(home, 'network.pth'), bytes);
  // The same network for small crops, as the best checkpoint of a run.
  const file = { ...(await readTorchState(bytes, 'network')), format: 'safetensors' as const };
  const checkpoint = poseCheckpointOf(file, 'network');
  const conventions = { ...checkpoint.conventions, size: [64, 48] as const };
  for (const folder of ['run', 'images']) mkdirSync(join(home, folder));
  await writePoseCheckpoint(join(home, 'run', 'best.safetensors'), { ...widened(checkpoint), conventions });
  const noise = { type: 'gaussian' as const, mean: 120, sigma: 60 };
  for (const name of ['000000000012.jpg', '000000000034.jpg']) {
    await sharp({ create: { width: 90, height: 70, channels: 3, background: '#000', noise } }).toFile(
      join(home, 'images', name),
    );
  }
  const people = [
    { id: 7, image_id: 12, category_id: 1, bbox: [10, 10, 30, 40], area: 900, num_keypoints: JOINTS },
    { id: 8, image_id: 12, category_id: 1, bbox: [40, 5, 40, 60], area: 900, num_keypoints: JOINTS },
    { id: 9, image_id: 34, category_id: 1, bbox: [20, 20, 30, 30], area: 900, num_keypoints: JOINTS },
  ];
  const truth = {
    images: [12, 34].map((id) => ({ id, file_name: `${String(id).padStart(12, '0')}.jpg` })),
    categories: [{ id: 1, name: 'person' }],
    annotations: people.map((person) => ({
      ...person,
      keypoints: Array.from({ length: 3 * JOINTS }, (_, i) => (i % 3 === 2 ? 2 : 30)),
    })),
  };
  writeFileSync(join(home, 'people.json'), JSON.stringify(truth));
});
afterAll(() => rmSync(home, { recursive: true }));

/** `wgrad ...` on the CPU backend, in the folder `home`. */
function wgrad(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', TSX, MAIN, ...args], { cwd: home }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

interface Result {
  readonly image_id: number;
  readonly file_name: string;
  readonly annotation_id?: number;
  readonly keypoints: number[];
  readonly score: number;
  readonly bbox: number[];
  readonly mean: number[];
  readonly covariance: number[];
}

describe('wgrad-pose predict', () => {
  test('prints COCO results of annotated boxes, which name their annotation', async () => {
    const all = ['images', '--boxes', 'people.json', '--run', 'run', '--backend', 'cpu'];
    const { code, stdout, stderr } = await wgrad('predict', ...all);
    expect(stderr).toMatch(/^3 people in 2 images; \d+ s\n$/);
    expect(code).toBe(0);
    const results = JSON.parse(stdout) as Result[];
    expect(results.map((r) => [r.image_id, r.annotation_id, r.bbox])).toEqual([
      [12, 7, [10, 10, 30, 40]],
      [12, 8, [40, 5, 40, 60]],
      [34, 9, [20, 20, 30, 30]],
    ]);
    for (const { keypoints, mean, covariance } of results) {
      for (const numbers of [keypoints, covariance]) expect(numbers.length).toBe(3 * JOINTS);
      expect(mean.length).toBe(2 * JOINTS);
      expect([...keypoints, ...mean, ...covariance].every(Number.isFinite)).toBe(true);
    }
    // Again, in other batches, into a file.
    const again = await wgrad(
      'predict',
      ...all,
      '--batch',
      '2',
      '--out',
      'results.json',
      '--overlays',
      'over',
      '--level',
      '0.9',
    );
    expect([again.code, again.stdout]).toEqual([0, '']);
    expect(readFileSync(join(home, 'results.json'), 'utf8')).toBe(stdout);
    expect(readdirSync(join(home, 'over')).sort()).toEqual(['000000000012.jpg', '000000000034.jpg']);
    const files = ['--annotations', 'people.json', '--results', 'results.json'];
    const judged = await wgrad('evaluate', '--metric', 'coco', ...files, '--json');
    expect(judged.stderr).toBe('');
    expect(Object.keys(JSON.parse(judged.stdout) as object)).toContain('AP75');
    const tested = await wgrad('evaluate', '--metric', 'calibration', ...files, '--json');
    expect(JSON.parse(tested.stdout)).toMatchObject({
      'coverage@0.9': expect.any(Number),
      Spearman: expect.any(Number),
    });
  });

  test('drops what a detector found twice, if asked', async () => {
    const box = (bbox: number[], score: number) => ({ image_id: 12, category_id: 1, bbox, score });
    writeFileSync(join(home, 'twice.json'), JSON.stringify([box([10, 10, 30, 40], 0.5), box([10, 10, 30, 40], 0.9)]));
    const all = ['images/000000000012.jpg', '--boxes', 'twice.json', '--run', 'run', '--backend', 'cpu'];
    const { stdout, stderr } = await wgrad('predict', ...all, '--nms', 'hard');
    expect(stderr).toMatch(/^1 person \(1 more was like a better one\) in 1 image; \d+ s\n$/);
    const [kept, ...others] = JSON.parse(stdout) as Result[];
    expect(others).toEqual([]);
    const soft = JSON.parse((await wgrad('predict', ...all, '--nms', 'soft')).stdout) as Result[];
    expect(soft[1]).toEqual(kept);
    // Equal poses, whose OKS is 1, under the default threshold.
    expect(soft[0].score).toBeCloseTo((kept.score - 0.4) * Math.exp(-1 / 0.9), 5);
  });

  test('takes whole images without boxes, leaves out what is broken and exits 1', async () => {
    writeFileSync(join(home, 'images', 'broken.png'), 'not a picture');
    const { code, stdout, stderr } = await wgrad(
      'predict',
      'images',
      '--run',
      'run',
      '--backend',
      'cpu',
      '--flip-test',
    );
    rmSync(join(home, 'images', 'broken.png'));
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^wgrad-pose: images\/broken\.png: cannot be read as an image \(of no known format; .*\); convert it .*\nleft out: 1 picture that cannot be read, with 1 person\n2 people in 3 images; \d+ s\n$/,
    );
    const results = JSON.parse(stdout) as Result[];
    // Not all names are numbers, so that ids count.
    expect(results.map((r) => [r.image_id, r.file_name, r.annotation_id, r.bbox])).toEqual([
      [1, 'images/000000000012.jpg', undefined, [0, 0, 90, 70]],
      [2, 'images/000000000034.jpg', undefined, [0, 0, 90, 70]],
    ]);
  });

  describe('stopped', () => {
    const MANY = 600;
    beforeAll(() => {
      mkdirSync(join(home, 'many'));
      // What tells of the third says that two were looked at.
      for (let i = 0; i < MANY; i++) {
        const file = join(home, 'many', `${1000 + i}.jpg`);
        if (i === 2) writeFileSync(file, 'not a picture');
        else linkSync(join(home, 'images', '000000000012.jpg'), file);
      }
    });
    afterAll(() => rmSync(join(home, 'many'), { recursive: true }));

    test('by Ctrl-C it writes the results so far, says how many images are missing, and exits 130', async () => {
      writeFileSync(join(home, 'part.json'), 'of an earlier run');
      const given = ['many', '--run', 'run', '--backend', 'cpu', '--batch', '1', '--out', 'part.json'];
      const child = spawn(process.execPath, ['--import', TSX, MAIN, 'predict', ...given], { cwd: home });
      let stderr = '';
      child.stderr.on('data', (text) => {
        if (stderr === '') child.kill('SIGINT');
        stderr += text;
      });
      const [code] = await once(child, 'close');
      expect(code).toBe(130);
      const told =
        /^wgrad-pose: many\/1002\.jpg: cannot be read .*\nstopping after these people; .*\nleft out: 1 picture that cannot be read, with 1 person\n(\d+) people in (\d+) images; \d+ s\nimages that are missing: (\d+) of 600\n$/;
      expect(stderr).toMatch(told);
      const [people, done, missing] = (told.exec(stderr) as RegExpExecArray).slice(1).map(Number);
      expect([people, missing]).toEqual([done - 1, MANY - done]);
      const results = JSON.parse(readFileSync(join(home, 'part.json'), 'utf8')) as Result[];
      const expected = Array.from({ length: done }, (_, i) => 1000 + i).filter((id) => id !== 1002);
      expect(results.map((r) => r.image_id)).toEqual(expected);
      expect(people).toBeGreaterThanOrEqual(2);
      expect(missing).toBeGreaterThan(0);
      expect(readdirSync(home).filter((name) => name.endsWith('.part'))).toEqual([]);
      rmSync(join(home, 'part.json'));
    });
  });

  test('draws over pictures of which the decoder only warns', async () => {
    const bytes = readFileSync(join(home, 'images', '000000000012.jpg'));
    const tables = bytes.indexOf(Buffer.from([0xff, 0xc4]));
    const padded = Buffer.concat([bytes.subarray(0, tables), Buffer.alloc(40, 7), bytes.subarray(tables)]);
    writeFileSync(join(home, 'warned.jpg'), padded);
    await expect(sharp(padded).raw().toBuffer()).rejects.toThrow(/extraneous bytes/);
    const given = ['warned.jpg', '--run', 'run', '--backend', 'cpu', '--out', 'warned.json', '--overlays', 'warned'];
    const { code, stderr } = await wgrad('predict', ...given);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^1 person in 1 image; \d+ s\n$/)]);
    expect(readdirSync(join(home, 'warned'))).toEqual(['warned.jpg']);
    for (const name of ['warned.jpg', 'warned.json', 'warned']) rmSync(join(home, name), { recursive: true });
  });

  test('refuses in one line, and leaves nothing behind', async () => {
    const before = readdirSync(home);
    const network = ['images', '--run', 'run', '--backend', 'cpu'];
    const cases: [string[], RegExp][] = [
      [['images'], /^wgrad-pose: predict: give the network with --run FOLDER or with --weights FILE\n$/],
      [['images', '--run', 'images'], /^wgrad-pose: images: a folder without best\.safetensors or last\.safetensors; /],
      [[...network, '--batch', '0'], /^wgrad-pose: --batch 0: expected an integer from 1 to 1024\n$/],
      [
        [...network, '--level', '90', '--overlays', 'x'],
        /^wgrad-pose: --level 90: expected a share between 0 and 1, such as 0\.9\n$/,
      ],
      [
        [...network, '--level', '0.9'],
        /^wgrad-pose: --level: ellipses are drawn by --overlays FOLDER; give that as well\n$/,
      ],
      [[...network, '--boxes', 'network.pth'], /^wgrad-pose: network\.pth: a zip archive, not JSON/],
      [[...network, '--joints', 'lsp14'], /^wgrad-pose: --joints lsp14: lsp14 has 14 joints, and \S+ 17; give .*\n$/],
      [[...network, '--out', 'none/results.json'], /^wgrad-pose: cannot write none\/results\.json/],
      [[...network, '--nms', 'all'], /^wgrad-pose: --nms all: expected hard or soft\n$/],
      [
        [...network, '--nms', 'hard', '--nms-threshold', '2'],
        /^wgrad-pose: --nms-threshold 2: expected an OKS above 0/,
      ],
      [['nowhere', '--run', 'nowhere', '--batch', 'x'], /^wgrad-pose: --batch x: expected an integer/],
      [
        ['nowhere', '--run', 'nowhere', '--max-pixels', '0'],
        /^wgrad-pose: --max-pixels 0: expected an integer above 0/,
      ],
      [
        ['nowhere', '--run', 'nowhere', '--orientation', 'left'],
        /^wgrad-pose: --orientation left: expected upright or/,
      ],
      [
        ['nowhere', '--run', 'nowhere', '--boxes', 'nowhere', '--min-score', '2'],
        /^wgrad-pose: --min-score 2: expected a score from 0 to 1/,
      ],
      [['nowhere', '--run', 'nowhere', '--backend', 'x'], /^wgrad-pose: --backend x: expected one of webgpu/],
      [['nowhere', '--run', 'nowhere', '--category', '1'], /^wgrad-pose: --category: about the boxes of a file; give/],
      [['nowhere', '--run', 'nowhere', '--sigmas', 'x'], /^wgrad-pose: --sigmas x: expected a number such as 0\.05/],
      [[...network, '--nms-threshold', '0.5'], /^wgrad-pose: --nms-threshold: nothing is suppressed without --nms/],
    ];
    await Promise.all(
      cases.map(async ([args, message]) => {
        const { code, stdout, stderr } = await wgrad('predict', ...args);
        expect(stderr).toMatch(message);
        expect([code, stdout]).toEqual([2, '']);
      }),
    );
    expect(readdirSync(home)).toEqual(before);
  });
});

describe('wgrad-pose export', () => {
  test('writes a run as ONNX and says what goes in and comes out', async () => {
    const { code, stdout } = await wgrad('export', 'run', 'out.onnx', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      file: 'out.onnx',
      opset: 17,
      inputs: [{ name: 'images', shape: ['batch', 3, 64, 48] }],
      outputs: [
        { name: 'mu', shape: ['batch', JOINTS, 2] },
        { name: 'sigma', shape: ['batch', JOINTS, 2] },
      ],
    });
    expect(readFileSync(join(home, 'out.onnx')).length).toBeGreaterThan(1000);
    const plain = await wgrad('export', 'network.pth', 'plain.onnx');
    expect(plain.stdout).toMatch(/^plain\.onnx: images \[batch, 3, 384, 288\] to mu \[batch, 2, 2\], sigma .*opset 17/);
    const wrong = await wgrad('export', 'run', 'out.pth');
    expect([wrong.code, wrong.stderr]).toEqual([2, 'wgrad-pose: export writes ONNX: out.pth should end with .onnx\n']);
  });
});
