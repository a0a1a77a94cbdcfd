import { describe, expect, test } from 'vitest';
import { cpu } from 'wgrad';
import { downloadState } from 'wgrad/io';
import { readStatus } from 'wgrad/nn';
import { BACKENDS } from '../../../test/backends.js';
import { TrainingBatches } from '../../src/train/batches.js';
import { checkpointOf, resumeSession, savedRunOf } from '../../src/train/checkpointing.js';
import type { TrainConfig } from '../../src/train/config.js';
import { capturedTrainStep, initLearner, type Learner, trainStep } from '../../src/train/learner.js';
import { type Session, startSession } from '../../src/train/session.js';
import { Team } from '../../src/train/team.js';
import { trainEpoch } from '../../src/train/trainEpoch.js';
import { ranksInMemory } from './ranks/ranksInMemory.js';
import { TINY, tinyData } from './runs.js';

/** All that a learner holds but the status, which counts the step that was left out, and the host's count of batches. */
async function contentOf({ params, state, optimizer: { status, lossScale, ...moments } }: Learner) {
  const all = await Promise.all([params, state, moments].map(downloadState));
  return all.map((tree) => [...tree].filter(([name]) => !name.endsWith('num_batches_tracked')));
}

describe.each(BACKENDS)('$name', ({ open }) => {
  test.each<[string, Partial<TrainConfig>, boolean]>([
    ['op by op', {}, false],
    ['replayed', {}, true],
    ['with an average, batches in parts and a loss scale', { ema: 0.9, accumulate: 2, precision: 'mixed' }, true],
  ])(
    'a step with a pixel or a rate that is not finite changes nothing that a run keeps: %s',
    async (_, options, replayed) => {
      const device = await open();
      const config = { ...TINY, ...options };
      if (config.precision === 'mixed' && !device.capabilities.float16) return;
      const data = await tinyData();
      const batches = new TrainingBatches(data, config);
      let learner = initLearner(device, config, data.dataset.schema.joints.length);
      const step = replayed ? capturedTrainStep(device, config) : undefined;
      const run = async (spoiled: 'pixel' | 'label' | 'rate' | undefined, index: number) => {
        const batch = await batches.at(0, index);
        // The brightness of one picture's colours.
        if (spoiled === 'pixel') batch.colour[5] = Number.NaN;
        if (spoiled === 'label') batch.target[3] = Number.POSITIVE_INFINITY;
        const lr = spoiled === 'rate' ? Number.NaN : 1e-3;
        const call = [learner, batch, lr, index] as const;
        const { loss, learner: next } = await (step ? step(...call) : trainStep(device, config, ...call));
        loss.dispose();
        learner = next;
      };
      const skipped = async () => (await readStatus(learner.optimizer)).skipped;
      // The first calls are recorded, the later ones replayed.
      for (const index of [0, 1, 2]) await run(undefined, index);
      const kinds = ['pixel', 'label', ...(replayed ? (['rate'] as const) : [])] as const;
      for (const spoiled of kinds) {
        const [before, count] = [await contentOf(learner), await skipped()];
        await run(spoiled, 3);
        expect({ spoiled, content: await contentOf(learner) }).toEqual({ spoiled, content: before });
        expect(await skipped()).toBe(count + 1);
      }
      const before = await contentOf(learner);
      // A loss scale that is too large yet leaves out steps, too.
      for (let count = await skipped(), next = -1; count !== next; ) {
        next = count;
        await run(undefined, 4);
        count = await skipped();
      }
      expect(await contentOf(learner)).not.toEqual(before);
    },
  );
});

test.each([1, 2])(
  'files count the batches that were learned from, also after a run goes on: %d ranks',
  async (size) => {
    const config = { ...TINY, accumulate: 2, epochs: 1 };
    const data = await tinyData();
    /** One session for each rank, of which the last meets a spoiled picture. */
    const start = () =>
      ranksInMemory(size).map((ranks, rank) => {
        const batches = new TrainingBatches(data, { ...config, share: { rank, size } });
        const spoiled = {
          length: batches.length,
          async at(epoch: number, index: number) {
            const batch = await batches.at(epoch, index);
            if (index === 1 && rank === size - 1) batch.colour[5] = Number.NaN;
            return batch;
          },
        };
        return startSession(cpu(), config, data, { batches: spoiled, team: new Team(ranks) });
      });
    const counts = async ([first]: Session[]) => {
      const { model } = await checkpointOf(first);
      return new Set([...model].flatMap(([name, { data }]) => (name.endsWith('_tracked') ? [Number(data[0])] : [])));
    };
    const train = (sessions: Session[], steps: number) =>
      Promise.all(
        sessions.map((session) => {
          const stop = new AbortController();
          const onSteps = () => session.progress.batch >= steps && stop.abort();
          return trainEpoch(session, onSteps, () => undefined, stop.signal);
        }),
      );
    const whole = start();
    const [{ batches, progress }] = whole;
    await train(whole, batches.length);
    // Each rank takes its share of the two parts of a step.
    const learned = new Set([(2 / size) * (progress.step - 1)]);
    expect(await counts(whole)).toEqual(learned);
    const first = start();
    await train(first, 4);
    const checkpoint = await checkpointOf(first[0]);
    const second = start();
    for (const session of second) resumeSession(session, savedRunOf(checkpoint, 'run'));
    expect(await counts(second)).toEqual(await counts(first));
    await train(second, batches.length);
    expect(second[0].progress.step).toBe(progress.step);
    expect(await counts(second)).toEqual(learned);
  },
);
