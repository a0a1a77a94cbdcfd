import { DataError } from 'wgrad';
import { RECIPES, type Recipe, STRENGTHS } from '../augmentation/recipes.js';
import { BACKBONES, type BackboneName } from '../backbones/backbone.js';
import { AS_THE_DATA_SAY, type JointOptions } from '../schemas/askedJoints.js';
import { DIMS, type Dims } from '../targets.js';
import { checkSource, type DataSource, GENERATED, SOURCE_OPTIONS } from './dataSource.js';
import { JOINT_WEIGHTS, type LossWeights } from './jointWeights.js';
import { checkSchedule, type LearningRate, SCHEDULES } from './learningRate.js';
import { ascending, eitherOf, integer, number, oneOf, type Setting, weights } from './settings.js';

/** The losses of training: from a fixed scale of the errors to a learned density, and two losses of heatmaps. */
export const LOSS_NAMES = ['l2', 'l1', 'gaussian', 'laplace', 'dle', 'rle', 'heatmap', 'dsnt'] as const;
export type LossName = (typeof LOSS_NAMES)[number];

/** Where coordinates come from: a linear layer, the means of heatmaps, or their peaks. */
export const HEADS = ['direct', 'integral', 'heatmap'] as const;
export type HeadName = (typeof HEADS)[number];

/** The density Q that RLE's flow corrects; Student's t has 4 degrees of freedom. */
export const Q_NAMES = ['laplace', 'gaussian', 'logistic', 'studentT'] as const;
export type QName = (typeof Q_NAMES)[number];

/** Whether RLE includes log s, which makes Q times the flow's density a density, and how its integral is estimated. */
export const LOG_S = ['none', 'importance', 'jitteredGrid'] as const;
export type LogSName = (typeof LOG_S)[number];

/** The precision of a step: float32, or float16 for large tensors with float32 where accuracy matters. */
export const PRECISIONS = ['float32', 'mixed'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** Side of a ResNet's first kernel, at stride 2 and before max pooling: 7x7 as published, 3x3 for small images. */
export const STEMS = ['3x3', '7x7'] as const;
export type StemName = (typeof STEMS)[number];

/** Everything that decides what a training run computes; equal configurations on one adapter give equal bits. */
export interface TrainConfig extends LearningRate, LossWeights, JointOptions, DataSource {
  readonly loss: LossName;
  readonly model: BackboneName;
  readonly head: HeadName;
  /** D, coordinates of a joint: 3 with its depth behind the root. */
  readonly dims: Dims;
  /** `q` and `logS` apply only to RLE. */
  readonly q: QName;
  readonly logS: LogSName;
  readonly batch: number;
  /**
   * Parts into which a batch is divided; they go through the network one after the other, which needs the memory of one
   * part.
   */
  readonly accumulate: number;
  /** Channels of the first stage of a ResNet, 64 as published; other networks ignore it. */
  readonly width: number;
  /** A ResNet's first layer. */
  readonly stem: StemName;
  /** File of weights to start from; null = random weights. */
  readonly init: string | null;
  /**
   * Height of the network's input in pixels, and its width divided by that; 256 and 0.75 in the public codes for COCO.
   */
  readonly size: number;
  readonly aspect: number;
  /** `mixed` keeps activations and filters in float16, and the weights that Adam updates in float32. */
  readonly precision: Precision;
  /** Share of the weights' running average that a step keeps; the average is then what is evaluated. 0 = no average. */
  readonly ema: number;
  /** Largest global norm of a step's gradients; larger gradients are scaled down to it. 0 = no clipping. */
  readonly clip: number;
  /** How training varies its images (see `recipeOptions`). */
  readonly augment: Recipe;
  /** Augmentation: some images are turned by up to so many degrees, sides vary by up to this share. */
  readonly rotation: number;
  readonly scaling: number;
  /** Augmentation: the brightness of each colour varies by up to this share. */
  readonly colour: number;
  readonly seed: number;
  /** Number of generated pictures to train on; a data set from a folder ignores it. */
  readonly figures: number;
}

/** The options of a run as they are typed; absent = the preset's choice. */
export type TrainFlags = { readonly [K in keyof TrainConfig]?: string };

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
  const option = q !== LSP.q ? `--q ${q}` : logS !== 'none' ? `--log-s ${logS}` : undefined;
  if (option && loss !== 'rle') throw new DataError(`${option}: belongs to --loss rle, got ${loss}; leave it out`);
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
    if (!isAllowed(key, saved[key])) return undefined;
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

/** Whether a value is one that an option's text gives, or that of a preset. */
function isAllowed(key: keyof TrainConfig, value: unknown): boolean {
  if (value === LSP[key]) return true;
  if (value === undefined || (typeof value === 'object' && !isList(value))) return false;
  const [parse] = OPTIONS[key];
  return JSON.stringify(parse(String(value))) === JSON.stringify(value);
}

const isList = (value: unknown): boolean => Array.isArray(value) && value.every(Number.isFinite);

/** A setting as it is typed: `170,200`. */
export function settingText(value: TrainConfig[keyof TrainConfig] | undefined): string {
  return value === null ? 'none' : String(value);
}

/**
 * What each option takes: a parser, which gives undefined for a text that is not allowed, and a description of what is.
 */
const OPTIONS: { readonly [K in keyof TrainConfig]: Setting<TrainConfig[K]> } = {
  ...SOURCE_OPTIONS,
  joints: [(text) => text || undefined, 'a schema or a file of one'],
  sigmas: [(text) => text || undefined, 'a number, or a file'],
  loss: oneOf(LOSS_NAMES),
  model: oneOf(BACKBONES),
  head: oneOf(HEADS),
  dims: [(text) => DIMS.find((dims) => String(dims) === text), DIMS.join(' or ')],
  q: oneOf(Q_NAMES),
  logS: oneOf(LOG_S),
  epochs: integer(1, 100_000),
  batch: integer(2, 4096),
  accumulate: integer(1, 2048),
  width: integer(4, 512),
  stem: oneOf(STEMS),
  init: [(text) => text || undefined, 'a file'],
  size: integer(16, 1024),
  aspect: number(0.1, 10),
  precision: oneOf(PRECISIONS),
  lr: number(1e-9, 10),
  ema: number(0, 0.999999),
  augment: oneOf(RECIPES),
  rotation: number(0, 180),
  scaling: number(0, 0.9),
  colour: number(0, 1),
  schedule: oneOf(SCHEDULES),
  milestones: ascending(1, 100_000),
  warmup: integer(0, 10_000_000),
  clip: number(0, 1e9),
  jointWeights: eitherOf(oneOf(JOINT_WEIGHTS), weights()),
  seed: integer(0, Number.MAX_SAFE_INTEGER),
  figures: integer(10, 1_000_000),
};

/** The options that were given. @throws DataError naming one that does not take what was typed */
export function parseFlags(flags: TrainFlags): Partial<TrainConfig> {
  const parsed: Record<string, TrainConfig[keyof TrainConfig]> = {};
  for (const [key, text] of Object.entries(flags)) {
    if (text === undefined) continue;
    const [parse, expected] = OPTIONS[key as keyof TrainConfig];
    const value = parse(text);
    if (value === undefined) throw new DataError(`${flagOf(key)} ${text}: expected ${expected}`);
    parsed[key] = value;
  }
  return parsed;
}

/** The option of a field as it is typed: `--log-s`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
