import { describe, expect, test } from 'vitest';
import { cpu, DataError } from 'wgrad';
import { downloadState } from 'wgrad/io';
import { BACKENDS } from '../../../test/backends.js';
import { loadRun, saveRun } from '../../src/node/train/runFile.js';
import type { RunFolder } from '../../src/node/train/runFolder.js';
import { trainRun } from '../../src/node/train/trainRun.js';
import { readInitialWeights } from '../../src/node/weightsFiles.js';
import { resumeSession } from '../../src/train/checkpointing.js';
import type { TrainConfig } from '../../src/train/config.js';
import { evaluate } from '../../src/train/evaluate.js';
import { initFrom } from '../../src/train/initialWeights.js';
import { initLearner } from '../../src/train/learner.js';
import { type Session, startSession } from '../../src/train/session.js';
import { savedBefore, TINY, tinyData, unseen, withFolder } from './runs.js';

const JOINTS = 14;

/** All that must be the same: weights, statistics, moments and the history of losses. */
async function fingerprint({ learner, progress }: Session) {
  const { seconds, history, ...counters } = progress;
  const trees = await Promise.all([learner.params, learner.state, learner.optimizer].map(downloadState));
  return { trees, counters, losses: history.map(({ imagesPerSecond, ...rest }) => rest) };
}

/** Trains until `batches` batches were reported, as Ctrl-C would. */
async function trainFor(session: Session, folder: RunFolder, batches: number): Promise<void> {
  const stop = new AbortController();
  let seen = 0;
  const before = session.progress.step;
  const onSteps = () => {
    seen = session.progress.step - before;
    if (seen >= batches) stop.abort();
  };
  expect(await trainRun(session, folder, { ...unseen, onSteps }, stop.signal)).toBe(false);
}

describe.each(BACKENDS)('$name', ({ open }) => {
  // Batches of an epoch: 5. Steps are reported in fours, so the runs stop in the middle of epochs.
  test.each([
    ['plain', {}, [4]],
    ['with warm-up, milestones and clipping', { schedule: 'steps', milestones: [1, 2], warmup: 7, clip: 0.1 }, [4]],
    ['in mixed precision', { precision: 'mixed' as const }, [4]],
    ['with an average of the weights and batches in parts', { ema: 0.9, accumulate: 2 }, [4]],
    // Two epochs, interrupted once: a flow at hundreds of nodes is slow on the reference.
    ['with log s', { logS: 'importance', epochs: 2 }, []],
  ] as const)(
    'an interrupted run that is resumed ends with the same bits as an uninterrupted one: %s',
    async (_, options, again) => {
      const device = await open();
      const data = await tinyData();
      const config = { ...TINY, epochs: 3, ...options };
      const whole = startSession(device, config, data);
      await withFolder(async (folder) => {
        expect(await trainRun(whole, folder, unseen, new AbortController().signal)).toBe(true);
      });
      const expected = await fingerprint(whole);
      expect(expected.counters).toMatchObject({ epoch: config.epochs, step: 5 * config.epochs });

      await withFolder(async (folder) => {
        await trainFor(startSession(device, config, data), folder, 4);
        for (const batches of [...again, Number.POSITIVE_INFINITY]) {
          const saved = await loadRun(folder.last);
          expect(saved.progress.step).toBeGreaterThan(3);
          const next = startSession(device, config, data);
          resumeSession(next, saved);
          if (Number.isFinite(batches)) await trainFor(next, folder, batches);
          else {
            expect(await trainRun(next, folder, unseen, new AbortController().signal)).toBe(true);
            expect(await fingerprint(next)).toEqual(expected);
          }
        }
      });
    },
  );

  test('a resumed run is not where it started', async () => {
    const device = await open();
    const data = await tinyData();
    await withFolder(async (folder) => {
      const session = startSession(device, TINY, data);
      const fresh = await fingerprint(session);
      await trainFor(session, folder, 4);
      expect(await fingerprint(session)).not.toEqual(fresh);
    });
  });
});

