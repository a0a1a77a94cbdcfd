import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu, type Device } from 'wgrad';
import { downloadState } from 'wgrad/io';
import { BACKENDS } from '../../../test/backends.js';
import { REFERENCE_RELATIVE } from '../../../test/tolerance.js';
import { cameraPoints } from '../../src/cameraPoints.js';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { DataWorkers } from '../../src/node/train/dataWorkers.js';
import { loadRun, saveRun } from '../../src/node/train/runFile.js';
import { trainRun } from '../../src/node/train/trainRun.js';
import { readPoseCheckpoint, writePoseCheckpoint } from '../../src/node/weightsFiles.js';
import { flipOrder } from '../../src/schema.js';
import { h36m18, MPII_TO_H36M } from '../../src/schemas/h36m18.js';
import { mpii16 } from '../../src/schemas/mpii16.js';
import { encodeSpatialJoints } from '../../src/targets.js';
import { fitBaselines } from '../../src/train/baselines.js';
import { TrainingBatches } from '../../src/train/batches.js';
import { bestEpochOf } from '../../src/train/bestEpoch.js';
import { resumeSession } from '../../src/train/checkpointing.js';
import { LOSS_NAMES, type TrainConfig } from '../../src/train/config.js';
import { makeCropBatch } from '../../src/train/cropBatch.js';
import { withDims } from '../../src/train/dims.js';
import { evaluate } from '../../src/train/evaluate.js';
import { capturedTrainStep, initLearner, type TrainStep, trainStep } from '../../src/train/learner.js';
import { makeConfig, savedConfig } from '../../src/train/makeConfig.js';
import { type LoadedData, type LoadedSample, loadData } from '../../src/train/samples.js';
import { startSession } from '../../src/train/session.js';
import { scoreInSpace } from '../../src/train/spaceScore.js';
import { folderOf } from '../datasets/folders.js';
import { h36mFolder, JOINTS } from '../datasets/h36mFolder.js';
import { TINY, tinyData, unseen, withFolder } from './runs.js';

/** Eight people with depths and four of MPII without: batches are mixed. */
const TRAINING = 8;
const CONFIG: TrainConfig = { ...TINY, dims: 3, epochs: 1, batch: 6 };

let folders: string[];
let data: LoadedData;
beforeAll(async () => {
  const person = {
    image: 'a.png',
    center: [21, 11],
    scale: 0.1,
    joints: mpii16.joints.map((_, k) => [k + 11, 16]),
    joints_vis: mpii16.joints.map(() => 1),
  };
  const other = { ...person, image: 'b.png' };
  const mpii = {
    'train.json': [person, person],
    'valid.json': [other, other],
    'images/a.png': null,
    'images/b.png': null,
  };
  folders = [await h36mFolder(TRAINING, 3), await folderOf(mpii)];
  data = await loadData(await openDataset({ data: folders.join(), figures: 0 }));
});
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

describe('dims', () => {
  const asked = (flags: Record<string, string>) => makeConfig({ data: 'x', ...flags }, 'cpu');
  const deep = { name: 'h36m', spatial: true };
  const plain = { name: 'lsp' };

  test('3 where the first data set has depths and the head can tell them, unless it is said', () => {
    expect(withDims(asked({}), false, deep).dims).toBe(3);
    expect(withDims(asked({ dims: '2' }), true, deep).dims).toBe(2);
    expect(withDims(asked({ loss: 'heatmap' }), false, deep).dims).toBe(2);
    expect(withDims(asked({}), false, plain).dims).toBe(2);
    expect(data.dataset.spatial).toBe(true);
  });

  test('what cannot be is refused, and runs from before were in 2-D', () => {
    expect(() => withDims(asked({ dims: '3' }), true, plain)).toThrow(/--dims 3: lsp has no depths to learn/);
    expect(() => asked({ dims: '3', loss: 'heatmap' })).toThrow(/--dims 3: heatmaps tell no depth/);
    expect(() => asked({ dims: '3', head: 'integral' })).toThrow(/wants --head direct/);
    expect(() => asked({ dims: '1' })).toThrow(/--dims 1: expected 2 or 3/);
    const { dims, ...old } = TINY;
    expect(savedConfig(old)).toEqual(TINY);
    expect(savedConfig({ ...TINY, dims: 4 })).toBeUndefined();
  });
});

