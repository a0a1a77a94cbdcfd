import { DataError } from 'wgrad';
import { RECIPES } from '../augmentation/recipes.js';
import { BACKBONES } from '../backbones/backbone.js';
import { DIMS } from '../targets.js';
import { HEADS, LOG_S, LOSS_NAMES, PRECISIONS, Q_NAMES, STEMS, type TrainConfig, type TrainFlags } from './config.js';
import { SOURCE_OPTIONS } from './dataSource.js';
import { JOINT_WEIGHTS } from './jointWeights.js';
import { SCHEDULES } from './learningRate.js';
import { ascending, eitherOf, flagOf, integer, number, oneOf, type Setting, weights } from './settings.js';

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
  figures: eitherOf(integer(10, 1_000_000), oneOf(['stream'] as const)),
};

/** Whether a value is one that an option's text gives. */
export function isSetting(key: keyof TrainConfig, value: unknown): boolean {
  if (value === undefined || (typeof value === 'object' && !isList(value))) return false;
  const [parse] = OPTIONS[key];
  return JSON.stringify(parse(String(value))) === JSON.stringify(value);
}

const isList = (value: unknown): boolean => Array.isArray(value) && value.every(Number.isFinite);

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