describe('checkpoints', () => {
  const device = cpu();

  test('a checkpoint of another model is refused, with what differs', async () => {
    const data = await tinyData();
    await withFolder(async (folder) => {
      await saveRun(startSession(device, TINY, data), folder.last);
      const saved = await loadRun(folder.last);
      const wider = startSession(device, { ...TINY, width: 6 }, data);
      expect(() => resumeSession(wider, saved)).toThrow(DataError);
      expect(() => resumeSession(wider, saved)).toThrow(
        /last\.safetensors: checkpoint of another model: .*preact\.conv1\.weight \[4, 3, 3, 3\] not \[6, 3, 3, 3\]/,
      );
      const weights = await readInitialWeights(folder.last);
      expect(() => initFrom(wider.learner, weights)).toThrow(/checkpoint of another model/);
    });
  });

  test('--init takes the backbone of a run with another loss, and its heads where they fit', async () => {
    const data = await tinyData();
    await withFolder(async (folder) => {
      const donor = startSession(device, { ...TINY, seed: 9 }, data);
      await saveRun(donor, folder.last);
      const learner = initFrom(
        initLearner(device, { ...TINY, loss: 'l1' }, JOINTS),
        await readInitialWeights(folder.last),
      );
      const [given, taken] = await Promise.all([donor.learner.params, learner.params].map(downloadState));
      for (const name of ['preact.layer3.1.conv2.weight', 'fc_coord.linear.bias']) {
        expect(taken.get(name)).toEqual(given.get(name));
      }
      expect([...taken.keys()].filter((name) => /^(flow|fc_sigma)/.test(name))).toEqual([]);
    });
  });

  test('a file holds the average of the weights as its model; --init starts weights and average from it', async () => {
    const data = await tinyData();
    const config = { ...TINY, ema: 0.8 };
    await withFolder(async (folder) => {
      const session = startSession(device, config, data);
      await trainRun(session, folder, unseen, new AbortController().signal);
      const { params, optimizer } = session.learner;
      const [weights, average] = await Promise.all([params, optimizer.ema].map(downloadState));
      expect(weights).not.toEqual(average);
      const run = await loadRun(folder.last);
      const { checkpoint } = run;
      const name = 'preact.layer1.0.conv1.weight';
      expect(checkpoint.model.get(name)?.data).toEqual(average.get(name)?.data);
      expect(checkpoint.optimizer.get(`weights.${name}`)?.data).toEqual(weights.get(name)?.data);
      const learner = initFrom(initLearner(device, config, JOINTS), await readInitialWeights(folder.last));
      for (const tree of [learner.params, learner.optimizer.ema]) expect(await downloadState(tree)).toEqual(average);
      const judged = await evaluate(session);
      expect((await evaluate({ ...session, learner })).predictions).toEqual(judged.predictions);
      expect(() => resumeSession(startSession(device, TINY, data), run)).toThrow(/another model.*unexpected \(weights/);
    });
  });

  test('a checkpoint from before there were some options goes on as it began', async () => {
    const data = await tinyData();
    await withFolder(async (folder) => {
      const { before, then } = savedBefore(TINY);
      const session = startSession(device, TINY, data);
      await saveRun({ ...session, config: before as TrainConfig }, folder.last);
      const saved = await loadRun(folder.last);
      expect(saved.config).toEqual({ ...before, ...then });
      resumeSession(startSession(device, saved.config, data), saved);
    });
  });

  test('--init carries the layers of heatmaps to another head and loss', async () => {
    const data = await tinyData();
    await withFolder(async (folder) => {
      const donor = startSession(device, { ...TINY, loss: 'heatmap', head: 'heatmap', seed: 9 }, data);
      await saveRun(donor, folder.last);
      const learner = initFrom(
        initLearner(device, { ...TINY, head: 'integral' }, JOINTS),
        await readInitialWeights(folder.last),
      );
      const [given, taken] = await Promise.all([donor.learner.params, learner.params].map(downloadState));
      for (const name of ['deconv_layers.3.weight', 'final_layer.bias'])
        expect(taken.get(name)).toEqual(given.get(name));
    });
  });

  test('weights without a run cannot be resumed', async () => {
    const data = await tinyData();
    await withFolder(async (folder) => {
      const session = startSession(device, TINY, data);
      await saveRun({ ...session, config: { ...TINY, loss: 'huber' as 'rle' } }, folder.last);
      await expect(loadRun(folder.last)).rejects.toThrow(/not of this version's training; start from it with --init/);
    });
  });
});
