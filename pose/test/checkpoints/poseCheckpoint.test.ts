import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu, DataError, globalAveragePool } from 'wgrad';
import { downloadState, formatSafetensors, type StateTensor } from 'wgrad/io';
import type { ResnetState } from 'wgrad/nn';
import { regressor } from 'wgrad/rle';
import { BACKENDS } from '../../../test/backends.js';
import { goldenModel, type RegressorGolden } from '../../../test/models/torchRegressor.js';
import { expectCloseInNorm, type Nested, values } from '../../../test/numbers.js';
import { runTorch, torchPython } from '../../../test/python.js';
import { GPU_GRADIENT_RELATIVE, REFERENCE_RELATIVE } from '../../../test/tolerance.js';
import * as backbone from '../../src/backbones/backbone.js';
import { shapesOf } from '../../src/checkpoints/architecture.js';
import { networkOf } from '../../src/checkpoints/networkOf.js';
import { type PoseCheckpoint, parameterCount } from '../../src/checkpoints/poseCheckpoint.js';
import { saveRun } from '../../src/node/train/runFile.js';
import {
  readInitialWeights,
  readPoseCheckpoint,
  readWeightsFile,
  writePoseCheckpoint,
} from '../../src/node/weightsFiles.js';
import { initFrom } from '../../src/train/initialWeights.js';
import { initLearner } from '../../src/train/learner.js';
import { startSession } from '../../src/train/session.js';
import { TINY, tinyData, withFolder } from '../train/runs.js';
import { committedModel, committedModels, expectOutputs, goldenImages, type ModelGolden } from './torchModels.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgrad-models-'));
  for (const name of Object.keys(committedModels)) writeFileSync(join(folder, `${name}.pth`), committedModel(name));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string) => join(folder, name);

/** A file in official names whose tensors a test has changed. */
async function changed(name: string, change: (tensors: Map<string, StateTensor>) => unknown): Promise<string> {
  const { tensors } = await readWeightsFile(file(`${name}.pth`));
  change(tensors);
  const path = file('changed.safetensors');
  writeFileSync(path, formatSafetensors(tensors));
  return path;
}

describe.each(Object.entries(committedModels))('%s, saved by PyTorch', (name, want) => {
  test.each(BACKENDS)('computes what PyTorch computes on $name', async ({ open, tolerance }) => {
    const checkpoint = await readPoseCheckpoint(file(`${name}.pth`));
    const device = await open();
    const allowed = tolerance(REFERENCE_RELATIVE, GPU_GRADIENT_RELATIVE);
    await expectOutputs(device, networkOf(device, checkpoint), want, allowed);
    expect(parameterCount((await readWeightsFile(file(`${name}.pth`))).tensors)).toBe(want.parameters);
  });

  test.each(['official', 'mmpose'] as const)('is the same network in names of %s', async (names) => {
    const checkpoint = await readPoseCheckpoint(file(`${name}.pth`));
    const path = file(`${name}-${names}.safetensors`);
    const { dropped } = await writePoseCheckpoint(path, checkpoint, names);
    expect(dropped).toEqual([]);
    const again = await readPoseCheckpoint(path);
    expect(again.naming).toBe(names);
    expect({ ...again, naming: 0, path: 0, state: 0 }).toEqual({ ...checkpoint, naming: 0, path: 0, state: 0 });
    expect([...again.state.keys()].sort()).toEqual([...checkpoint.state.keys()].sort());
    for (const [key, { shape, data }] of again.state) {
      expect({ shape, data: [...data] }, key).toEqual({
        shape: checkpoint.state.get(key)?.shape,
        data: [...(checkpoint.state.get(key)?.data ?? [])],
      });
    }
  });

  test('gives its backbone, and says so, in names of torchvision', async () => {
    const checkpoint = await readPoseCheckpoint(file(`${name}.pth`));
    const { written, dropped } = await writePoseCheckpoint(file('backbone.safetensors'), checkpoint, 'torchvision');
    expect(written).toHaveLength(name.startsWith('official') ? 120 : 318);
    expect(dropped).toHaveLength(4 + 72);
    expect((await readPoseCheckpoint(file('backbone.safetensors'))).architecture.head).toBe('none');
  });
});

