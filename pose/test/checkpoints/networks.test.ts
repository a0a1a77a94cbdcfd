import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu, DataError, Rng } from 'wgrad';
import { downloadState, formatSafetensors, type StateTensor, stateShapes } from 'wgrad/io';
import { resnet } from 'wgrad/nn';
import { BACKENDS } from '../../../test/backends.js';
import { expectCloseInNorm } from '../../../test/numbers.js';
import { runTorch, torchPython } from '../../../test/python.js';
import { GPU_GRADIENT_RELATIVE, REFERENCE_RELATIVE } from '../../../test/tolerance.js';
import * as hrnet from '../../src/backbones/hrnet.js';
import * as mobilenetV2 from '../../src/backbones/mobilenetV2.js';
import { architectureOf, describeArchitecture, shapesOf } from '../../src/checkpoints/architecture.js';
import { conventionsOf } from '../../src/checkpoints/fileConventions.js';
import * as heatmapRegressor from '../../src/heatmaps/heatmapRegressor.js';
import { readPoseCheckpoint, readWeightsFile, writePoseCheckpoint } from '../../src/node/weightsFiles.js';
import { answerOf, committedNetwork, committedNetworks, type NetworkGolden, wantedOf } from './torchNetworks.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgrad-networks-'));
  for (const name of Object.keys(committedNetworks)) writeFileSync(file(`${name}.pth`), committedNetwork(name));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string) => join(folder, name);

/** What `wgrad-pose inspect` says of each file. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  'mmpose1-mobilenet': 'MobileNetV2 of width 0.1, heatmap head of 3 joints in 2-D with 3 transposed convolutions',
  'microsoft-hrnet': 'HRNet-W1 with a stem of 2 channels, heatmap head of 3 joints in 2-D',
  'mmpose1-dsnt':
    'ResNet-18 of width 1 with a 7x7 stem, heatmap head of 3 joints in 2-D with 3 transposed convolutions',
  'mmpose0-hrnet': 'HRNet-W4 with a stem of 4 channels, heatmap head of 5 joints in 2-D',
  'microsoft-simplebaseline':
    'ResNet-50 of width 2 with a 7x7 stem, heatmap head of 16 joints in 2-D with 3 transposed convolutions',
  'mmpose0-simplebaseline':
    'ResNet-18 of width 2 with a 7x7 stem, heatmap head of 17 joints in 2-D with 3 transposed convolutions',
  'microsoft-hrnet-classifier': 'HRNet-W2 with a stem of 2 channels, classifier of 3 classes',
  'torchvision-mobilenet': 'MobileNetV2 of width 0.35, classifier of 3 classes',
};

/** The names that a network can be written in, besides `official`. */
const NAMINGS: Readonly<Record<string, readonly string[]>> = {
  'mmpose1-mobilenet': ['mmpose'],
  'microsoft-hrnet': ['mmpose', 'microsoft'],
  'mmpose1-dsnt': ['mmpose', 'microsoft'],
};

describe.each(Object.entries(committedNetworks))('%s, saved by PyTorch', (name, want) => {
  // The layers are held to PyTorch's on the GPU elsewhere; one network shows that files get there.
  const backends = BACKENDS.filter((backend) => backend.name === 'reference' || name === 'mmpose1-dsnt');
  test.each(backends)('computes what PyTorch computes on $name', async ({ open, tolerance }) => {
    const checkpoint = await readPoseCheckpoint(file(`${name}.pth`));
    const device = await open();
    const answer = await answerOf(device, checkpoint, want.size);
    const allowed = tolerance(REFERENCE_RELATIVE, GPU_GRADIENT_RELATIVE);
    expectCloseInNorm(answer, wantedOf(want), allowed, name);
    expect(checkpoint.naming).toBe(name.split(/\d?-/)[0]);
    expect(describeArchitecture(checkpoint.architecture)).toBe(DESCRIPTIONS[name]);
  });

  test.each(['official', ...NAMINGS[name]])('is the same network in names of %s', async (names) => {
    const checkpoint = await readPoseCheckpoint(file(`${name}.pth`));
    const path = file(`${name}-${names}.safetensors`);
    expect((await writePoseCheckpoint(path, checkpoint, names)).dropped).toEqual([]);
    const again = await readPoseCheckpoint(path);
    expect(again.naming).toBe(names);
    expect({ ...again, naming: 0, path: 0, state: 0 }).toEqual({ ...checkpoint, naming: 0, path: 0, state: 0 });
    expect([...again.state.keys()].sort()).toEqual([...checkpoint.state.keys()].sort());
    for (const [key, { shape, data }] of again.state) {
      const own = checkpoint.state.get(key) as StateTensor;
      expect([shape, [...data]], key).toEqual([own.shape, [...own.data]]);
    }
    // mmpose's own names come back exactly, of 1.x: the pixels of integral heads among them.
    if (names !== 'mmpose' || !name.startsWith('mmpose1')) return;
    const [given, made] = [await readWeightsFile(file(`${name}.pth`)), await readWeightsFile(path)];
    expect([...made.tensors.keys()].sort()).toEqual([...given.tensors.keys()].sort());
    for (const [key, { shape, data }] of made.tensors) {
      const theirs = given.tensors.get(key);
      expect([shape, [...data]], key).toEqual([theirs?.shape, [...(theirs?.data ?? [])]]);
    }
  });
});

