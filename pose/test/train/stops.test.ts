import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cpu, DataError } from 'wgrad';
import { downloadState } from 'wgrad/io';
import { loadRun } from '../../src/node/train/runFile.js';
import { ThreadPool } from '../../src/node/train/threadPool.js';
import { trainRun } from '../../src/node/train/trainRun.js';
import { TrainingBatches } from '../../src/train/batches.js';
import { resumeSession } from '../../src/train/checkpointing.js';
import type { CropBatch } from '../../src/train/cropBatch.js';
import { type Session, startSession } from '../../src/train/session.js';
import { TINY, tinyData, unseen, withFolder } from './runs.js';

const device = cpu();
const never = new AbortController().signal;

/** A run whose batch 2 of epoch 1 comes as `at` says. */
async function sessionWith(at?: () => Promise<CropBatch>): Promise<Session> {
  const data = await tinyData();
  const batches = new TrainingBatches(data, TINY);
  const source = {
    length: batches.length,
    at: (epoch: number, index: number) => (at && epoch === 1 && index === 2 ? at() : batches.at(epoch, index)),
  };
  return startSession(device, TINY, data, { batches: source });
}

const contentOf = ({ learner }: Session) =>
  Promise.all([learner.params, learner.state, learner.optimizer].map(downloadState));

/** What a run comes to that goes on from a file. */
async function finished(file: string) {
  const saved = await loadRun(file);
  const session = await sessionWith();
  resumeSession(session, saved);
  await withFolder(async (folder) => {
    expect(await trainRun(session, folder, unseen, never)).toBe(true);
  });
  return contentOf(session);
}

describe('a run that stops is saved where it stands, and goes on to the same end', () => {
  const uninterrupted = async () => {
    const session = await sessionWith();
    await withFolder(async (folder) => {
      await trainRun(session, folder, unseen, never);
    });
    return contentOf(session);
  };

  test('by a signal while a batch does not come', async () => {
    const stop = new AbortController();
    const session = await sessionWith(() => {
      setTimeout(() => stop.abort(), 10);
      return new Promise(() => {});
    });
    await withFolder(async (folder) => {
      expect(await trainRun(session, folder, unseen, stop.signal)).toBe(false);
      expect((await loadRun(folder.last)).progress).toMatchObject({ epoch: 1, batch: 2, step: 7 });
      expect(await finished(folder.last)).toEqual(await uninterrupted());
    });
  });

  test('by a signal during the validation', async () => {
    const stop = new AbortController();
    const session = await sessionWith();
    let steps = 0;
    const onSteps = () => {
      if (++steps === 4) setImmediate(() => stop.abort()); // the fourth report ends the second epoch
    };
    await withFolder(async (folder) => {
      expect(await trainRun(session, folder, { ...unseen, onSteps }, stop.signal)).toBe(false);
      expect((await loadRun(folder.last)).progress).toMatchObject({ epoch: 1, batch: 5, step: 10 });
      expect(await finished(folder.last)).toEqual(await uninterrupted());
    });
  });

  test('by a picture that vanishes, also where the folder of the run was deleted', async () => {
    const session = await sessionWith(() => Promise.reject(new DataError('a.jpg: cannot be read as an image')));
    await withFolder(async (folder) => {
      const onEpoch = () => rmSync(folder.path, { recursive: true });
      const run = trainRun(session, folder, { ...unseen, onEpoch }, never);
      await expect(run).rejects.toThrow(
        `a.jpg: cannot be read as an image; the run is saved, go on with --resume ${folder.last}`,
      );
      await expect(run).rejects.toBeInstanceOf(DataError);
      expect((await loadRun(folder.last)).progress).toMatchObject({ epoch: 1, batch: 2, step: 7 });
      expect(await finished(folder.last)).toEqual(await uninterrupted());
    });
  });

  test('by an error that is not the data’s, which is thrown as it is', async () => {
    const session = await sessionWith(() => Promise.reject(new TypeError('a bug')));
    await withFolder(async (folder) => {
      await expect(trainRun(session, folder, unseen, never)).rejects.toThrow(new TypeError('a bug'));
      expect((await loadRun(folder.last)).progress).toMatchObject({ epoch: 1, batch: 2 });
    });
  });
});

test('a thread that dies says so in one line, for every task that it had', async () => {
  const pool = new ThreadPool(new URL('./dyingWorker', import.meta.url), 1);
  const [first, second] = await Promise.allSettled([pool.run('exit'), pool.run('any')]);
  for (const outcome of [first, second]) {
    const { reason } = outcome as PromiseRejectedResult;
    expect(reason).toBeInstanceOf(DataError);
    expect(reason.message).toBe(
      'a data worker ended with code 7; take fewer --workers if memory is short, or none (0) to see where it fails',
    );
  }
  const throwing = new ThreadPool(new URL('./dyingWorker', import.meta.url), 1);
  await expect(throwing.run('throw')).rejects.toThrow(/^a data worker failed: out of luck; take fewer --workers/);
  await Promise.all([pool.close(), throwing.close()]);
});
