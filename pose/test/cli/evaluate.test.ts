import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, test, vi } from 'vitest';
import { Rng } from 'wgrad';
import { CALIBRATION_SHARE, METRIC_DIGITS, REFERENCE_RELATIVE } from '../../../test/tolerance.js';
import { evaluate } from '../../src/cli/evaluate.js';
import { crowdpose14 } from '../../src/schema.js';
import oracles from '../golden/coco_oracles.json' with { type: 'json' };
import pair from '../golden/coco_val_pair.json' with { type: 'json' };
import goldens from '../golden/metrics_golden.json' with { type: 'json' };
import mpii from '../golden/mpii_mat.json' with { type: 'json' };
import { jsonFolder, pairResults } from '../metrics/cocoFiles.js';

const MAIN = join(process.cwd(), 'pose/src/cli/main.ts');
const TSX = join(process.cwd(), 'node_modules/tsx/dist/esm/index.mjs');
const write = jsonFolder();

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `wgrad-pose evaluate ...` in a process of its own. */
function spawned(...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', TSX, MAIN, 'evaluate', ...args], (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

/** What `wgrad-pose evaluate --json ...` prints, in this process. */
async function scores(metric: string, truth: unknown, results: unknown, ...more: string[]): Promise<unknown> {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    evaluate(program);
    const files = ['--annotations', write('gt.json', truth), '--results', write('dt.json', results)];
    await program.parseAsync(['node', 'wgrad', 'evaluate', '--metric', metric, ...files, '--json', ...more]);
    return JSON.parse(printed.mock.calls.map(([line]) => line).join('\n'));
  } finally {
    printed.mockRestore();
  }
}

const close = (value: number) => expect.closeTo(value, METRIC_DIGITS);

