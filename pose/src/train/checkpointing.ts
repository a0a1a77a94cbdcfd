import { DataError, type Device } from 'wgrad';
import {
  type Checkpoint,
  checkState,
  downloadState,
  type Json,
  type StateDict,
  stateShapes,
  uploadState,
} from 'wgrad/io';
import { type AdamState, readStatus } from 'wgrad/nn';
import { type BrokenPicture, mergeBroken } from '../brokenPictures.js';
import { PADDING } from '../crop.js';
import type { PoseDataset } from '../dataset.js';
import type { JointSchema } from '../schema.js';
import { schemaOfValue } from '../schemas/schemaFile.js';
import { bestEpochOf, meritOf } from './bestEpoch.js';
import type { TrainConfig } from './config.js';
import { checkCounts, type DataFacts, factsOf, savedFacts } from './dataFacts.js';
import { evaluatedParams, type Learner } from './learner.js';
import { savedConfig } from './makeConfig.js';
import type { ModelParams } from './model.js';
import { partsOf } from './ranks.js';
import type { EpochSummary, RunProgress, Session } from './session.js';

/**
 * The state of a run, from which `resumeSession` continues with the same bits. The checkpoint's model is the one that
 * is evaluated: if the run keeps an average of the weights, it is the average, and the weights are stored with the
 * optimiser's memory.
 */
export async function checkpointOf({ device, config, data, learner, progress, share }: Session): Promise<Checkpoint> {
  // How the crops were cut, for those who predict with the checkpoint.
  const [{ padding = PADDING }] = data.test;
  const { epoch, step, history, broken, ...counters } = progress;
  const best = bestEpochOf(history);
  const merit = best === undefined ? Number.NaN : meritOf(history[best - 1]);
  const uncounted = (await readStatus(learner.optimizer)).skipped * partsOf(config, share).parts;
  const [weights, statistics, moments] = await Promise.all(
    [evaluatedParams(learner), learner.state, memoryOf(learner)].map(downloadState),
  );
  return {
    model: new Map([...weights, ...recounted(statistics, -uncounted)]),
    optimizer: moments,
    // Plain records of numbers and strings, although their interfaces do not say so.
    config: {
      ...{ config, history, padding, schema: data.dataset.schema, data: factsOf(data.dataset) },
      ...(broken.length > 0 && { broken }),
      device: { kind: device.kind, description: device.description },
    } as unknown as Json,
    progress: { epoch, step, ...(!Number.isNaN(merit) && { best: merit }), counters: { ...counters, uncounted } },
  };
}

/** What a run is trained on. */
export type RunDevice = Pick<Device, 'kind' | 'description'>;

/**
 * Batch norms count their batches on the host, which does not wait to learn whether a step is left out. A file counts those that
 * were not, as everything else in it does; `uncounted` is the difference.
 */
function recounted(state: StateDict, by: number): StateDict {
  const moved = [...state].map(([name, tensor]) => {
    const isCount = name.endsWith('.num_batches_tracked');
    return [
      name,
      isCount ? { ...tensor, data: BigInt64Array.of(BigInt(Number(tensor.data[0]) + by)) } : tensor,
    ] as const;
  });
  return new Map(moved);
}

/** A run that was saved. */
export interface SavedRun {
  /** Names the file in messages. */
  readonly path: string;
  readonly config: TrainConfig;
  /** Absent in runs of versions that did not store it. */
  readonly schema?: JointSchema | undefined;
  /** What it was trained on so far; absent in runs of versions that did not store it. */
  readonly device?: RunDevice | undefined;
  /** Absent in runs of versions that did not store it. */
  readonly data?: DataFacts | undefined;
  readonly progress: RunProgress;
  readonly checkpoint: Checkpoint;
}

/**
 * The run in a checkpoint of `checkpointOf`.
 * @throws DataError where it is not from a training run of this version
 */
