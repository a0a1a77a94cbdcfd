import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { type RunFolder, runFolder } from '../../src/node/train/runFolder.js';
import type { TrainObserver } from '../../src/node/train/trainRun.js';
import type { TrainConfig } from '../../src/train/config.js';
import { makeConfig } from '../../src/train/makeConfig.js';
import { type LoadedData, loadData } from '../../src/train/samples.js';

/** A run that takes a moment even on the reference. */
export const TINY: TrainConfig = {
  ...makeConfig({}, 'cpu'),
  epochs: 2,
  batch: 4,
  width: 4,
  size: 16,
  figures: 21,
};

/** A configuration as a version before some options would have saved it, and what those options were then. */
export function savedBefore(config: TrainConfig) {
  const { q, logS, stem, init, milestones, warmup, clip, jointWeights, ...before } = config;
  const then = {
    q: 'laplace',
    logS: 'none',
    stem: '3x3',
    init: null,
    milestones: null,
    warmup: 0,
    clip: 0,
    jointWeights: 'equal',
  };
  return { before, then };
}

/** Nobody watches. */
export const unseen: TrainObserver = { onSteps() {}, onEpoch() {}, onWarning() {} };

let data: Promise<LoadedData> | undefined;

/** The figures of `TINY`, of which a dozen are held out. */
export function tinyData(): Promise<LoadedData> {
  data ??= openDataset(TINY).then((dataset) => loadData({ ...dataset, test: { ...dataset.test, length: 13 } }));
  return data;
}

/** Runs `fn` with an empty folder that is gone afterwards. */
export async function withFolder(fn: (folder: RunFolder) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), 'wgrad-train-'));
  try {
    await fn(runFolder(path));
  } finally {
    await rm(path, { recursive: true });
  }
}