test('names of mmpose have no sigmas without a flow, and their loss is told', async () => {
  const checkpoint = await readPoseCheckpoint(file('mmpose0-zip.pth'));
  const state = new Map([...checkpoint.state].filter(([name]) => !name.startsWith('flow.')));
  const { dropped } = await writePoseCheckpoint(file('laplace.safetensors'), { ...checkpoint, state }, 'mmpose');
  expect(dropped).toEqual(['fc_sigma.linear.weight', 'fc_sigma.linear.bias']);
  const again = await readPoseCheckpoint(file('laplace.safetensors'));
  expect(again.architecture).toMatchObject({ head: 'regression', joints: checkpoint.architecture.joints });
  expect(again.state.get('fc_coord.linear.bias')?.data).toEqual(state.get('fc_coord.linear.bias')?.data);
});

describe('conventions', () => {
  test('are those of the code that saved the file', async () => {
    const official = (await readPoseCheckpoint(file('official-legacy.pth'))).conventions;
    expect(official).toMatchObject({ size: [256, 192], mean: [0.406, 0.457, 0.48], std: [1, 1, 1], origin: 0.5 });
    expect(official).toMatchObject({ pixel: 0, padding: 1.25, normalise: true });
    const mmpose = (await readPoseCheckpoint(file('mmpose0-zip.pth'))).conventions;
    expect(mmpose).toMatchObject({ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], origin: 0 });
    // The size stands in the configuration that the file carries.
    expect(mmpose).toMatchObject({ size: [384, 288], normalise: false });
  });

  test('of a training run are those of its crops; under other names it starts another run', async () => {
    const device = cpu();
    const donor = startSession(device, { ...TINY, seed: 9 }, await tinyData());
    await withFolder(async ({ last }) => {
      await saveRun(donor, last);
      const run = await readPoseCheckpoint(last);
      expect(run.conventions).toMatchObject({
        size: [TINY.size, TINY.size],
        origin: 0.5,
        pixel: 0.5,
        padding: 1.25,
        normalise: false,
      });
      const path = file('run.safetensors');
      await writePoseCheckpoint(path, run, 'mmpose');
      const { params } = initFrom(initLearner(device, TINY, run.architecture.joints), await readInitialWeights(path));
      const [given, taken] = await Promise.all([donor.learner.params, params].map(downloadState));
      expect(taken).toEqual(given);
    });
  });

  test('that are damaged are refused', async () => {
    const path = file('conventions.safetensors');
    const { tensors } = await readWeightsFile(file('official-legacy.pth'));
    for (const text of ['{', '{"size":[256,192]}', 'null']) {
      writeFileSync(path, formatSafetensors(tensors, { conventions: text }));
      await expect(readPoseCheckpoint(path)).rejects.toThrow(/: metadata "conventions" (is not JSON|lacks a field)/);
    }
  });
});

describe('a file of another network', () => {
  test.each<[string, (tensors: Map<string, StateTensor>) => unknown, string]>([
    ['lacks', (t) => t.delete('preact.layer2.0.bn1.bias'), '1 missing (preact.layer2.0.bn1.bias)'],
    ['lacks half of a layer', (t) => t.delete('fc_coord.linear.weight'), '1 missing (fc_coord.linear.weight)'],
    ['lacks a block', (t) => dropAll(t, 'preact.layer4.1.'), '10 missing (preact.layer4.1.conv1.weight'],
    ['has too much', (t) => t.set('neck.weight', scalar()), '1 unexpected (neck.weight)'],
    [
      'has another shape',
      (t) => t.set('preact.layer1.0.conv1.weight', scalar()),
      '1 of another shape (preact.layer1.0.conv1.weight [] not [1, 1, 3, 3])',
    ],
    [
      'has other masks',
      (t) => t.set('flow.mask', { shape: [6, 2], data: new Float32Array(12) }),
      'flow.mask holds other masks than the alternating',
    ],
  ])('that %s is refused with what it is', async (_, change, message) => {
    const error = await readPoseCheckpoint(await changed('official-legacy', change)).catch((e) => e);
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(message);
  });

  test('or of none is refused with what is known', async () => {
    const path = file('bert.safetensors');
    writeFileSync(path, formatSafetensors(new Map([['encoder.weight', scalar()]])));
    await expect(readPoseCheckpoint(path)).rejects.toThrow(
      'weights of no known pose network: found encoder.weight, expected preact.* (official), backbone.* (mmpose), ' +
        'conv1.weight with final_layer.* or stage2.* (microsoft), conv1.weight and layer1.*, or features.0.* (torchvision)',
    );
  });

  test('may lack counters, as files from before PyTorch 0.4.1 do', async () => {
    const path = await changed('official-legacy', (tensors) => {
      for (const name of [...tensors.keys()]) if (name.endsWith('num_batches_tracked')) tensors.delete(name);
    });
    const { state } = networkOf(cpu(), await readPoseCheckpoint(path));
    expect((state.preact as ResnetState).bn1.num_batches_tracked).toBe(0);
  });

  test('with a head that mmpose cannot have taken apart is refused', async () => {
    const path = await changed('mmpose0-zip', (tensors) =>
      tensors.set('keypoint_head.fc.bias', { shape: [6], data: new Float32Array(6) }),
    );
    await expect(readPoseCheckpoint(path)).rejects.toThrow('head.fc.bias has 6 rows, expected a multiple of 4');
  });
});