describe('conventions', () => {
  test('are those of the code that named the tensors', async () => {
    const mobilenet = (await readPoseCheckpoint(file('mmpose1-mobilenet.pth'))).conventions;
    expect(mobilenet).toMatchObject({ size: [256, 192], origin: 0, pixel: 0, maps: { decode: 'peak' } });
    const hrnetInput = (await readPoseCheckpoint(file('microsoft-hrnet.pth'))).conventions;
    expect(hrnetInput).toMatchObject({ size: [256, 256], mean: [0.485, 0.456, 0.406], maps: { decode: 'peak' } });
    expect(hrnetInput.channels).toBeUndefined();
    const dsnt = (await readPoseCheckpoint(file('mmpose1-dsnt.pth'))).conventions;
    expect(dsnt).toMatchObject({ size: [64, 32], maps: { decode: 'mean', beta: 2, debias: 'mmpose' } });
  });

  test.each([
    ["codec = dict(type='MSRAHeatmap', sigma=2)", { decode: 'peak' }, undefined],
    ["codec = dict(type='MSRAHeatmap', unbiased=True)", { decode: 'peak', refine: 'dark', kernel: 11 }, undefined],
    ["codec = dict(type='UDPHeatmap', blur_kernel_size=17)", { decode: 'peak', refine: 'dark', kernel: 17 }, true],
    [
      "test_cfg=dict(post_process='unbiased', modulate_kernel=11)",
      { decode: 'peak', refine: 'dark', kernel: 11 },
      undefined,
    ],
    ['train_cfg=dict(unbiased_encoding=True)', { decode: 'peak' }, undefined],
    ['test_cfg=dict(use_udp=True)', { decode: 'peak', refine: 'dark', kernel: 11 }, true],
  ])("take UDP and DARK from mmpose's configuration: %s", async (config, maps, udp) => {
    const { architecture, state } = await readPoseCheckpoint(file('mmpose1-mobilenet.pth'));
    const tensors = new Map([...state.keys()].map((name) => [name, {} as never]));
    const found = conventionsOf('mmpose', architecture, { metadata: { 'meta.cfg': config }, tensors }, 'file');
    expect([found.maps, found.udp]).toEqual([maps, udp]);
    // What convert writes is read again.
    const again = { metadata: { conventions: JSON.stringify(found) }, tensors };
    expect(conventionsOf('mmpose', architecture, again, 'file')).toEqual(found);
  });

  test('of heatmaps that are damaged are refused', async () => {
    const checkpoint = await readPoseCheckpoint(file('mmpose1-dsnt.pth'));
    const path = file('decoding.safetensors');
    for (const maps of [
      { decode: 'mean', beta: 0, debias: 'none' },
      { decode: 'middle' },
      { decode: 'peak', refine: 'dark', kernel: 4 },
      { decode: 'peak', refine: 'light' },
      'peak',
    ]) {
      const conventions = JSON.stringify({ ...checkpoint.conventions, maps });
      writeFileSync(path, formatSafetensors(checkpoint.state, { conventions }));
      await expect(readPoseCheckpoint(path)).rejects.toThrow(
        /"conventions": "maps" must be \{"decode": "peak"\}, perhaps/,
      );
    }
  });
});

/** A committed file whose tensors a test has changed. */
async function changed(name: string, change: (tensors: Map<string, StateTensor>) => unknown): Promise<string> {
  const { tensors } = await readWeightsFile(file(`${name}.pth`));
  const copy = new Map<string, StateTensor>(tensors);
  change(copy);
  const path = file('changed.safetensors');
  writeFileSync(path, formatSafetensors(copy));
  return path;
}

const zeros = (...shape: number[]): StateTensor => ({
  shape,
  data: new Float32Array(shape.reduce((product, n) => product * n, 1)),
});

