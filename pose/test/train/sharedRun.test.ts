import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cpu, DataError } from 'wgrad';
import { downloadState } from 'wgrad/io';
import type { ResnetParams } from 'wgrad/nn';
import { loadRun } from '../../src/node/train/runFile.js';
import type { RunFolder } from '../../src/node/train/runFolder.js';
import { type TrainObserver, trainRun } from '../../src/node/train/trainRun.js';
import { TrainingBatches } from '../../src/train/batches.js';
import { type Session, startSession } from '../../src/train/session.js';
import { Team } from '../../src/train/team.js';
import { DivergedError } from '../../src/train/trainEpoch.js';
import { ranksInMemory } from './ranks/ranksInMemory.js';
import { TINY, tinyData, unseen, withFolder } from './runs.js';

/** A run as two ranks of two images each have it. */
const CONFIG = { ...TINY, batch: 8, accumulate: 2, epochs: 2 };

interface Rank {
  readonly session: Session;
  readonly stop: AbortController;
}

/** Trains with two ranks in this process, in a folder that only rank 0 knows. */
async function trainTogether(
  prepare: (ranks: readonly Rank[]) => TrainObserver | undefined,
  check: (outcomes: PromiseSettledResult<boolean>[], ranks: readonly Rank[], folder: RunFolder) => Promise<void>,
): Promise<void> {
  const data = await tinyData();
  const ranks = ranksInMemory(2).map((own): Rank => {
    const stop = new AbortController();
    return { session: startSession(cpu(), CONFIG, data, { team: new Team(own, stop.signal) }), stop };
  });
  const observer = prepare(ranks) ?? unseen;
  await withFolder(async (folder) => {
    const runs = ranks.map(({ session }) => trainRun(session, folder, observer, session.team.signal));
    await check(await Promise.allSettled(runs), ranks, folder);
  });
}

const contentOf = ({ session: { learner } }: Rank) =>
  Promise.all([learner.params, learner.state, learner.optimizer].map(downloadState));
const reasonsOf = (outcomes: PromiseSettledResult<boolean>[]) =>
  outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason as Error);

describe('a run of two ranks', () => {
  test('has the losses of one process that takes the batch in parts, and the same network on both', async () => {
    const alone = startSession(cpu(), CONFIG, await tinyData());
    await withFolder(async (folder) => void (await trainRun(alone, folder, unseen, new AbortController().signal)));
    await trainTogether(
      () => undefined,
      async (outcomes, ranks, folder) => {
        expect(outcomes.map((outcome) => outcome.status === 'fulfilled' && outcome.value)).toEqual([true, true]);
        expect(await contentOf(ranks[1])).toEqual(await contentOf(ranks[0]));
        for (const { session } of ranks) {
          const losses = session.progress.history.map(({ trainLoss }) => trainLoss);
          for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(alone.progress.history[i].trainLoss, 9);
        }
        const saved = await loadRun(folder.last);
        expect(saved.progress).toMatchObject({ epoch: 2, step: 4 });
        expect(saved.config).toEqual(CONFIG);
      },
    );
  });

  test('stops behind the same step where one of them is asked to, and is saved once', async () => {
    let steps = 0;
    await trainTogether(
      ([, { stop }]) => ({ ...unseen, onSteps: () => ++steps === 1 && stop.abort() }),
      async (outcomes, ranks, folder) => {
        expect(outcomes.map((outcome) => outcome.status === 'fulfilled' && outcome.value)).toEqual([false, false]);
        const [first, second] = ranks.map(({ session }) => session.progress);
        expect([second.epoch, second.batch, second.step]).toEqual([first.epoch, first.batch, first.step]);
        expect((await loadRun(folder.last)).progress).toMatchObject({ epoch: first.epoch, step: first.step });
      },
    );
  });

  test('ends saved where one of them lacks a picture, which all are told', async () => {
    await trainTogether(
      ([, { session }]) => {
        const { batches } = session;
        const at = (epoch: number, index: number) =>
          epoch === 1 ? Promise.reject(new DataError('a.jpg: cannot be read')) : batches.at(epoch, index);
        Object.assign(session, { batches: { length: batches.length, at } });
        expect(batches).toBeInstanceOf(TrainingBatches);
        return undefined;
      },
      async (outcomes, [{ session }], folder) => {
        const said = `a.jpg: cannot be read; the run is saved, go on with --resume ${folder.last}`;
        expect(reasonsOf(outcomes).map(({ message }) => message)).toEqual([`rank 1: ${said}`, `rank 1: ${said}`]);
        expect((await loadRun(folder.last)).progress).toMatchObject({ epoch: 1, batch: 0, step: 2 });
        expect(session.team.isOver).toBe(true);
      },
    );
  });

  test('diverges as one: a rank without a finite loss makes all of them skip, and give up', async () => {
    const warnings: string[] = [];
    await trainTogether(
      ([, { session }]) => {
        const { weight } = (session.learner.params.preact as ResnetParams).layer2[0].conv1!;
        session.device.write(weight, new Float32Array(weight.size).fill(Number.NaN));
        return { ...unseen, onWarning: (text) => void warnings.push(text) };
      },
      async (outcomes, _, folder) => {
        for (const error of reasonsOf(outcomes)) expect(error).toBeInstanceOf(DivergedError);
        // The rank whose numbers are sound leaves its updates out, too.
        const left = [1, 2].map((step) => `step ${step}: the loss is NaN; the update is left out`);
        expect(warnings.sort()).toEqual([left[0], left[0], left[1], left[1]]);
        expect(existsSync(folder.last)).toBe(false);
      },
    );
  });
});
