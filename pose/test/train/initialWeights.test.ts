import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu, DataError, Rng } from 'wgrad';
import { downloadState, formatSafetensors, type StateTensor } from 'wgrad/io';
import type { AdamState } from 'wgrad/nn';
import * as backbone from '../../src/backbones/backbone.js';
import { namingCalled } from '../../src/checkpoints/namings.js';
import { readInitialWeights } from '../../src/node/weightsFiles.js';
import type { TrainFlags } from '../../src/train/config.js';
import { initFrom, withNetworkOf } from '../../src/train/initialWeights.js';
import { makeConfig } from '../../src/train/makeConfig.js';
import { initModel, type ModelParams } from '../../src/train/model.js';
import { committedModel } from '../checkpoints/torchModels.js';
import { committedNetwork } from '../checkpoints/torchNetworks.js';

const device = cpu();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgrad-init-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Tensors as float32, by name: an HRNet has too many numbers to be compared one by one. */
function digest(tensors: ReadonlyMap<string, StateTensor>): Map<string, string> {
  const bytes = (data: StateTensor['data']) =>
    data instanceof BigInt64Array ? Float32Array.from(data, Number) : new Float32Array(data);
  return new Map([...tensors].map(([name, { data }]) => [name, createHash('sha1').update(bytes(data)).digest('hex')]));
}

/** A backbone with its past as a classifier, as another code saves it. */
async function backboneFile(
  model: backbone.BackboneName,
  names: string,
  classifier: Readonly<Record<string, readonly number[]>>,
  options: Parameters<typeof backbone.init>[3] = {},
) {
  const { params, state } = backbone.init(new Rng(7), device, model, options);
  const own = await downloadState({ preact: params });
  const statistics = await downloadState({ preact: state });
  const past = Object.entries(classifier).map(([name, shape]): [string, StateTensor] => {
    return [name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }];
  });
  const conventions = { size: [224, 224] as const };
  const theirs = namingCalled(names).fromOwn(new Map([...own, ...statistics]), conventions);
  const path = join(folder, `${model}-${names}.safetensors`);
  writeFileSync(path, formatSafetensors(new Map([...theirs, ...past])));
  return { path, own, statistics };
}

const CLASSIFIERS = {
  torchvision: { 'fc.weight': [10, 32], 'fc.bias': [10] },
  mobilenetv2: { 'classifier.1.weight': [10, 1280], 'classifier.1.bias': [10] },
  hrnet: { 'incre_modules.0.0.conv1.weight': [32, 32, 1, 1], 'classifier.weight': [10, 2048] },
};

describe('--init with a backbone from elsewhere', () => {
  test.each([
    ['resnet18', 'torchvision', CLASSIFIERS.torchvision, { width: 4, stem: 7 }, { width: '4', stem: '7x7' }],
    ['resnet50', 'mmpose', {}, { width: 4, stem: 7 }, { width: '4', stem: '7x7' }],
    ['resnet34', 'official', {}, { width: 4, stem: 3 }, { width: '4', stem: '3x3' }],
    ['mobilenetv2', 'torchvision', CLASSIFIERS.mobilenetv2, {}, {}],
    ['mobilenetv2', 'mmpose', {}, {}, {}],
    ['hrnet-w32', 'microsoft', CLASSIFIERS.hrnet, {}, {}],
  ] as const)('%s in names of %s', async (model, names, classifier, options, network) => {
    const { path, own, statistics } = await backboneFile(model, names, classifier, options);
    const weights = await readInitialWeights(path);
    const flags = withNetworkOf(weights, { data: 'coco', size: '32' });
    expect(flags).toEqual({ data: 'coco', size: '32', model, ...network });
    // Moments are left out: an HRNet's alone take half a gigabyte.
    const fresh = initModel(device, makeConfig(flags, 'cpu'), 17);
    const learner = { ...fresh, optimizer: {} as AdamState<ModelParams> };
    const { params, state } = initFrom(learner, weights);
    expect(digest(await downloadState({ preact: params.preact }))).toEqual(digest(own));
    expect(digest(await downloadState({ preact: state.preact }))).toEqual(digest(statistics));
  });
});

describe('the network of a file', () => {
  const write = (name: string, bytes: Uint8Array) => {
    const path = join(folder, `${name}.pth`);
    writeFileSync(path, bytes);
    return readInitialWeights(path);
  };

  test.each<[TrainFlags, string]>([
    [
      { model: 'resnet18' },
      '--model resnet18: PATH holds ResNet-50 of width 1 with a 7x7 stem, which is --model resnet50',
    ],
    [{ width: '32' }, '--width 32: PATH holds ResNet-50 of width 1 with a 7x7 stem, which is --width 1'],
    [{ stem: '3x3' }, '--stem 3x3: PATH holds ResNet-50 of width 1 with a 7x7 stem, which is --stem 7x7'],
  ])('refuses %o, which contradict it', async (flags, message) => {
    const weights = await write('resnet', committedModel('mmpose0-zip'));
    expect(withNetworkOf(weights, { model: 'resnet50', width: '1', stem: '7x7' })).toMatchObject({ width: '1' });
    const expected = `${message.replace('PATH', weights.path)}; leave the option out, or start without --init`;
    expect(() => withNetworkOf(weights, flags)).toThrow(new DataError(expected));
  });

  test.each([
    ['mmpose1-mobilenet', /\.pth: MobileNetV2 of width 0\.\d+ cannot be trained; expected resnet18, /],
    ['microsoft-hrnet', /\.pth: HRNet-W\d+ with a stem of \d+ channels cannot be trained; expected resnet18, /],
  ])('refuses a slim %s', async (name, message) => {
    const weights = await write(name, committedNetwork(name));
    expect(() => withNetworkOf(weights, {})).toThrow(message);
  });

  test('refuses weights of no network', async () => {
    const path = join(folder, 'bert.safetensors');
    writeFileSync(path, formatSafetensors(new Map([['encoder.weight', { shape: [1], data: Float32Array.of(1) }]])));
    const weights = await readInitialWeights(path);
    expect(() => withNetworkOf(weights, {})).toThrow(/bert\.safetensors: not a ResNet, a MobileNetV2 or an HRNet; /);
  });
});