describe('a file of another network', () => {
  test.each<[string, string, (tensors: Map<string, StateTensor>) => unknown, string]>([
    [
      'mmpose1-mobilenet',
      'lacks a norm',
      (t) => t.delete('backbone.layer3.1.conv.2.bn.bias'),
      '1 missing (preact.features.5.conv.3.bias)',
    ],
    [
      'mmpose1-mobilenet',
      'has full kernels for depthwise ones',
      (t) => t.set('backbone.layer1.0.conv.0.conv.weight', zeros(8, 8, 3, 3)),
      '1 of another shape (preact.features.1.conv.0.0.weight [8, 8, 3, 3] not [8, 1, 3, 3])',
    ],
    [
      'mmpose1-mobilenet',
      'has a layer more',
      (t) => t.set('backbone.layer8.0.conv.0.conv.weight', zeros(8, 8, 1, 1)),
      '1 unexpected (preact.layer8.0.conv.0.conv.weight)',
    ],
    [
      'microsoft-hrnet',
      'lacks a path between resolutions',
      (t) => t.delete('stage3.1.fuse_layers.2.0.1.0.weight'),
      '1 missing (preact.stage3.1.fuse_layers.2.0.1.0.weight)',
    ],
    [
      'microsoft-hrnet',
      'has a module more',
      (t) => t.set('stage3.4.branches.0.0.conv1.weight', zeros(1, 1, 3, 3)),
      '1 unexpected (preact.stage3.4.branches.0.0.conv1.weight)',
    ],
    [
      'microsoft-hrnet',
      'has a head of another width',
      (t) => t.set('final_layer.weight', zeros(3, 5, 1, 1)),
      '1 of another shape (final_layer.weight [3, 5, 1, 1] not [3, 1, 1, 1])',
    ],
    [
      'mmpose1-dsnt',
      'has transposed convolutions of another side',
      (t) => t.set('head.simplebaseline_head.deconv_layers.3.weight', zeros(4, 4, 2, 2)),
      '1 of another shape (deconv_layers.3.weight [4, 4, 2, 2] not [4, 4, 4, 4])',
    ],
    [
      'mmpose1-dsnt',
      'has layers between',
      (t) => t.set('head.simplebaseline_head.conv_layers.0.weight', zeros(4, 4, 3, 3)),
      '1 unexpected (head.conv_layers.0.weight)',
    ],
    [
      'microsoft-hrnet',
      'claims to be immense',
      (t) => t.set('transition1.0.0.weight', zeros(2 ** 20, 0, 3, 3)),
      'of another shape (',
    ],
  ])('%s that %s is refused with what it is', async (name, _, change, message) => {
    const error = await readPoseCheckpoint(await changed(name, change)).catch((e) => e);
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(message);
  });

  test('is not written in names that have no word for its backbone', async () => {
    const [mobilenet, hrnetFile] = await Promise.all(
      ['mmpose1-mobilenet.pth', 'microsoft-hrnet.pth'].map((name) => readPoseCheckpoint(file(name))),
    );
    const write = (checkpoint: typeof mobilenet, names: string) =>
      writePoseCheckpoint(file('none.safetensors'), checkpoint, names);
    await expect(write(mobilenet, 'microsoft')).rejects.toThrow(/those of ResNets and HRNets; choose --names mmpose/);
    await expect(write(hrnetFile, 'torchvision')).rejects.toThrow(/torchvision has no HRNet; choose --names microsoft/);
    const { written, dropped } = await write(mobilenet, 'torchvision');
    expect([written.length, dropped.length]).toEqual([52 * 6, 3 * 6 + 2]);
    expect((await readPoseCheckpoint(file('none.safetensors'))).naming).toBe('torchvision');
  });
});

describe('shapes and kinds', () => {
  const rng = new Rng(1);
  test.each([
    ['ResNet-18', () => resnet.init(rng, cpu(), { depth: 18, width: 2, stem: 3 })],
    ['ResNet-50', () => resnet.init(rng, cpu(), { depth: 50, width: 2 })],
    ['MobileNetV2', () => mobilenetV2.init(rng, cpu(), { width: 0.35 })],
    ['a wide MobileNetV2', () => mobilenetV2.init(rng, cpu(), { width: 1.05 })],
    ['HRNet', () => hrnet.init(rng, cpu(), { width: 4, stem: 3 })],
  ])('of %s with heatmaps and sigmas are those of the network', async (_, init) => {
    const { params, state } = heatmapRegressor.init(rng, cpu(), {
      preact: init(),
      joints: 3,
      doublings: 2,
      channels: 5,
      sigma: true,
    });
    const own = new Map([...stateShapes(params), ...stateShapes(state)]);
    const architecture = architectureOf(new Map([...(await downloadState(params)), ...(await downloadState(state))]));
    expect(architecture).toMatchObject({
      head: 'heatmap',
      sigma: true,
      joints: 3,
      maps: { doublings: 2, channels: 5 },
    });
    expect([...shapesOf(architecture)].sort()).toEqual([...own].sort());
  });
});

describe.runIf(torchPython)("networks of this machine's PyTorch", () => {
  test('compute what PyTorch computes, whoever named them and however they were saved', async () => {
    runTorch(fileURLToPath(new URL('../golden/make_torch_networks.py', import.meta.url)), folder);
    const expected = JSON.parse(readFileSync(file('expected.json'), 'utf8')) as Record<string, NetworkGolden>;
    expect(Object.keys(expected).length).toBeGreaterThanOrEqual(7);
    const device = cpu();
    for (const [name, want] of Object.entries(expected)) {
      const checkpoint = await readPoseCheckpoint(file(`${name}.pth`));
      expect(describeArchitecture(checkpoint.architecture), name).toBe(DESCRIPTIONS[name]);
      expect(checkpoint.naming, name).toBe(name.split(/\d?-/)[0]);
      expect(checkpoint.conventions.channels, name).toBe(name === 'microsoft-simplebaseline' ? 'bgr' : undefined);
      expectCloseInNorm(await answerOf(device, checkpoint, want.size), wantedOf(want), REFERENCE_RELATIVE, name);
    }
  });
});