describe('batches', () => {
  test('of both kinds: people without depths weigh in x and y alone, joints that MPII lacks in nothing', async () => {
    expect(data.train.length).toBe(TRAINING + 4);
    const batches = new TrainingBatches(data, CONFIG);
    let [deep, flat] = [0, 0];
    for (let i = 0; i < batches.length; i++) {
      const { target, weight } = await batches.at(0, i);
      expect([target.length, weight.length]).toEqual([6 * JOINTS * 3, 6 * JOINTS * 3]);
      for (let row = 0; row < 6; row++) {
        const own = weight.subarray(3 * row * JOINTS, 3 * (row + 1) * JOINTS);
        const hasDepth = own.some((w, j) => j % 3 === 2 && w > 0);
        if (hasDepth) deep++;
        else flat++;
        for (let k = 0; k < JOINTS; k++) {
          const [x, y, z] = own.subarray(3 * k, 3 * k + 3);
          expect([x, y]).toEqual(hasDepth || MPII_TO_H36M[k] >= 0 ? [1, 1] : [0, 0]);
          expect(z).toBe(hasDepth ? 1 : 0);
          if (!hasDepth) expect(target[3 * (row * JOINTS + k) + 2]).toBe(0);
        }
      }
    }
    expect([deep, flat]).toEqual([TRAINING, 4]);
  });

  test('turns and sizes leave depths alone, a mirror gives each joint that of the other side', async () => {
    const sample = await data.train.sample(0);
    const order = flipOrder(h36m18);
    const depths = (change: object) => {
      const { target } = makeCropBatch(
        [{ sample, crop: { ...sample.crop, ...change } }],
        { height: 16, width: 16 },
        order,
        1,
        3,
      );
      return Array.from({ length: JOINTS }, (_, k) => target[3 * k + 2]);
    };
    const upright = depths({});
    expect(new Set(upright).size).toBeGreaterThan(10);
    expect(depths({ angle: 1, width: 2 * sample.crop.width, height: 2 * sample.crop.height })).toEqual(upright);
    expect(depths({ mirrored: true })).toEqual(upright.map((_, k) => upright[order[k]]));
  });

  test('threads make the same', async () => {
    const workers = new DataWorkers(1);
    try {
      const local = new TrainingBatches(data, CONFIG);
      expect(await workers.batches(data, CONFIG).at(0, 0)).toEqual(await local.at(0, 0));
    } finally {
      await workers.close();
    }
  });
});

/** Losses and parameters after two steps. */
async function run(device: Device, config: TrainConfig, step: TrainStep) {
  const batches = new TrainingBatches(data, config);
  let learner = initLearner(device, config, JOINTS);
  const losses: number[] = [];
  for (let i = 0; i < 2; i++) {
    const next = await step(learner, await batches.at(0, i), 1e-3, i);
    losses.push(await next.loss.item());
    learner = next.learner;
  }
  return { losses, trees: await Promise.all([learner.params, learner.optimizer].map(downloadState)) };
}

const DIRECT = LOSS_NAMES.filter((loss) => loss !== 'heatmap' && loss !== 'dsnt').map((loss) => ({ loss }));

describe.each(BACKENDS)('a step in 3-D on $name', ({ open, name }) => {
  test.each([
    ...(name === 'reference' ? DIRECT : [{ loss: 'rle' } as const]),
    { loss: 'rle', q: 'logistic', logS: 'importance' } as const,
    { loss: 'rle', accumulate: 2 } as const,
  ])('%j: replayed as called, bit for bit', async (changed) => {
    const device = await open();
    const config = { ...CONFIG, ...changed };
    const eager = await run(device, config, (...args) => trainStep(device, config, ...args));
    expect(eager.losses.every(Number.isFinite)).toBe(true);
    expect(await run(device, config, capturedTrainStep(device, config))).toEqual(eager);
  });
});