const scalar = (): StateTensor => ({ shape: [], data: Float32Array.of(0) });

function dropAll(tensors: Map<string, StateTensor>, prefix: string): void {
  for (const name of [...tensors.keys()]) if (name.startsWith(prefix)) tensors.delete(name);
}

describe('shapes', () => {
  test('of the published ResNet-50 with RLE head count what the official code has', () => {
    const backbone = { kind: 'resnet', depth: 50, width: 64, stem: 7, channels: 2048 } as const;
    const flow = (name: 'flow' | 'flow2d' | 'flow3d', dims: number) => ({ name, dims, couplings: 6, hidden: 64 });
    const count = (dims: number, flows: ReturnType<typeof flow>[]) =>
      shapesOf({ backbone, head: 'rle', sigma: true, joints: 17, dims, flows });
    const tensors = count(2, [flow('flow', 2)]);
    expect(tensors.size + 1).toBe(395); // and the mask
    expect(parameterCount(new Map([...tensors].map(([name, shape]) => [name, { shape }])))).toBe(23_701_148);
    expect(count(3, [flow('flow2d', 2), flow('flow3d', 3)]).size + 2).toBe(468);
  });
});

describe("PyTorch's golden regressor", () => {
  const { regressor: goldens } = JSON.parse(
    readFileSync(new URL('../../../test/golden/torch_golden.json', import.meta.url), 'utf8'),
  ) as { readonly regressor: readonly RegressorGolden[] };

  test('of full size comes through a file', async () => {
    const [golden] = goldens;
    const device = cpu();
    const { params, state, images } = goldenModel(device, golden);
    const own = new Map([...(await downloadState(params)), ...(await downloadState(state))]);
    const { conventions } = await readPoseCheckpoint(file('official-legacy.pth'));
    const path = file(`golden-${golden.depth}.safetensors`);
    const architecture = { head: 'rle', sigma: true, joints: golden.joints, dims: 2, flows: [] } as const;
    const checkpoint: PoseCheckpoint = { path, naming: 'official', architecture, conventions, state: own };
    await writePoseCheckpoint(path, checkpoint, 'mmpose');
    const loaded = networkOf(device, await readPoseCheckpoint(path));
    const mode = { training: false, ...loaded.head };
    const [{ mu, logit }] = regressor.apply(loaded.params as typeof params, loaded.state as typeof state, images, mode);
    expectCloseInNorm(await values(mu), golden.eval.mu, REFERENCE_RELATIVE, 'mu');
    expectCloseInNorm(await values(logit), golden.eval.sigma_logit, REFERENCE_RELATIVE, 'logit');
  });
});

describe.runIf(torchPython)("networks of this machine's PyTorch", () => {
  test('compute what PyTorch computes, whoever named them and however they were saved', async () => {
    runTorch(fileURLToPath(new URL('../golden/make_torch_models.py', import.meta.url)), folder);
    const expected = JSON.parse(readFileSync(file('expected.json'), 'utf8')) as Record<
      string,
      ModelGolden & { readonly features?: Nested }
    >;
    expect(Object.keys(expected).length).toBeGreaterThanOrEqual(6);
    const device = cpu();
    for (const [name, want] of Object.entries(expected)) {
      const checkpoint = await readPoseCheckpoint(file(`${name}.pth`));
      if (want.features === undefined) {
        await expectOutputs(device, networkOf(device, checkpoint), want, REFERENCE_RELATIVE);
        continue;
      }
      // torchvision's own ResNet-18, full size, as the backbone of a head that takes no part.
      const { params, state } = networkOf(device, checkpoint);
      const [features] = backbone.apply(params.preact, state.preact, goldenImages(device, want.size), {
        training: false,
      });
      expectCloseInNorm(await values(globalAveragePool(features)), want.features, REFERENCE_RELATIVE, name);
    }
  });
});
