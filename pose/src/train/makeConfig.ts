import { DataError } from 'wgrad';
import { STRENGTHS } from '../augmentation/recipes.js';
import { AS_THE_DATA_SAY } from '../schemas/askedJoints.js';
import type { HeadName, LossName, TrainConfig, TrainFlags } from './config.js';
import { checkSource, GENERATED } from './dataSource.js';
import { checkSchedule } from './learningRate.js';
import { isSetting, parseFlags } from './options.js';
import { flagOf } from './settings.js';

/** The settings with which PyTorch's figures on LSP were measured. */
const LSP: TrainConfig = {
  ...GENERATED,
  ...AS_THE_DATA_SAY,
  loss: 'rle',
  model: 'resnet18',
  head: 'direct',
  dims: 2,
  q: 'laplace',
  logS: 'none',
  epochs: 30,
  batch: 32,
  accumulate: 1,
  width: 32,
  stem: '3x3',
  init: null,
  size: 64,
  aspect: 1,
  precision: 'float32',
  lr: 1e-3,
  ema: 0,
  schedule: 'steps',
  milestones: null,
  warmup: 0,
  clip: 0,
  jointWeights: 'equal',
  augment: 'plain',
  ...STRENGTHS.plain,
  seed: 1,
  figures: 0,
};

/** Weak augmentation: generated pictures vary by themselves, and a short run has no time to learn large turns. */
const MILD = { rotation: 15, scaling: 0.1 };

/** Generated figures: two minutes on two cores without a GPU, less than five on slower ones. */
const FIGURES: TrainConfig = { ...LSP, ...MILD, epochs: 4, width: 16, lr: 2e-3, schedule: 'cosine', figures: 4000 };

/** Generated figures where JavaScript does the arithmetic: a far smaller network for the same time. */
const FIGURES_ON_CPU: TrainConfig = { ...FIGURES, epochs: 3, batch: 16, width: 8, size: 32, figures: 1500 };

/** What options are where they are left out: for a data set, for figures, and for figures without a device. */
export const DEFAULTS = { data: LSP, figures: FIGURES, figuresOnCpu: FIGURES_ON_CPU } as const;

/**
 * Fields that the first runs did not have, with the values that correspond to what those did; their checkpoints lack
 * them.
 */
const LATER: Partial<TrainConfig> = {
  ...GENERATED,
  ...AS_THE_DATA_SAY,
  dims: 2,
  q: 'laplace',
  logS: 'none',
  aspect: 1,
  precision: 'float32',
  stem: '3x3',
  init: null,
  milestones: null,
  warmup: 0,
  clip: 0,
  jointWeights: 'equal',
};

/**
 * The configuration that the options ask for, on top of the preset of this data and backend.
 * @throws DataError naming the option and what it takes
 */
export function makeConfig(flags: TrainFlags, backend: 'webgpu' | 'cpu'): TrainConfig {
  const preset =
    flags.data !== undefined || flags.train !== undefined ? LSP : backend === 'cpu' ? FIGURES_ON_CPU : FIGURES;
  const wanted = parseFlags(flags);
  const head = HEAD_OF[wanted.loss ?? preset.loss] ?? preset.head;
  const schedule = wanted.milestones ? 'steps' : preset.schedule;
  const config = { ...preset, head, schedule, ...(wanted.augment && STRENGTHS[wanted.augment]), ...wanted };
  checkTogether(config);
  checkUsed(wanted, config);
  return config;
}

/** @throws DataError naming options that do not go together, and what to change */
export function checkTogether(config: TrainConfig): void {
  checkLoss(config);
  checkSchedule(config);
  const { batch, accumulate } = config;
  // Batch norm wants two images at least.
  if (batch % accumulate !== 0 || batch / accumulate < 2) {
    throw new DataError(
      `--accumulate ${accumulate}: a batch of ${batch} must fall into so many equal parts of at least 2 images`,
    );
  }
}

/** @throws DataError naming an option that would have no effect */
function checkUsed(wanted: Partial<TrainConfig>, config: TrainConfig): void {
  const { model } = config;
  const unread = (['width', 'stem'] as const).find((key) => wanted[key] !== undefined);
  if (unread && !model.startsWith('resnet')) {
    throw new DataError(`--${unread} ${wanted[unread]}: belongs to a ResNet, got --model ${model}; leave it out`);
  }
  const ofRle = (['q', 'logS'] as const).find((key) => wanted[key] !== undefined);
  if (ofRle) checkOfRle(config.loss, `${flagOf(ofRle)} ${wanted[ofRle]}`);
  checkSource(config, wanted);
}

/** Losses of heatmaps, with the head that reads coordinates from maps trained with them. */
const HEAD_OF: Partial<Record<LossName, HeadName>> = { heatmap: 'heatmap', dsnt: 'integral' };

/** @throws DataError naming options that do not go together, and what to change */
function checkLoss({ loss, head, dims, q, logS }: TrainConfig): void {
  const wanted = HEAD_OF[loss];
  if (wanted && head !== wanted) {
    throw new DataError(`--loss ${loss}: wants --head ${wanted}, got ${head}; it is so where --head is left out`);
  }
  if (head === 'heatmap' && !wanted) {
    throw new DataError(
      `--head heatmap: the peak of a map has no gradient, so it wants --loss heatmap, got ${loss}; ` +
        `for ${loss} on heatmaps take --head integral`,
    );
  }
  if (dims === 3 && head !== 'direct') {
    throw new DataError(
      `--dims 3: heatmaps tell no depth, so it wants --head direct and a loss of coordinates, got --head ${head} and ` +
        `--loss ${loss}`,
    );
  }
  if (q !== LSP.q || logS !== LSP.logS) checkOfRle(loss, q === LSP.q ? `--log-s ${logS}` : `--q ${q}`);
}

/** @throws DataError where the loss does not know an option of RLE's */
function checkOfRle(loss: LossName, option: string): void {
  if (loss !== 'rle') throw new DataError(`${option}: belongs to --loss rle, got ${loss}; leave it out`);
}

/**
 * The configuration in a checkpoint, each field within its option's range; fields that are newer than its run get the
 * values that the run had in effect.
 * @returns undefined if this version cannot run it
 */
export function savedConfig(value: unknown): TrainConfig | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const saved: Record<string, unknown> = { ...LATER, ...value };
  const config: Record<string, unknown> = {};
  for (const key of Object.keys(LSP) as (keyof TrainConfig)[]) {
    if (saved[key] !== LSP[key] && !isSetting(key, saved[key])) return undefined;
    config[key] = saved[key];
  }
  try {
    checkTogether(config as unknown as TrainConfig);
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
  return config as unknown as TrainConfig;
}
