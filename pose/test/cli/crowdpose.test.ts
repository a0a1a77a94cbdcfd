import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { evaluate } from '../../src/cli/evaluate.js';
import { predict } from '../../src/cli/predict.js';
import { start } from '../../src/cli/start.js';
import { crowdpose14 } from '../../src/schema.js';
import { inProcess } from './inProcess.js';

const run = inProcess(start, predict, evaluate);
const [WIDTH, HEIGHT] = [64, 48];
const TRAIN = [1, 2, 3, 4, 5];
const TEST = [6, 7];

let home: string;
const at = (...path: string[]) => join(home, ...path);
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-crowdpose-'));
  mkdirSync(at('set', 'images'), { recursive: true });
  for (const id of [...TRAIN, ...TEST]) {
    const create = { width: WIDTH, height: HEIGHT, channels: 3, background: { r: 30 * id, g: 90, b: 120 } } as const;
    await sharp({ create })
      .jpeg()
      .toFile(at('set', 'images', `10${id}.jpg`));
  }
  const files = { train: TRAIN, val: TEST, trainval: [...TRAIN, ...TEST] };
  for (const [name, ids] of Object.entries(files)) {
    writeFileSync(at('set', `crowdpose_${name}.json`), JSON.stringify(labelsOf(ids)));
  }
});
afterAll(() => rmSync(home, { recursive: true }));

/** Two people in each picture, in the form of the data set's authors: their limbs are COCO's, which do not fit 14 joints. */
function labelsOf(ids: readonly number[]) {
  const annotations = ids.flatMap((image, i) =>
    [0, 1].map((n) => ({
      ...{ id: 100 * image + n, image_id: image, category_id: 1, iscrowd: 0, bbox: [2 + 30 * n, 2, 28, 44] },
      num_keypoints: 13,
      keypoints: crowdpose14.joints.flatMap((_, k) =>
        k === 4 + i ? [0, 0, 0] : [4 + 30 * n + ((5 * k + image) % 24), 4 + ((7 * k + 3 * n) % 40), 1 + (k % 2)],
      ),
    })),
  );
  return {
    images: ids.map((id) => ({ file_name: `10${id}.jpg`, id, height: HEIGHT, width: WIDTH, crowdIndex: 0.3 })),
    annotations,
    categories: [
      { supercategory: 'person', id: 1, name: 'person', keypoints: crowdpose14.joints, skeleton: [[16, 14]] },
    ],
  };
}

test('CrowdPose trains as its authors give it, and its joints come along to predictions and scores', async () => {
  const trained = await run(
    ...['start', '--backend', 'cpu', '--data', at('set'), '--out', at('run'), '--epochs', '1', '--workers', '0'],
    ...['--batch', '2', '--width', '4', '--size', '16'],
  );
  expect(trained.stderr).toContain('crowdpose_trainval.json is left out');
  expect(trained.stderr).toContain('set: 10 images, 4 held out');
  const images = TEST.map((id) => at('set', 'images', `10${id}.jpg`));
  const truth = at('set', 'crowdpose_val.json');
  const predicted = await run(
    ...['predict', ...images, '--run', at('run'), '--backend', 'cpu', '--boxes', truth, '--flip-test'],
    ...['--nms', 'hard', '--nms-threshold', '1', '--overlays', at('over'), '--out', at('results.json')],
  );
  expect(predicted.stderr).toMatch(/4 people in 2 images/);
  expect(readdirSync(at('over'))).toEqual(['106.jpg', '107.jpg']);
  const results = JSON.parse(readFileSync(at('results.json'), 'utf8')) as object[];
  expect(results[0]).toMatchObject({ image_id: 6, annotation_id: 600, category_id: 1 });

  const score = async (metric: string, file: string, ...more: string[]) => {
    const given = ['--annotations', truth, '--results', at(file), '--run', at('run'), '--json', ...more];
    return JSON.parse((await run('evaluate', '--metric', metric, ...given)).stdout) as Record<string, number>;
  };
  const own = await score('pck', 'results.json');
  expect(Object.keys(own)).toEqual(['PCK@0.2', ...crowdpose14.joints]);
  // The labels themselves are right in every way that CrowdPose is scored in.
  const perfect = labelsOf(TEST).annotations.map(({ id, image_id, category_id, keypoints }) => ({
    ...{ image_id, category_id, annotation_id: id, score: 1 },
    keypoints: keypoints.map((v, i) => (i % 3 === 2 ? 1 : v)),
  }));
  writeFileSync(at('perfect.json'), JSON.stringify(perfect));
  expect((await score('pck', 'perfect.json'))['PCK@0.2']).toBe(1);
  expect((await score('coco', 'perfect.json', '--area', 'box')).AP).toBe(1);
});
