import { describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { BACKBONES } from '../../src/backbones/backbone.js';
import { HEADS, LOSS_NAMES, type TrainConfig } from '../../src/train/config.js';
import { lossText } from '../../src/train/configText.js';
import { makeConfig, savedConfig } from '../../src/train/makeConfig.js';
import { resumeConfig } from '../../src/train/resumeConfig.js';
import { savedBefore } from './runs.js';

describe('makeConfig', () => {
  test('data from a folder are trained on with the recipe of the reference numbers', () => {
    expect(makeConfig({ data: 'lsp' }, 'webgpu')).toEqual({
      ...{
        data: 'lsp',
        ...{ train: null, test: null, images: null, orientation: null, maxPixels: null, skipBroken: 0 },
        joints: null,
        sigmas: null,
        loss: 'rle',
        model: 'resnet18',
        head: 'direct',
        dims: 2,
        q: 'laplace',
        logS: 'none',
        epochs: 30,
        batch: 32,
        width: 32,
        stem: '3x3',
        init: null,
        size: 64,
        aspect: 1,
        precision: 'float32',
        lr: 1e-3,
        schedule: 'steps',
        milestones: null,
        warmup: 0,
        clip: 0,
        jointWeights: 'equal',
        seed: 1,
      },
      ...{ augment: 'plain', rotation: 45, scaling: 0.25, colour: 0, figures: 0, accumulate: 1, ema: 0 },
    });
  });

  test('what the options say goes before the preset, which the reference backend has of its own', () => {
    const given = makeConfig({ loss: 'l1', lr: '3e-4', seed: '7' }, 'webgpu');
    expect(given).toMatchObject({ data: null, loss: 'l1', lr: 3e-4, seed: 7 });
    expect(makeConfig({}, 'cpu').width).toBeLessThan(given.width);
  });

  test('a recipe of augmentation brings its strength, and options go before it', () => {
    expect(makeConfig({ data: 'coco', augment: 'mmpose' }, 'cpu')).toMatchObject({ rotation: 80, scaling: 0.5 });
    const weaker = makeConfig({ augment: 'h36m', rotation: '20' }, 'cpu');
    expect(weaker).toMatchObject({ augment: 'h36m', rotation: 20, scaling: 0.3, colour: 0.2 });
    expect(savedConfig({ ...weaker, augment: 'none' })).toBeUndefined();
  });

  test.each([
    [{ augment: 'none' }, '--augment none: expected one of plain, official, mmpose, h36m'],
    [{ loss: 'huber' }, '--loss huber: expected one of l2, l1, gaussian, laplace, studentT, dle, rle, heatmap, dsnt'],
    [{ model: 'vgg' }, `--model vgg: expected one of ${BACKBONES.join(', ')}`],
    [{ head: 'none' }, '--head none: expected one of direct, integral, heatmap'],
    [{ q: 'cauchy' }, '--q cauchy: expected one of laplace, gaussian, logistic, studentT'],
    [{ logS: 'exact' }, '--log-s exact: expected one of none, importance, jitteredGrid'],
    [{ epochs: '0' }, '--epochs 0: expected an integer from 1 to 100000'],
    [{ batch: '1' }, '--batch 1: expected an integer from 2 to 4096'],
    [{ width: '2.5' }, '--width 2.5: expected an integer from 4 to 512'],
    [{ stem: '5x5' }, '--stem 5x5: expected one of 3x3, 7x7'],
    [{ stem: '7x7', model: 'mobilenetv2' }, '--stem 7x7: belongs to a ResNet, got --model mobilenetv2; leave it out'],
    [{ width: '8', model: 'hrnet-w32' }, '--width 8: belongs to a ResNet, got --model hrnet-w32; leave it out'],
    [
      { train: 'a.json', data: 'lsp' },
      '--train a.json: the files of --data lsp are found; give the folder or the files',
    ],
    [{ test: 'a.json' }, '--test a.json: which file trains is not known; give it with --train FILE'],
    [{ images: 'a', data: 'b,c' }, '--images a: the pictures of which folder of --data b,c? Give one folder'],
    [{ orientation: 'stored' }, '--orientation stored: pictures are generated without --data or --train; leave it out'],
    [{ orientation: 'left', data: 'a' }, '--orientation left: expected one of upright, stored'],
    [{ figures: 'streams' }, '--figures streams: expected an integer from 10 to 1000000, or stream'],
    [{ figures: '20', data: 'lsp' }, '--figures 20: pictures are generated without --data, got lsp; leave it out'],
    [{ init: '' }, '--init : expected a file'],
    [{ size: 'big' }, '--size big: expected an integer from 16 to 1024'],
    [{ precision: 'float16' }, '--precision float16: expected one of float32, mixed'],
    [{ lr: '-1' }, '--lr -1: expected a number from 1e-9 to 10'],
    [{ lr: '' }, '--lr : expected a number from 1e-9 to 10'],
    [{ schedule: 'linear' }, '--schedule linear: expected one of steps, cosine'],
    [
      { jointWeights: 'coco' },
      '--joint-weights coco: expected one of equal, schema, or a weight for each, separated by commas',
    ],
    [
      { jointWeights: '1,-1' },
      '--joint-weights 1,-1: expected one of equal, schema, or a weight for each, separated by commas',
    ],
    [
      { jointWeights: '0,0' },
      '--joint-weights 0,0: expected one of equal, schema, or a weight for each, separated by commas',
    ],
    [
      { jointWeights: '1,,2' },
      '--joint-weights 1,,2: expected one of equal, schema, or a weight for each, separated by commas',
    ],
    [{ clip: '-1' }, '--clip -1: expected a number from 0 to 1000000000'],
    [{ warmup: '-1' }, '--warmup -1: expected an integer from 0 to 10000000'],
    [{ milestones: '' }, '--milestones : expected ascending integers from 1 to 100000, separated by commas'],
    [
      { milestones: '170,170' },
      '--milestones 170,170: expected ascending integers from 1 to 100000, separated by commas',
    ],
    [
      { milestones: '200,170' },
      '--milestones 200,170: expected ascending integers from 1 to 100000, separated by commas',
    ],
    [{ milestones: '0,3' }, '--milestones 0,3: expected ascending integers from 1 to 100000, separated by commas'],
    [{ milestones: '2.5' }, '--milestones 2.5: expected ascending integers from 1 to 100000, separated by commas'],
    [{ milestones: '2,' }, '--milestones 2,: expected ascending integers from 1 to 100000, separated by commas'],
    [
      { milestones: '2,3', schedule: 'cosine' },
      '--milestones 2,3: belongs to --schedule steps, got cosine; leave one of them out',
    ],
    [
      { milestones: '2,3', epochs: '3' },
      '--milestones 2,3: the rate falls after that many epochs, of which there are 3; give some below, or more than 3 --epochs',
    ],
    [{ data: '' }, '--data : expected a folder'],
    [{ ema: '1' }, '--ema 1: expected a number from 0 to 0.999999'],
    [
      { batch: '12', accumulate: '5' },
      '--accumulate 5: a batch of 12 must fall into so many equal parts of at least 2 images',
    ],
    [
      { batch: '12', accumulate: '12' },
      '--accumulate 12: a batch of 12 must fall into so many equal parts of at least 2 images',
    ],
  ])('refuses %o', (flags, message) => {
    expect(() => makeConfig(flags, 'cpu')).toThrow(new DataError(message));
  });
});

test('resumeConfig takes more epochs and refuses what contradicts the run', () => {
  const saved = makeConfig({ width: '8' }, 'cpu');
  expect(resumeConfig(saved, { epochs: '9', width: '8' }, 'run')).toEqual({ ...saved, epochs: 9 });
  const falling = makeConfig({ milestones: '1,2' }, 'cpu');
  expect(falling).toMatchObject({ schedule: 'steps', milestones: [1, 2] });
  expect(resumeConfig(falling, { milestones: '1, 2' }, 'run')).toEqual(falling);
  expect(() => resumeConfig(falling, { milestones: '1' }, 'run')).toThrow(
    /^--milestones 1: run was started with 1,2; /,
  );
  expect(() => resumeConfig(saved, { milestones: '1' }, 'run')).toThrow(/^--milestones 1: run was started with none; /);
  expect(() => resumeConfig(saved, { width: '16' }, 'run')).toThrow(
    '--width 16: run was started with 8; leave the option out to resume it, or start a new run with --init',
  );
});

test('resumeConfig of several ranks takes their batch for that of each, and refuses it as it was typed', () => {
  const saved = makeConfig({ batch: '18', accumulate: '3' }, 'cpu');
  expect(resumeConfig(saved, { batch: '6', accumulate: '1' }, 'run', 0, { size: 3 })).toEqual(saved);
  const refused = '; leave the option out to resume it, or start a new run with --init';
  expect(() => resumeConfig(saved, { batch: '4' }, 'run', 0, { size: 3 })).toThrow(
    `--batch 4 on each of 3 ranks makes 12: run was started with 18${refused}`,
  );
  // Three times as many are more than one process may have.
  expect(() => resumeConfig(saved, { batch: '2000' }, 'run', 0, { size: 3 })).toThrow(
    `--batch 2000 on each of 3 ranks makes 6000: run was started with 18${refused}`,
  );
  const shared = { size: 3, syncBatchNorm: true };
  expect(() => resumeConfig(saved, { accumulate: '2' }, 'run', 0, shared)).toThrow(
    `--accumulate 2: run was started with 3${refused}`,
  );
});

test('resumeConfig refuses fewer epochs than are done, or than the schedule wants', () => {
  const saved = makeConfig({ epochs: '5', milestones: '2,4' }, 'cpu');
  expect(resumeConfig(saved, { epochs: '6' }, 'run', 5)).toMatchObject({ epochs: 6 });
  expect(resumeConfig(saved, {}, 'run', 5)).toEqual(saved);
  expect(() => resumeConfig({ ...saved, milestones: null }, { epochs: '3' }, 'run', 4)).toThrow(
    '--epochs 3: run has 4 behind it; give as many at least',
  );
  expect(() => resumeConfig(saved, { epochs: '4' }, 'run', 1)).toThrow(
    /^--milestones 2,4: the rate falls after that many/,
  );
});

test('resumeConfig takes data from where they lie now, under their names', () => {
  const saved = makeConfig({ data: 'sets/lsp,mpii' }, 'cpu');
  const moved = resumeConfig(saved, { data: '../lsp,/elsewhere/mpii/' }, 'run');
  expect(moved).toEqual({ ...saved, data: '../lsp,/elsewhere/mpii/' });
  for (const data of ['lsp', 'mpii,lsp', 'sets/lsp,coco']) {
    expect(() => resumeConfig(saved, { data }, 'run')).toThrow(`--data ${data}: run was started with sets/lsp,mpii; `);
  }
  const figures = makeConfig({}, 'cpu');
  expect(() => resumeConfig(figures, { data: 'lsp' }, 'run')).toThrow('--data lsp: run was started with none; ');
});

describe('losses and heads', () => {
  test.each([
    ['heatmap', 'heatmap'],
    ['dsnt', 'integral'],
    ['l1', 'direct'],
  ])('--loss %s alone trains the head %s', (loss, head) => {
    expect(makeConfig({ loss }, 'cpu')).toMatchObject({ loss, head });
    expect(makeConfig({ loss, head }, 'cpu')).toMatchObject({ loss, head });
  });

  test('every other pair is trained or refused with both names and what mends it', () => {
    const peak = (loss: string) =>
      `--head heatmap: the peak of a map has no gradient, so it wants --loss heatmap, got ${loss}; ` +
      `for ${loss} on heatmaps take --head integral`;
    const wants = (loss: string, wanted: string, head: string) =>
      `--loss ${loss}: wants --head ${wanted}, got ${head}; it is so where --head is left out`;
    for (const loss of LOSS_NAMES) {
      for (const head of HEADS) {
        const wanted = { heatmap: 'heatmap', dsnt: 'integral' }[loss as string];
        if (wanted ? head === wanted : head !== 'heatmap') makeConfig({ loss, head }, 'cpu');
        else {
          const message = wanted ? wants(loss, wanted, head) : peak(loss);
          expect(() => makeConfig({ loss, head }, 'cpu')).toThrow(new DataError(message));
        }
      }
    }
  });

  test('Q and log s belong to RLE', () => {
    const config = makeConfig({ q: 'studentT', logS: 'jitteredGrid' }, 'cpu');
    expect(config).toMatchObject({ loss: 'rle', q: 'studentT', logS: 'jitteredGrid' });
    expect(lossText(config)).toBe('rle (Q studentT, log s by jitteredGrid)');
    expect(lossText(makeConfig({}, 'cpu'))).toBe('rle');
    expect(lossText(makeConfig({ jointWeights: 'schema' }, 'cpu'))).toBe('rle (joint weights of the schema)');
    expect(lossText(makeConfig({ loss: 'l1', jointWeights: '1, 2' }, 'cpu'))).toBe('l1 (joint weights 1, 2)');
    expect(() => makeConfig({ loss: 'dle', q: 'gaussian' }, 'cpu')).toThrow(
      new DataError('--q gaussian: belongs to --loss rle, got dle; leave it out'),
    );
    expect(() => makeConfig({ loss: 'l1', logS: 'importance' }, 'cpu')).toThrow(
      new DataError('--log-s importance: belongs to --loss rle, got l1; leave it out'),
    );
    expect(() => resumeConfig(config, { logS: 'none' }, 'run')).toThrow(
      /^--log-s none: run was started with jitteredG/,
    );
  });
});

test('savedConfig knows what came from another version, and fills in what came later', () => {
  const config = makeConfig({}, 'cpu');
  expect(savedConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
  const { before, then } = savedBefore(config);
  expect(savedConfig(before)).toEqual({ ...before, ...then });
  expect(savedConfig({ ...config, milestones: '2,3' })).toBeUndefined();
  expect(savedConfig({ ...config, jointWeights: [1, null] })).toBeUndefined();
  expect(savedConfig({ ...config, init: 3 })).toBeUndefined();
  expect(savedConfig({ ...config, loss: 'huber' })).toBeUndefined();
  expect(savedConfig({ ...config, size: undefined })).toBeUndefined();
  expect(savedConfig(null)).toBeUndefined();
});

test('savedConfig holds every field to the range of its option', () => {
  const config = makeConfig({ loss: 'l1', milestones: '1,2' }, 'cpu');
  expect(savedConfig(config)).toEqual(config);
  const numbers = Object.keys(config).filter((key) => typeof config[key as keyof TrainConfig] === 'number');
  expect(numbers).toHaveLength(17);
  for (const key of numbers) {
    for (const value of [-1, 1e300, Number.NaN, Number.POSITIVE_INFINITY, '3', [3], [3, 4], {}, true, null]) {
      expect({ key, value, saved: savedConfig({ ...config, [key]: value }) }).toEqual({ key, value });
    }
  }
  const fractions = ['epochs', 'batch', 'accumulate', 'width', 'size', 'warmup', 'seed', 'figures'];
  for (const key of fractions) expect(savedConfig({ ...config, [key]: 16.5 })).toBeUndefined();
  for (const milestones of [[2, 1], [1.5], [0, 1], [], '1,2', [[1], 2]]) {
    expect(savedConfig({ ...config, milestones })).toBeUndefined();
  }
  expect(savedConfig({ ...config, batch: 16, accumulate: 3 })).toBeUndefined();
  expect(savedConfig({ ...config, head: 'heatmap' })).toBeUndefined();
});
