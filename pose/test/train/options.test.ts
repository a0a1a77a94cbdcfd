import { describe, expect, test } from 'vitest';
import { DataError, Rng } from 'wgrad';
import type { TrainConfig, TrainFlags } from '../../src/train/config.js';
import { makeConfig, savedConfig } from '../../src/train/makeConfig.js';
import { resumeConfig } from '../../src/train/resumeConfig.js';

/** Texts that options take, most of them, in some combination. */
const GOOD: { readonly [K in keyof TrainConfig]: readonly string[] } = {
  data: ['set', 'a,b'],
  train: ['train.json', 'a.json,b.json'],
  test: ['test.json'],
  images: ['pictures'],
  orientation: ['stored', 'upright'],
  maxPixels: ['1', '100000000'],
  skipBroken: ['0', '12'],
  joints: ['lsp14', 'own.json'],
  sigmas: ['0.05', 'sigmas.json'],
  loss: ['l2', 'l1', 'gaussian', 'laplace', 'studentT', 'dle', 'rle', 'rle', 'heatmap', 'dsnt'],
  model: ['resnet18', 'resnet50', 'resnet152', 'mobilenetv2', 'hrnet-w32'],
  head: ['direct', 'integral', 'heatmap'],
  dims: ['2', '3'],
  q: ['laplace', 'gaussian', 'logistic', 'studentT'],
  logS: ['none', 'importance', 'jitteredGrid'],
  epochs: ['1', '30', '100000'],
  batch: ['2', '7', '32', '4096'],
  accumulate: ['1', '2', '16', '2048'],
  width: ['4', '64', '512'],
  stem: ['3x3', '7x7'],
  init: ['weights.pth'],
  size: ['16', '256', '1024'],
  aspect: ['0.1', '0.75', '1', '10'],
  precision: ['float32', 'mixed'],
  lr: ['1e-9', '0.001', '10'],
  ema: ['0', '0.999999'],
  schedule: ['steps', 'cosine'],
  milestones: ['1', '1,2', '170, 200', '99999'],
  warmup: ['0', '100', '10000000'],
  clip: ['0', '1', '1e9'],
  jointWeights: ['equal', 'schema', '1,0,2.5'],
  augment: ['plain', 'official', 'mmpose', 'h36m'],
  rotation: ['0', '180'],
  scaling: ['0', '0.9'],
  colour: ['0', '1'],
  seed: ['0', '1', '9007199254740991'],
  figures: ['10', '1000000', 'stream'],
};
const KEYS = Object.keys(GOOD) as (keyof TrainConfig)[];

/** Texts that somebody types by mistake; a place may be called anything. */
const BAD = [
  '',
  ' ',
  'NaN',
  'Infinity',
  '-1',
  '-0',
  '1e400',
  '0x10',
  '1_000',
  '1,,2',
  '\u0663',
  'null',
  '__proto__',
  '{}',
];
const PLACES: readonly string[] = ['data', 'train', 'test', 'images', 'joints', 'sigmas', 'init'];

function flagsFrom(rng: Rng): TrainFlags {
  const flags: Record<string, string> = {};
  for (let i = rng.int(6); i >= 0; i--) {
    const key = KEYS[rng.int(KEYS.length)];
    const texts = rng.int(15) === 0 && !PLACES.includes(key) ? BAD : GOOD[key];
    flags[key] = texts[rng.int(texts.length)];
  }
  return flags;
}

/** What a text says, read by other means than the options' own. */
const meaning = (text: string): unknown => (/^[\d.e+-]+$/.test(text) ? Number(text) : text);

/** Options that say nothing of a run with these settings. */
const isIdle = (key: string, { loss, model, data, train }: TrainConfig): boolean => {
  const isGenerated = data === null && train === null;
  if (key === 'q' || key === 'logS') return loss !== 'rle';
  if (key === 'width' || key === 'stem') return !model.startsWith('resnet');
  if (['images', 'orientation', 'maxPixels', 'skipBroken', 'test'].includes(key)) return isGenerated;
  return key === 'figures' && !isGenerated;
};

/** Why a combination is refused, or the configuration that it makes. */
function outcomeOf(flags: TrainFlags, backend: 'webgpu' | 'cpu'): TrainConfig | DataError {
  try {
    return makeConfig(flags, backend);
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}

describe('options in any combination', () => {
  const rng = new Rng(20);
  const cases = Array.from({ length: 4000 }, (_, i) => {
    const flags = flagsFrom(rng);
    return { flags, outcome: outcomeOf(flags, i % 2 === 0 ? 'cpu' : 'webgpu') };
  });

  test('are refused in one line that names an option, or make a configuration that says the same', () => {
    for (const { flags, outcome } of cases) {
      const typed = Object.entries(flags);
      if (outcome instanceof DataError) {
        expect(outcome.message).toMatch(/^--[a-z]+(-[a-z]+)* [^\n]*$/);
        if (!typed.some(([, text]) => BAD.includes(text))) expect(outcome.message).not.toMatch(/NaN|undefined|null/);
        continue;
      }
      for (const [key, text] of typed) {
        const isList = key === 'milestones' || (key === 'jointWeights' && /\d/.test(text));
        const said = isList ? text.split(',').map(Number) : PLACES.includes(key) ? text : meaning(text);
        expect(outcome[key as keyof TrainConfig]).toEqual(said);
      }
    }
  });

  test('are never without effect', () => {
    for (const { flags, outcome } of cases) {
      if (outcome instanceof DataError) continue;
      expect(Object.keys(flags).filter((key) => isIdle(key, outcome))).toEqual([]);
    }
  });

  test('come back from a checkpoint as they were, and again when the run goes on with the same options', () => {
    let count = 0;
    for (const { flags, outcome } of cases) {
      if (outcome instanceof DataError) continue;
      count++;
      expect(savedConfig(JSON.parse(JSON.stringify(outcome)))).toEqual(outcome);
      expect(resumeConfig(outcome, flags, 'run')).toEqual(outcome);
      for (const value of Object.values(outcome).flat())
        if (typeof value === 'number') expect(value).toSatisfy(Number.isFinite);
    }
    expect(count).toBeGreaterThan(800);
  });
});
