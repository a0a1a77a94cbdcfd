import { DataError } from '../errors.js';
import { isRecord } from '../tensor/tree.js';
import { formatSafetensors, parseSafetensors } from './safetensors.js';
import type { StateDict } from './stateDict.js';

/** Anything that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Where a training run stands: together with the tensors, all that is needed to continue it bit by bit. */
export interface Progress {
  /** Epochs and optimiser steps that are done. */
  readonly epoch: number;
  readonly step: number;
  /** Best validation score so far; absent before the first validation. */
  readonly best?: number;
  /** Counters of the sampler, the augmentation and other streams of random numbers, by name. */
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
/** What the names of an optimiser's tensors begin with in a checkpoint's file. */
export const OPTIMIZER = 'optimizer.';

/**
 * A checkpoint as the bytes of one safetensors file: tensors of the model under their names, those of the optimiser under
 * `optimizer.`, config and progress as JSON in the metadata.
 */
export function formatCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const tensors = new Map(checkpoint.model);
  for (const [name, tensor] of checkpoint.optimizer) tensors.set(OPTIMIZER + name, tensor);
  const metadata = {
    // Tools around PyTorch look for this key to learn whose names and layouts these are.
    format: 'pt',
    wgrad: FORMAT_VERSION,
    config: JSON.stringify(checkpoint.config),
    progress: JSON.stringify(checkpoint.progress),
  };
  return formatSafetensors(tensors, metadata, { checksum: true });
}

/**
 * The checkpoint in the bytes of a file that `formatCheckpoint` made.
 * @param path what to call the file in an error
 * @throws DataError where the bytes are damaged or no checkpoint of wgrad
 */
export function parseCheckpoint(bytes: Uint8Array, path = 'checkpoint'): Checkpoint {
  const { tensors, metadata } = parseSafetensors(bytes, path);
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
  if (!isProgress(progress))
    throw new DataError(`${path}: metadata "progress" lacks epoch, step or counters, or has another kind of value`);
  return { model, optimizer, config: parseJson(metadata, 'config', path), progress };
}

function parseJson(metadata: Readonly<Record<string, string>>, key: string, path: string): Json {
  try {
    return JSON.parse(metadata[key]) as Json;
  } catch (cause) {
    throw new DataError(`${path}: metadata "${key}" is not JSON: ${(cause as Error).message}`, { cause });
  }
}

function isProgress(value: unknown): value is Progress {
  const { epoch, step, best = 0, counters } = (value ?? {}) as Partial<Progress>;
  return [epoch, step].every(isCount) && Number.isFinite(best) && isRecord(counters) && areNumbers(counters);
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const areNumbers = (counters: object): boolean => Object.values(counters).every(Number.isFinite);