describe('wgrad-pose evaluate, as a process', () => {
  const files = () => ['--annotations', write('gt.json', pair), '--results', write('dt.json', pairResults())];

  test('--json prints the ten figures in their order and nothing else', async () => {
    const { code, stdout, stderr } = await spawned('--metric', 'coco', ...files(), '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^\{"AP":[^\n]*\}\n$/);
    const printed = JSON.parse(stdout) as Record<string, number>;
    expect(Object.keys(printed)).toEqual(['AP', 'AP50', 'AP75', 'APm', 'APl', 'AR', 'AR50', 'AR75', 'ARm', 'ARl']);
    for (const [name, value] of Object.entries(pair.metrics)) expect(printed[name]).toEqual(close(value));
  });

  test('100,000 detections take seconds, and those behind all others take nothing from AP', async () => {
    const results = pairResults() as { score: number }[];
    const echo = (i: number) => ({ ...results[i % results.length], score: 1e-6 * results[i % results.length].score });
    const many = [...results, ...Array.from({ length: 100_000 - results.length }, (_, i) => echo(i))];
    const [annotations, gt] = files();
    const began = performance.now();
    const more = ['--results', write('many.json', many), '--json'];
    const { stdout } = await spawned('--metric', 'coco', annotations, gt, ...more);
    expect(performance.now() - began).toBeLessThan(60_000); // ten times what a quiet machine takes
    expect(JSON.parse(stdout).AP).toBeGreaterThanOrEqual(pair.metrics.AP - 10 ** -METRIC_DIGITS);
  });

  test('without --json it is a table', async () => {
    const { code, stdout } = await spawned('--metric', 'coco', ...files());
    expect(code).toBe(0);
    expect(stdout).toMatch(/^metric +value\nAP +0\.8609\nAP50 +0\.9931\n/);
  });

  test('a broken file is one line on stderr, exit code 2', async () => {
    const [, gt, , dt] = files();
    write('dt.json', [{ ...pairResults()[0], score: 'high' }]);
    const { code, stdout, stderr } = await spawned('--metric', 'coco', '--annotations', gt, '--results', dt);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(`wgrad-pose: ${dt}: [0].score: expected a finite number, got "high"\n`);
  });

  test('20,000 results take seconds', async () => {
    const images = Array.from({ length: 1000 }, (_, i) => ({ id: i }));
    const keypoints = Array.from({ length: 17 }, (_, k) => [20 * k + 0.123456789, 10 * k, 2]).flat();
    const annotations = images.map(({ id }) => ({
      ...{ id: id + 1, image_id: id, category_id: 1, keypoints, area: 10_000, bbox: [0, 0, 340, 170] },
    }));
    const results = images.flatMap(({ id }) =>
      Array.from({ length: 20 }, (_, i) => ({ image_id: id, category_id: 1, keypoints, score: i / 20 + id / 1e6 })),
    );
    const gt = write('big_gt.json', { images, categories: [{ id: 1 }], annotations });
    const dt = write('big_dt.json', results);
    const start = performance.now();
    const { stdout } = await spawned('--metric', 'coco', '--annotations', gt, '--results', dt, '--json');
    expect(performance.now() - start).toBeLessThan(20_000);
    expect(JSON.parse(stdout)).toMatchObject({ AP: close(1), AR: 1, APm: -1, APl: close(1) });
  }, 60_000);
});

describe('metrics', () => {
  test('coco --variant pycocotools loses annotations of id 0', async () => {
    const { annotations, results, exact, pycocotools } = oracles.sets[0];
    expect(await scores('coco', annotations, results)).toMatchObject({ AP: close(exact.AP) });
    expect(await scores('coco', annotations, results, '--variant', 'pycocotools')).toMatchObject({
      AP: close(pycocotools.AP),
    });
  });

  test('coco takes the sigmas of CrowdPose by the names of its joints', async () => {
    const joints = Array.from({ length: 14 }, (_, k) => [9 * k, 5 * k, 1]).flat();
    const annotation = { id: 1, image_id: 1, category_id: 1, keypoints: joints, bbox: [0, 0, 100, 100] };
    const truth = {
      images: [{ id: 1 }],
      categories: [{ id: 1, keypoints: crowdpose14.joints }],
      annotations: [annotation],
    };
    // Four pixels off in y, which some of the ten thresholds forgive.
    const moved = joints.map((v, i) => (i % 3 === 1 ? v + 4 : v));
    const results = [{ image_id: 1, category_id: 1, keypoints: moved, score: 1 }];
    const oks = crowdpose14.oksSigmas.reduce((sum, s) => sum + Math.exp(-(4 ** 2) / (2 * 5300 * (2 * s) ** 2)), 0) / 14;
    const passed = Array.from({ length: 10 }, (_, i) => 0.5 + 0.05 * i).filter((t) => oks >= t).length;
    expect(passed).toBeGreaterThan(0);
    expect(passed).toBeLessThan(10);
    expect(await scores('coco', truth, results, '--area', 'box')).toMatchObject({ AP: close(passed / 10) });
  });

  const joints = (offset: number) => Array.from({ length: 17 }, (_, k) => [10 * k + offset, 7, 2]).flat();
  const truth = {
    images: [{ id: 1 }],
    categories: [{ id: 1 }],
    annotations: [
      {
        id: 1,
        image_id: 1,
        category_id: 1,
        keypoints: joints(0),
        area: 9,
        bbox: [0, 0, 60, 30],
        head_box: [0, 0, 30, 40],
      },
    ],
  };
  const results = [{ image_id: 1, category_id: 1, keypoints: joints(6), score: 1 }];

  test.each<[string, string[], Record<string, number>]>([
    // The torso, joints 5 and 12, is 70 long; 0.6 of the head's diagonal is 30.
    ['pck', [], { 'PCK@0.2': 1 }],
    ['pck', ['--threshold', '0.05'], { 'PCK@0.05': 0, left_ear: 0 }],
    ['pck', ['--threshold', '0.1', '--norm', 'box'], { 'PCK@0.1': 0 }],
    ['pck', ['--threshold', '0.11', '--norm', 'box'], { 'PCK@0.11': 1 }],
    ['pckh', [], { 'PCKh@0.5': 1 }],
    ['pckh', ['--threshold', '0.2'], { 'PCKh@0.2': 1 }],
    ['pckh', ['--threshold', '0.19'], { 'PCKh@0.19': 0 }],
    // 6 / 30 = 0.2, below 15 of the 20 thresholds.
    ['auc', [], { AUC: 0.75 }],
    ['epe', [], { EPE: 6 }],
    ['nme', [], { NME: 0.1 }],
    ['nme', ['--norm', 'head'], { NME: 0.2 }],
  ])('%s %j', async (metric, options, expected) => {
    const printed = (await scores(metric, truth, results, ...options)) as Record<string, number>;
    for (const [name, value] of Object.entries(expected)) expect(printed[name]).toEqual(close(value));
  });

  test("pckh reads MPII's own file: its head boxes, and the pictures that have results", async () => {
    const annotations = write('mpii.mat', null);
    writeFileSync(annotations, Buffer.from(mpii.compressed, 'base64'));
    // The corners (1, 2) and (5, 9): half of 0.6 of the diagonal is 2.419 pixels. Labels there count from 1.
    const shifted = (person: number, by: number) =>
      mpii.people[0][person].joints.flatMap((p) => (p ? [p[0] - 1, p[1] - 1 + by, 1] : [500, 500, 1]));
    const result = { image_id: 1, category_id: 1, score: 1 };
    const results = [
      { ...result, annotation_id: 1, keypoints: shifted(0, 2.41) },
      { ...result, annotation_id: 2, keypoints: shifted(1, -2.43) },
    ];
    const said = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    try {
      const printed = await scores('pckh', null, results, '--annotations', annotations);
      // Without pelvis and thorax the first has 9 labels and the second 10. Both have a right ankle, the second alone the hip.
      expect(printed).toMatchObject({ 'PCKh@0.5': close(9 / 19), right_ankle: close(1 / 2), right_hip: close(0) });
      expect(said.mock.calls).toEqual([['scores 1 of 3 annotated pictures: those with results\n']]);
      const wide = await scores('pckh', null, results, '--annotations', annotations, '--threshold', '0.503');
      expect(wide).toMatchObject({ 'PCKh@0.503': close(1) });
      await expect(scores('pckh', null, results.slice(0, 1), '--annotations', annotations)).rejects.toThrow(
        /no result for annotation 2 \(image 1\) of .*mpii\.mat; predict every person/,
      );
    } finally {
      said.mockRestore();
    }
  });

  describe('calibration', () => {
    const PEOPLE = 600;
    /** Labels off from the prediction by a slanted normal of mean (3, -2), as large as the person; two joints lack labels. */
    function world(stated: number) {
      const rng = new Rng(12);
      const people = Array.from({ length: PEOPLE }, (_, id) => {
        const size = Math.exp(0.5 * rng.normal());
        const predicted = Array.from({ length: 34 }, () => 100 + 50 * rng.normal());
        const label = predicted.slice();
        for (let k = 0; k < 17; k++) {
          const [a, b] = [rng.normal(), rng.normal()];
          label[2 * k] += size * (3 + 4 * a);
          label[2 * k + 1] += size * (-2 + 3 * a + 2 * b);
        }
        return { id, size, predicted, label };
      });
      const joints = <T>(make: (k: number) => T[]) => Array.from({ length: 17 }, (_, k) => make(k)).flat();
      const truth = {
        images: people.map(({ id }) => ({ id })),
        categories: [{ id: 1 }],
        annotations: people.map(({ id, size, label }) => ({
          ...{ id, image_id: id, category_id: 1, area: 1, bbox: [0, 0, 50 * size, 100 * size] },
          keypoints: joints((k) => [label[2 * k], label[2 * k + 1], k < 2 ? 0 : 2]),
        })),
      };
      const results = people.map(({ id, size, predicted }) => ({
        ...{ image_id: id, category_id: 1, score: 1 },
        keypoints: joints((k) => [predicted[2 * k], predicted[2 * k + 1], 1]),
        mean: joints((k) => [predicted[2 * k] + 3 * size, predicted[2 * k + 1] - 2 * size]),
        covariance: joints(() => [16, 12, 13].map((value) => (stated * size) ** 2 * value)),
      }));
      return { truth, results };
    }

    test('of covariances that are true and of such that are too small', async () => {
      const { truth, results } = world(1);
      const honest = (await scores('calibration', truth, results)) as Record<string, number>;
      expect(honest['calibration error']).toBeLessThan(CALIBRATION_SHARE);
      for (const [name, value] of Object.entries(honest)) {
        const level = Number(/@(.*)/.exec(name)?.[1] ?? Number.NaN);
        if (level) expect(Math.abs(value - level), name).toBeLessThan(CALIBRATION_SHARE);
      }
      // 90 % of a normal are 3.29 standard deviations, of 4 and sqrt(13) hundredths of the box.
      expect(honest.sharpness).toBeCloseTo((3.2897 * (4 + Math.sqrt(13))) / 2 / 100, 4);
      const proud = (await scores(
        'calibration',
        ...(Object.values(world(0.5)) as [unknown, unknown]),
      )) as typeof honest;
      expect(proud['coverage@0.9']).toBeCloseTo(0.589, 1);
      expect(proud['ellipses@0.9']).toBeCloseTo(1 - 0.1 ** 0.25, 1);
    });

    test('COCO and PCK take no notice of the fields, whatever stands in them', async () => {
      const { truth, results } = world(1);
      const plain = results.map(({ mean, covariance, ...rest }) => rest);
      for (const metric of ['coco', 'pck']) {
        expect(await scores(metric, truth, results)).toEqual(await scores(metric, truth, plain));
      }
      const other = results.map((result) => ({ ...result, covariance: 'large' }));
      expect(await scores('coco', truth, other)).toEqual(await scores('coco', truth, plain));
      await expect(scores('calibration', truth, plain)).rejects.toThrow(
        /\[0\]\.covariance: expected a list of 51 numbers/,
      );
      const flat = results.map((result) => ({ ...result, covariance: result.covariance.map(() => 1) }));
      await expect(scores('calibration', truth, flat)).rejects.toThrow(/positive definite matrix, got "1,1,1"/);
    });
  });

  test('mpjpe, pa-mpjpe and n-mpjpe of JSON lists', async () => {
    const { pred, gt, mask, ...golden } = goldens.mpjpe;
    const labels = gt.map((pose, n) => pose.map((joint, k) => (mask[n][k] ? joint : null)));
    const { MPJPE } = (await scores('mpjpe', labels, pred)) as { MPJPE: number };
    expect(Math.abs(MPJPE / golden.mpjpe - 1)).toBeLessThan(REFERENCE_RELATIVE);
    const full = (variant: string) => scores(variant, gt, pred, '--variant', 'mmpose');
    expect(Object.keys((await full('pa-mpjpe')) as object)).toEqual(['PA-MPJPE']);
    expect(Object.keys((await full('n-mpjpe')) as object)).toEqual(['N-MPJPE']);
  });

  test.each<[string, unknown, unknown, string[], RegExp]>([
    ['coco', truth, results, ['--threshold', '1'], /--threshold: the metric coco has no such option; leave it out/],
    ['pck', truth, results, ['--threshold', 'x'], /--threshold: expected a number above 0, got 'x'/],
    ['pck', truth, results, ['--norm', 'foot'], /--norm: expected torso or box or head, got 'foot'/],
    ['coco', truth, results, ['--variant', 'mmpose'], /--variant: expected pycocotools, got 'mmpose'/],
    ['nonsense', truth, results, [], /'--metric <name>' argument 'nonsense' is invalid. Allowed choices are coco, pck/],
    ['pck', { ...truth, annotations: [] }, [], [], /no results; there is nothing to score/],
    ['mpjpe', [[[1, 2, 3]]], [Array(2).fill([1, 2, 3])], [], /dt.json: 1 pose of 2 joints, but .*gt.json has 1 of 1/],
    ['mpjpe', truth, results, [], /gt.json: its labels have no depths; expected poses \[\[\[x, y, z\]/],
    ['mpjpe', [[[1, 2, 3]]], [[null]], [], /dt.json: pose 0, joint 0: null, but .*gt.json has a label for it/],
    ['mpjpe', [[null]], [[null]], [], /gt.json: no joint of it counts for MPJPE/],
  ])('%s refuses what it cannot use', async (metric, gt, dt, options, message) => {
    await expect(scores(metric, gt, dt, ...options)).rejects.toThrow(message);
  });
});
