import { parentPort } from 'node:worker_threads';
import { DataError } from 'wgrad';
import { PictureError, readableSamples } from '../../brokenPictures.js';
import type { PoseDataset, PoseSplit, SplitOrigin } from '../../dataset.js';
import { TrainingBatches } from '../../train/batches.js';
import { inputSize } from '../../train/inputSize.js';
import { brokenPicture, loadSample } from '../../train/samples.js';
import type { BatchTask, LoadTask, ToWorker, TrainingOrder, TravellingSample } from './dataTasks.js';
import type { Answer } from './threadPool.js';

/** The module that a data worker runs: decodes samples and makes batches, one task at a time. */

const opened = new Map<string, Promise<PoseDataset>>();
let batches: Promise<TrainingBatches> | undefined;

function open({ module, name, args, part }: SplitOrigin): Promise<PoseSplit> {
  const key = JSON.stringify([module, name, args]);
  const found = opened.get(key) ?? import(module).then((exported) => exported[name](...args) as PoseDataset);
  opened.set(key, found);
  return found.then((dataset) => dataset[part]);
}

async function follow(order: TrainingOrder): Promise<TrainingBatches> {
  const { config, dataset, length, held, origin, broken, skipBroken } = order;
  const { height, width } = inputSize(config);
  const aspect = width / height;
  const split = held || !origin ? undefined : await open(origin);
  const sampleAt = (index: number) => held?.[index] ?? loadSample(dataset.schema, split as PoseSplit, index, aspect);
  const sample = readableSamples(sampleAt, { length, broken, most: skipBroken });
  return new TrainingBatches({ dataset, train: { length, endless: split?.endless, sample } }, config);
}

async function answer(task: LoadTask | BatchTask): Promise<[value: unknown, transfer: ArrayBuffer[]]> {
  if (task.kind === 'batch') {
    const batch = await ((await batches) as TrainingBatches).at(task.epoch, task.index);
    const { broken, ...arrays } = batch;
    // Handed over, not shared: Dawn crashes on shared memory.
    return [batch, Object.values(arrays).map(({ buffer }) => buffer)];
  }
  const split = await open(task.origin);
  const load = async (index: number): Promise<TravellingSample> => {
    const loaded = await loadSample(task.schema, split, index, task.aspect).catch(brokenPicture);
    if (loaded instanceof PictureError) return { picture: loaded.picture, why: loaded.why };
    const { picture, ...sample } = loaded;
    return { ...sample, hasPicture: picture !== undefined };
  };
  return [await Promise.all(task.indices.map(load)), []];
}

parentPort?.on('message', async (sent: ToWorker) => {
  if ('message' in sent) {
    batches = follow(sent.message);
    batches.catch(() => undefined); // the batch that needs it says so
    return;
  }
  try {
    const [value, transfer] = await answer(sent.task);
    parentPort?.postMessage({ value } satisfies Answer, transfer);
  } catch (error) {
    const isDataError = error instanceof DataError;
    const text =
      error instanceof Error ? (isDataError ? error.message : (error.stack ?? error.message)) : String(error);
    parentPort?.postMessage({ error: text, isDataError } satisfies Answer);
  }
});
