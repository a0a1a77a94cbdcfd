import { dirname, resolve } from 'node:path';
import { DataError } from '../errors.js';
import { writeFileAtomic } from '../io/atomicFile.js';
import type { PoseDataset } from '../pose/dataset.js';
import { renderReport } from '../pose/report/renderReport.js';
import { fitBaselines } from '../pose/train/baselines.js';
import { initFrom, loadRun, resumeSession, type SavedRun } from '../pose/train/checkpointing.js';
import { makeConfig, networkText, resumeConfig } from '../pose/train/config.js';
import { openDataset } from '../pose/train/dataset.js';
import { DataWorkers } from '../pose/train/dataWorkers.js';
import { duration } from '../pose/train/duration.js';
import { evaluate } from '../pose/train/evaluate.js';
import {
  freeRunFolder,
  lastCheckpoint,
  log,
  openRunFolder,
  type RunFolder,
  runFolder,
} from '../pose/train/runFolder.js';
import { type LoadedData, loadData } from '../pose/train/samples.js';
import { type Session, startSession } from '../pose/train/session.js';
import { trainReport } from '../pose/train/trainReport.js';
import { trainRun } from '../pose/train/trainRun.js';
import { INTERRUPTED, untilInterrupt } from './interrupt.js';
import { loadingDisplay } from './loadingDisplay.js';
import { openBackend } from './openBackend.js';
import { scoreTable } from './scoreTable.js';
import type { StartFlags } from './start.js';
import { TrainingDisplay } from './trainingDisplay.js';

/** Threads beyond any machine's use. */
const MOST_WORKERS = 64;

/** Runs `wgrad start` from its flags to the report; sets the exit code where Ctrl-C ends it. */
export async function trainCommand({
  backend,
  init,
  resume,
  out,
  workers: threads,
  eager,
  ...flags
}: StartFlags): Promise<void> {
  const began = performance.now();
  if (init !== undefined && resume !== undefined) {
    throw new DataError('--init and --resume: a resumed run has its weights already; give one of the two');
  }
  const saved = resume === undefined ? undefined : await loadRun(resume === true ? await lastCheckpoint(out) : resume);
  const workers = openWorkers(threads);
  const device = await openBackend(backend);
  const interrupt = untilInterrupt(() => say('stopping after this step; Ctrl-C again exits at once'));
  try {
    say(`device: ${device.description}`);
    const config = saved ? resumeConfig(saved.config, flags, saved.path) : makeConfig(flags, device.kind);
    const dataset = await openDataset(config);
    const folder = await folderFor(`${dataset.name}-${config.loss}`, saved, out);
    const data = await load(dataset, interrupt.signal, workers);
    const session = startSession(device, config, data, { batches: workers?.batches(data, config), eager });
    if (saved) resumeSession(session, saved);
    if (init !== undefined) session.learner = await initFrom(session.learner, init);
    await openRunFolder(folder, { event: saved ? 'resume' : 'start', device: device.description, config });
    await train(session, folder, began, interrupt.signal);
  } catch (error) {
    if (!interrupt.signal.aborted || error !== interrupt.signal.reason) throw error;
    say('stopped before the first step; there was nothing to save');
    process.exitCode = INTERRUPTED;
  } finally {
    interrupt.release();
    await workers?.close();
    device.destroy();
  }
}

function openWorkers(text: string | undefined): DataWorkers | undefined {
  if (text === undefined) return new DataWorkers();
  if (!/^\d+$/.test(text) || Number(text) > MOST_WORKERS) {
    throw new DataError(`--workers ${text}: expected an integer from 0 to ${MOST_WORKERS}`);
  }
  return text === '0' ? undefined : new DataWorkers(Number(text));
}

/** A resumed run goes on in its own folder, unless another is asked for. */
async function folderFor(name: string, saved: SavedRun | undefined, out: string | undefined): Promise<RunFolder> {
  if (!saved) return freeRunFolder(name, out);
  const own = dirname(saved.path);
  return out === undefined || resolve(out) === resolve(own) ? runFolder(own) : freeRunFolder(name, out);
}

async function load(dataset: PoseDataset, signal: AbortSignal, workers?: DataWorkers): Promise<LoadedData> {
  const display = loadingDisplay(dataset.name);
  try {
    return await loadData(dataset, { onProgress: display.update, signal, workers });
  } finally {
    display.stop();
  }
}

async function train(session: Session, folder: RunFolder, began: number, signal: AbortSignal): Promise<void> {
  const { config, data, batches, progress } = session;
  say(
    `${data.dataset.name}: ${data.train.length} images, ${data.test.length} held out; ` +
      `${networkText(config)}, loss ${config.loss}`,
  );
  const baselines = await fitBaselines(data);
  const display = new TrainingDisplay(config, batches.length, progress.epoch * batches.length + progress.batch);
  const finished = await trainRun(session, folder, display, signal).finally(() => display.stop());
  if (!finished) {
    say(`saved in ${folder.last}; go on with --resume ${folder.last}`);
    process.exitCode = INTERRUPTED;
    return;
  }
  const evaluation = await evaluate(session);
  const seconds = (performance.now() - began) / 1000;
  const report = await trainReport(session, evaluation, baselines, seconds);
  await writeFileAtomic(folder.report, await renderReport(report));
  const { network: scores, baselines: others } = report;
  await log(folder, { event: 'end', seconds, scores: [scores, ...others].map(({ perJoint, ...score }) => score) });
  console.log(scoreTable(report));
  console.log(`${duration(seconds)}; report: ${folder.report}`);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