test('an interrupted run in 3-D that is resumed ends with the same bits', async () => {
  const device = cpu();
  const config = { ...CONFIG, loss: 'laplace', epochs: 2 } as const;
  const finish = async (session: ReturnType<typeof startSession>) => {
    await withFolder(async (folder) => {
      expect(await trainRun(session, folder, unseen, new AbortController().signal)).toBe(true);
    });
    const { learner, progress } = session;
    const { history } = progress;
    const trees = await Promise.all([learner.params, learner.state, learner.optimizer].map(downloadState));
    return { trees, history: history.map((epoch) => ({ ...epoch, imagesPerSecond: 0 })) };
  };
  const whole = await finish(startSession(device, config, data));
  const [first, second] = whole.history.map(({ mpjpe }) => mpjpe as number);
  expect(bestEpochOf(whole.history)).toBe(first <= second ? 1 : 2);
  await withFolder(async (folder) => {
    const { last } = folder;
    const stop = new AbortController();
    const observer = { ...unseen, onEpoch: () => stop.abort() };
    expect(await trainRun(startSession(device, config, data), folder, observer, stop.signal)).toBe(false);
    const next = startSession(device, config, data);
    resumeSession(next, await loadRun(last));
    expect(await finish(next)).toEqual(whole);
    // Without a flow the file's shapes do not tell 3-D; its configuration does.
    const checkpoint = await readPoseCheckpoint(last);
    expect(checkpoint.architecture).toMatchObject({ joints: JOINTS, dims: 3, sigma: true, flows: [] });
    expect(checkpoint.conventions).toMatchObject({ depth: 2000, padding: 1 });
    const { written } = await writePoseCheckpoint(folder.best, checkpoint, 'official');
    expect(written).toContain('fc_sigma.weight');
    expect((await readPoseCheckpoint(folder.best)).architecture).toEqual(checkpoint.architecture);
    // In 2-D the crops are cut as they are in 3-D.
    await saveRun(startSession(device, { ...config, dims: 2 }, data), last);
    expect((await readPoseCheckpoint(last)).conventions.padding).toBe(1);
    await expect(writePoseCheckpoint(folder.best, checkpoint, 'mmpose')).rejects.toThrow(/mmpose has no RLE in 3-D/);
  });
});

describe('scores', () => {
  /** What a network would say that knows the labels. */
  const right = (samples: readonly LoadedSample[]) => {
    const space = new Float64Array(samples.length * JOINTS * 3);
    samples.forEach((sample, n) => {
      const row = new Float32Array(JOINTS * 3);
      encodeSpatialJoints(sample, sample.crop, flipOrder(h36m18), row, new Float32Array(JOINTS * 3));
      space.set(row, 3 * n * JOINTS);
    });
    return space;
  };

  test('in millimetres: nothing for what is right, by hand for one wrong depth', () => {
    const space = right(data.test);
    // Labels in float32 are good to some micrometres.
    expect(scoreInSpace(h36m18, data.test, space).mpjpe).toBeLessThan(0.01);
    space[3 * 4 + 2] += 0.05;
    const [{ joints, spatial }] = data.test;
    if (!spatial) throw new Error('a sample of Human3.6M without depths');
    const at = (more: number) =>
      cameraPoints(
        joints,
        spatial.depths.map((depth, k) => depth + (k === 4 ? more : 0)),
        spatial,
      ).subarray(12, 15);
    const [near, far] = [at(0), at(100)];
    const moved = Math.hypot(...near.map((value, d) => far[d] - value));
    const { mpjpe, paMpjpe } = scoreInSpace(h36m18, data.test, space);
    expect(Math.abs(mpjpe - moved / (17 * data.test.length))).toBeLessThan(0.01);
    expect(paMpjpe).toBeGreaterThan(0);
  });

  test('the mean pose has the mean depths, and a network is scored beside it', async () => {
    const { meanPose, ridge } = await fitBaselines(data, 3);
    // Arms of 660 mm that point every way: their mean is near the body.
    expect(meanPose.space?.mpjpe).toBeGreaterThan(100);
    expect(meanPose.space?.mpjpe).toBeLessThan(400);
    expect(ridge?.space?.mpjpe).toBeGreaterThan(0);
    const { pck20, space } = (await fitBaselines(data)).meanPose;
    expect([pck20, space]).toEqual([meanPose.pck20, undefined]);
    const session = startSession(cpu(), { ...CONFIG, loss: 'dle' }, data);
    const { scores, uncertainty, density } = await evaluate(session);
    expect(scores.space?.mpjpe).toBeGreaterThan(0);
    expect(uncertainty?.score).toBeDefined();
    expect(density).toBeUndefined();
  });
});

test('in 2-D the first losses are what they were before there were depths', async () => {
  // Of TINY on the reference, taken from the commit before `--dims`.
  const before = {
    rle: [57.60683685330792, 51.59712754208447, 44.779430318024524],
    dle: [12.45883457005188, 9.444158973676187, 6.415228926693063],
    laplace: [10.425486555548432, 9.914443017224642, 8.48854468045762],
    l1: [50.4306717675156, 49.187882709407376, 43.01165934646178],
  } as const;
  const device = cpu();
  const figures = await tinyData();
  for (const [loss, wanted] of Object.entries(before)) {
    const session = startSession(device, { ...TINY, loss: loss as keyof typeof before }, figures);
    for (const [k, value] of wanted.entries()) {
      const { loss: got, learner } = await session.step(session.learner, await session.batches.at(0, k), 1e-3, k);
      session.learner = learner;
      expect(Math.abs((await got.item()) / value - 1)).toBeLessThan(REFERENCE_RELATIVE);
    }
  }
});
