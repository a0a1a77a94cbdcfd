import { DataError } from '../../errors.js';
import { type Checkpoint, type Json, loadCheckpoint, loadWeights, saveCheckpoint } from '../../io/checkpoint.js';
import { checkState } from '../../io/stateDict.js';
import { isTrainConfig, type TrainConfig } from './config.js';
import { download, shapesOf, upload } from './deviceState.js';
import type { Learner } from './learner.js';
import type { RunProgress, Session } from './session.js';

/** Writes where a run stands, such that `resumeSession` goes on with the same bits. */
export async function saveRun({ config, learner, progress }: Session, path: string): Promise<void> {
  const { params, state, optimizer } = learner;
  const { epoch, step, best, history, ...counters } = progress;
  const [weights, statistics, moments] = await Promise.all([download(params), download(state), download(optimizer)]);
  await saveCheckpoint(path, {
    model: new Map([...weights, ...statistics]),
    optimizer: moments,
    // Plain records of numbers and strings, which their interfaces do not tell.
    config: { config, history } as unknown as Json,
    progress: { epoch, step, best, counters },
  });
}

/** A run on disk. */
export interface SavedRun {
  readonly path: string;
  readonly config: TrainConfig;
  readonly progress: RunProgress;
  readonly checkpoint: Checkpoint;
}

/**
 * Reads a run that `saveRun` wrote.
 * @throws DataError where the file is missing, damaged, or not from a training run of this version
 */
export async function loadRun(path: string): Promise<SavedRun> {
  const checkpoint = await loadCheckpoint(path);
  const { config, history } = (checkpoint.config ?? {}) as { config?: unknown; history?: unknown };
  const { epoch, step, best = Number.NaN, counters } = checkpoint.progress;
  const { batch, lossSum, lossCount, seconds } = counters;
  const isWhole = [best, batch, lossSum, lossCount, seconds].every(Number.isFinite);
  if (!isTrainConfig(config) || !Array.isArray(history) || !isWhole) {
    throw new DataError(`${path}: a checkpoint, but not of this version's training; start from it with --init`);
  }
  return { path, config, checkpoint, progress: { epoch, batch, lossSum, lossCount, seconds, step, best, history } };
}

/**
 * Puts a fresh session of the same configuration where a saved run stands.
 * @throws DataError if the saved tensors are of another model
 */
export function resumeSession(session: Session, { path, checkpoint, progress }: SavedRun): void {
  const { params, state, optimizer } = session.learner;
  checkState(checkpoint.model, new Map([...shapesOf(params), ...shapesOf(state)]), path);
  checkState(checkpoint.optimizer, shapesOf(optimizer), `${path} (optimizer)`);
  session.learner = {
    params: upload(params, checkpoint.model),
    state: upload(state, checkpoint.model),
    optimizer: upload(optimizer, checkpoint.optimizer),
  };
  Object.assign(session.progress, progress);
}

/** What a backbone from elsewhere has besides, or lacks: classifier, heads and flow. */
const NOT_BACKBONE = /^(preact\.)?fc\.|^(fc_coord|fc_sigma|flow)\./;

/**
 * A fresh learner that starts from weights: a checkpoint of wgrad, or a ResNet in torchvision's names. Heads and flow are
 * taken over where they fit.
 * @throws DataError where the file is missing or damaged, or its backbone is of another shape
 */
export async function initFrom(learner: Learner, path: string): Promise<Learner> {
  const loaded = await loadWeights(path);
  const isBare = loaded.has('conv1.weight');
  const found = isBare ? new Map([...loaded].map(([name, tensor]) => [`preact.${name}`, tensor])) : loaded;
  const expected = new Map([...shapesOf(learner.params), ...shapesOf(learner.state)]);
  const weights = new Map(
    [...found].filter(([name, { shape }]) => {
      return !NOT_BACKBONE.test(name) || expected.get(name)?.join() === shape.join();
    }),
  );
  checkState(weights, expected, path, (name) => NOT_BACKBONE.test(name));
  return { ...learner, params: upload(learner.params, weights), state: upload(learner.state, weights) };
}
