import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cpu } from 'wgrad';
import { scoreTable } from '../../src/cli/scoreTable.js';
import { renderReport } from '../../src/node/report/renderReport.js';
import { loadRun } from '../../src/node/train/runFile.js';
import { trainRun } from '../../src/node/train/trainRun.js';
import { fitBaselines } from '../../src/train/baselines.js';
import { bestEpochOf } from '../../src/train/bestEpoch.js';
import { resumeSession } from '../../src/train/checkpointing.js';
import { evaluate } from '../../src/train/evaluate.js';
import type { LoadedData } from '../../src/train/samples.js';
import { type EpochSummary, type Session, startSession } from '../../src/train/session.js';
import { trainReport } from '../../src/train/trainReport.js';
import { TINY, tinyData, unseen, withFolder } from './runs.js';

const epochs = (...scores: [pck20: number, validLoss: number][]) =>
  scores.map(([pck20, validLoss]) => ({ pck20, validLoss })) as EpochSummary[];

describe('bestEpochOf', () => {
  test('goes by PCK where there is any, and a tie is no better', () => {
    expect(bestEpochOf(epochs([0.2, 9], [0.3, 9.5]))).toBe(2);
    expect(bestEpochOf(epochs([0.3, 9], [0.3, 8], [0.1, 1]))).toBe(1);
    expect(bestEpochOf(epochs([0, 1]))).toBe(1);
    expect(bestEpochOf([])).toBeUndefined();
  });

  test.each<[string, number[], number | undefined]>([
    ['the first', [3], 1],
    ['a lower one', [3, 2], 2],
    ['a higher one', [2, 3], 1],
    ['as low a one', [2, 2], 1],
    ['the lowest of several', [-1, 2, -3], 3],
    ['a loss that is no number', [2, Number.NaN], 1],
    ['one after a loss that is no number', [Number.NaN, 2], 2],
    ['no number at all', [Number.NaN], undefined],
  ])('goes by the held-out loss where there is no PCK: %s', (_, losses, best) => {
    expect(bestEpochOf(epochs(...losses.map((loss): [number, number] => [Number.NaN, loss])))).toBe(best);
  });

  test('goes by MPJPE in space, which is better the lower it is', () => {
    const history = [
      { ...epochs([0.5, 1])[0], mpjpe: 80 },
      { ...epochs([0.1, 2])[0], mpjpe: 50 },
    ];
    expect(bestEpochOf(history)).toBe(2);
    expect(bestEpochOf([...history].reverse())).toBe(1);
  });

  test('never prefers an epoch without PCK to one that has it', () => {
    expect(bestEpochOf(epochs([0.1, 5], [Number.NaN, 1]))).toBe(1);
  });
});

/** No torso in any held-out image: its left shoulder has no label. */
async function withoutTorso(): Promise<LoadedData> {
  const data = await tinyData();
  const shoulder = data.dataset.schema.joints.indexOf('left_shoulder');
  const test = data.test.map((sample) => ({
    ...sample,
    weights: sample.weights.map((w, k) => (k === shoulder ? 0 : w)),
  }));
  return { ...data, test };
}

test('a run without PCK keeps a best checkpoint, says so once, goes on after a stop and has a report', async () => {
  const data = await withoutTorso();
  // A rate at which the loss of held-out images rises again.
  const config = { ...TINY, loss: 'laplace', schedule: 'steps', epochs: 4, lr: 0.02 } as const;
  const warnings: string[] = [];
  const seen: EpochSummary[] = [];
  const observer = {
    ...unseen,
    onWarning: (text: string) => warnings.push(text),
    onEpoch: (summary: EpochSummary) => seen.push(summary),
  };
  await withFolder(async (folder) => {
    const run = (session: Session) => trainRun(session, folder, observer, new AbortController().signal);
    await run(startSession(cpu(), { ...config, epochs: 2 }, data));
    expect(existsSync(folder.best)).toBe(true);
    const saved = await loadRun(folder.last);
    expect(saved.progress.history.map(({ pck20 }) => pck20)).toEqual([Number.NaN, Number.NaN]);
    const session = startSession(cpu(), config, data);
    resumeSession(session, saved);
    await run(session);
    const losses = seen.map(({ validLoss }) => validLoss);
    const lowest = losses.indexOf(Math.min(...losses));
    expect((await loadRun(folder.best)).progress.epoch).toBe(lowest + 1);
    const warning =
      'no held-out image has both left_shoulder and right_hip, which PCK@0.2 is measured by: the best checkpoint is ' +
      'that of the lowest held-out loss';
    // Once in each process.
    expect(warnings).toEqual([warning, warning]);
    const report = await trainReport(session, await evaluate(session), await fitBaselines(data), 1);
    expect(await renderReport(report)).toContain('Held-out accuracy');
    expect(scoreTable(report)).toMatch(/\nnetwork +- +- +- +\d/);
  });
});