export function savedRunOf(checkpoint: Checkpoint, path: string): SavedRun {
  const { history, schema, device, broken, data, ...saved } = (checkpoint.config ?? {}) as {
    config?: unknown;
    history?: unknown;
    schema?: unknown;
    device?: unknown;
    broken?: unknown;
    data?: unknown;
  };
  const config = savedConfig(saved.config);
  const { epoch, step, counters } = checkpoint.progress;
  const { batch, lossSum, lossCount, seconds } = counters;
  const counts = [epoch, step, batch, lossCount];
  const isWhole =
    counts.every((count) => Number.isSafeInteger(count) && count >= 0) && [lossSum, seconds].every(Number.isFinite);
  const epochs = historyOf(history);
  const leftOut = brokenOf(broken);
  const facts = savedFacts(data);
  if (!config || !isWhole || !leftOut || epochs?.length !== epoch || (data !== undefined && !facts)) {
    throw new DataError(`${path}: a checkpoint, but not of this version's training; start from it with --init`);
  }
  return {
    path,
    config,
    schema: schema === undefined ? undefined : schemaOfValue(schema, path),
    device: deviceOf(device),
    data: facts,
    checkpoint,
    progress: { epoch, batch, lossSum, lossCount, seconds, step, broken: leftOut, history: epochs },
  };
}

/** The pictures that are left out; undefined where they are not such. */
function brokenOf(value: unknown = []): BrokenPicture[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const isWhole = value.every((one: unknown) => {
    const { part, index, picture, why } = Object(one) as Partial<Record<string, unknown>>;
    const isPlace = (part === 'train' || part === 'test') && Number.isSafeInteger(index) && Number(index) >= 0;
    return isPlace && [picture, why].every((text) => typeof text === 'string');
  });
  return isWhole ? value : undefined;
}

/** Undefined where it is no device, which only tells what to say about it. */
function deviceOf(value: unknown): RunDevice | undefined {
  const { kind, description } = Object(value) as Partial<Record<string, unknown>>;
  const isKnown = (kind === 'cpu' || kind === 'webgpu') && typeof description === 'string';
  return isKnown ? { kind, description } : undefined;
}

/** The epochs as they were summed up; undefined where they are not such. JSON has null for what was no number. */
function historyOf(value: unknown): EpochSummary[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const isNumber = (one: unknown) => Number.isFinite(one);
  const isNumberOrNone = (one: unknown) => one === undefined || one === null || isNumber(one);
  const isWhole = value.every((one: Record<string, unknown> | null, i) => {
    if (typeof one !== 'object' || one === null || one.epoch !== i + 1) return false;
    const { imagesPerSecond, skipped, pck20, validLoss, trainLoss, pckh50, mpjpe, paMpjpe } = one;
    return (
      isNumber(imagesPerSecond) && [skipped, pck20, validLoss, trainLoss, pckh50, mpjpe, paMpjpe].every(isNumberOrNone)
    );
  });
  if (!isWhole) return undefined;
  return value.map((one) => ({
    ...one,
    skipped: one.skipped ?? 0,
    trainLoss: one.trainLoss ?? Number.NaN,
    validLoss: one.validLoss ?? Number.NaN,
    pck20: one.pck20 ?? Number.NaN,
  }));
}

/** @throws DataError where a data set has more or fewer samples than a run had */
export function checkSamples({ path, data }: SavedRun, dataset: PoseDataset): void {
  checkCounts(path, data, dataset, `start a new run from its weights with --init ${path}`);
}

/**
 * Gives a new session of the same configuration the state of a saved run.
 * @throws DataError if the saved tensors are of another model, or if the data have more or fewer samples than they had
 */
export function resumeSession(session: Session, saved: SavedRun): void {
  checkSamples(saved, session.data.dataset);
  const { path, checkpoint, progress } = saved;
  const { state, optimizer } = session.learner;
  const [judged, memory] = [evaluatedParams(session.learner), memoryOf(session.learner)];
  checkState(checkpoint.model, new Map([...stateShapes(judged), ...stateShapes(state)]), path);
  checkState(checkpoint.optimizer, stateShapes(memory), `${path} (optimizer)`);
  const model = uploadState(judged, checkpoint.model);
  const { weights = model, ...moments } = uploadState(memory, checkpoint.optimizer);
  session.learner = {
    params: weights,
    state: uploadState(state, recounted(checkpoint.model, checkpoint.progress.counters.uncounted ?? 0)),
    optimizer: optimizer.ema ? { ...moments, ema: model } : moments,
  };
  Object.assign(session.progress, progress, { broken: mergeBroken(progress.broken, session.progress.broken) });
}

interface Memory extends Omit<AdamState<ModelParams>, 'ema'> {
  readonly weights?: ModelParams;
}

/** What a run needs to continue besides the evaluated model: moments, and the weights if the model is their average. */
function memoryOf({ params, optimizer: { ema, ...moments } }: Learner): Memory {
  return ema ? { ...moments, weights: params } : moments;
}
