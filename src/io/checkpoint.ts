import { DataError } from '../errors.js';
import { writeFileAtomic } from './atomicFile.js';
import { formatSafetensors, parseSafetensors } from './safetensors.js';
import type { StateDict } from './stateDict.js';
import { readBytes, readWeightsFile } from './weightsFile.js';

/** Anything that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Where a training run stands: all that must be known, besides the tensors, to continue it bit-equal. */
export interface Progress {
  /** Epochs and optimiser steps that are done. */
  readonly epoch: number;
  readonly step: number;
  /** Best validation score so far; absent before the first validation. */
  readonly best?: number;
  /** Counters of the sampler, the augmentation and other random streams, by name. */
  readonly counters: Readonly<Record<string, number>>;
}

/** A training run on disk, in PyTorch's names and layouts. */
export interface Checkpoint {
  /** Parameters and running statistics. */
  readonly model: StateDict;
  /** Moments of the optimiser, named after their parameter: `m.conv1.weight`; empty in a file made for inference. */
  readonly optimizer: StateDict;
  /** What the model and the run were built from. */
  readonly config: Json;
  readonly progress: Progress;
}

const FORMAT_VERSION = '1';
/** @internal What the names of an optimiser's tensors begin with. */
export const OPTIMIZER = 'optimizer.';

/**
 * Writes a checkpoint as one safetensors file: tensors of the model under their names, those of the optimiser under
 * `optimizer.`, config and progress as JSON in the metadata.
 * @throws DataError where the file cannot be written; the one that was there before stays
 */
export async function saveCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const tensors = new Map(checkpoint.model);
  for (const [name, tensor] of checkpoint.optimizer) tensors.set(OPTIMIZER + name, tensor);
  const metadata = {
    // Tools around PyTorch look for this key to learn whose names and layouts these are.
    format: 'pt',
    wgrad: FORMAT_VERSION,
    config: JSON.stringify(checkpoint.config),
    progress: JSON.stringify(checkpoint.progress),
  };
  await writeFileAtomic(path, formatSafetensors(tensors, metadata));
}

/**
 * Reads a checkpoint that `saveCheckpoint` wrote.
 * @throws DataError where the file cannot be read, is damaged, or is not a checkpoint of wgrad
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = parseSafetensors(await readBytes(path), path);
  const { wgrad: version } = metadata;
  if (version === undefined) {
    throw new DataError(`${path}: weights only, no state of a run; start from it with --init instead of resuming it`);
  }
  if (version !== FORMAT_VERSION) {
    throw new DataError(
      `${path}: checkpoint format ${version}, expected ${FORMAT_VERSION}; use the wgrad that wrote it`,
    );
  }
  const model: StateDict = new Map();
  const optimizer: StateDict = new Map();
  for (const [name, tensor] of tensors) {
    if (name.startsWith(OPTIMIZER)) optimizer.set(name.slice(OPTIMIZER.length), tensor);
    else model.set(name, tensor);
  }
  const progress = parseJson(metadata, 'progress', path);
  if (!isProgress(progress)) throw new DataError(`${path}: metadata "progress" lacks epoch, step or counters`);
  return { model, optimizer, config: parseJson(metadata, 'config', path), progress };
}

/**
 * Reads the weights of any file, a checkpoint, other safetensors or a file of PyTorch, to start a model from.
 * @throws DataError where the file cannot be read or is damaged
 */
export async function loadWeights(path: string): Promise<StateDict> {
  const { tensors } = await readWeightsFile(path);
  return new Map([...tensors].filter(([name]) => !name.startsWith(OPTIMIZER)));
}

function parseJson(metadata: Readonly<Record<string, string>>, key: string, path: string): Json {
  try {
    return JSON.parse(metadata[key]) as Json;
  } catch (cause) {
    throw new DataError(`${path}: metadata "${key}" is not JSON: ${(cause as Error).message}`, { cause });
  }
}

function isProgress(value: unknown): value is Progress {
  const { epoch, step, counters } = (value ?? {}) as Partial<Progress>;
  return Number.isInteger(epoch) && Number.isInteger(step) && typeof counters === 'object' && counters !== null;
}
