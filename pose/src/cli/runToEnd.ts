import { writeFileAtomic } from 'wgrad/io/node';
import { brokenText } from '../brokenPictures.js';
import { renderReport } from '../node/report/renderReport.js';
import { ensureFolder, log, type RunFolder } from '../node/train/runFolder.js';
import { trainRun } from '../node/train/trainRun.js';
import type { RunReport, Score } from '../report/runReport.js';
import type { Baselines } from '../train/baselines.js';
import { validationSamples } from '../train/closeEpoch.js';
import { type Evaluation, evaluate } from '../train/evaluate.js';
import type { Session } from '../train/session.js';
import { trainReport } from '../train/trainReport.js';
import { say } from './say.js';
import { TrainingDisplay } from './trainingDisplay.js';

/** Shows nothing, on ranks that nobody watches. */
const UNSEEN = { onSteps() {}, onEpoch() {}, onWarning() {}, stop() {} };

/** A run that is trained to its end. */
export interface FinishedRun {
  readonly evaluation: Evaluation;
  readonly report: RunReport;
  /** Since `began`. */
  readonly seconds: number;
}

/**
 * Trains a session to its end, scores it and writes its report. If the signal comes first, the run is saved and the
 * result is undefined. Of several ranks, rank 0 shows the progress and writes.
 * @param began `performance.now()` when this process began to work on the run
 */
export async function runToEnd(
  session: Session,
  folder: RunFolder,
  baselines: Baselines,
  began: number,
  signal: AbortSignal,
): Promise<FinishedRun | undefined> {
  const { config, batches, progress, team } = session;
  const stepsBefore = progress.epoch * batches.length + progress.batch;
  const display = team.isFirst ? new TrainingDisplay(config, batches.length, stepsBefore) : UNSEEN;
  if (!(await trainRun(session, folder, display, signal).finally(() => display.stop()))) return undefined;
  say(scoredBy(session));
  const evaluation = await evaluate(session, signal).catch((error) => {
    if (!signal.aborted || error !== signal.reason) throw error; // the last epoch is saved
  });
  if (!evaluation) return undefined;
  const seconds = (performance.now() - began) / 1000;
  const { broken } = progress;
  const report = await team.all(() => trainReport(session, evaluation, baselines, seconds));
  await team.first(async () => {
    await ensureFolder(folder);
    await writeFileAtomic(folder.report, await renderReport(report));
    await log(folder, { event: 'end', seconds, scores: overallScores(report), ...(broken.length > 0 && { broken }) });
  });
  if (broken.length > 0) say(`left out: ${brokenText(broken)}`);
  return { evaluation, report, seconds };
}

/** What the scores of the end are of, and how they differ from those after each epoch. */
function scoredBy({ data: { dataset, test } }: Session): string {
  const after = validationSamples(test).length;
  const mirrored = dataset.mirrorable ? ', each averaged with its mirror image' : '';
  const plain = dataset.mirrorable ? 'without mirror images' : '';
  const before =
    mirrored || after < test.length
      ? `; PCK after each epoch is ${[after < test.length ? `of ${after} of them` : '', plain].filter(Boolean).join(' ')}`
      : '';
  return `the scores of the end are of ${test.length === 1 ? 'the held-out image' : `all ${test.length} held-out images`}${mirrored}${before}`;
}

/** The scores of network and baselines without those of each joint, as the log and `--json` show them. */
export function overallScores({ network, baselines }: RunReport): Omit<Score, 'perJoint'>[] {
  return [network, ...baselines].map(({ perJoint, ...score }) => score);
}
