import { describe, expect, test } from 'vitest';
import type { StoredTensor } from 'wgrad/io';
import { describeArchitecture } from '../../src/checkpoints/architecture.js';
import { requirePoseNetwork } from '../../src/checkpoints/networkOf.js';
import { poseCheckpointOf } from '../../src/checkpoints/poseCheckpoint.js';
import { readTorchState } from '../../src/formats/torch/torchState.js';
import type { WeightsFile } from '../../src/formats/weightsFile.js';
import { committedModel } from './torchModels.js';
import { committedNetwork } from './torchNetworks.js';

const CHANNELS = 32;

/** A file of a backbone of mmpose's with a layer of so many rows on it, as mmpretrain and mmpose both call it. */
async function withLayer(bytes: Uint8Array, rows: number, config?: string): Promise<WeightsFile> {
  const { tensors, metadata, ...rest } = await readTorchState(bytes, 'file');
  const kept = [...tensors]
    .filter(([name]) => !/head\.|^final_layer\./.test(name))
    .map(([name, tensor]) => [name.replace(/^(?!backbone\.)/, 'backbone.'), tensor] as const);
  const layer = (name: string, ...shape: number[]) =>
    [name, { shape, dtype: 'F32', data: new Float32Array(shape.reduce((a, b) => a * b)) }] as const;
  const head = [layer('head.fc.weight', rows, CHANNELS), layer('head.fc.bias', rows)];
  const neck = rows === 1000 ? [layer('neck.increase_layers.0.0.conv1.weight', 1)] : [];
  return {
    ...rest,
    tensors: new Map<string, StoredTensor>([...kept, ...head, ...neck]),
    metadata: { ...(config && { 'meta.cfg': config }) },
  };
}

const open = async (...file: Parameters<typeof withLayer>) => poseCheckpointOf(await withLayer(...file), 'file.pth');
const resnet = () => committedModel('mmpose0-zip');

describe("a classifier in mmpose's names", () => {
  test.each([
    ['mmpose0-zip', resnet, 'preact.fc'],
    ['mmpose1-mobilenet', () => committedNetwork('mmpose1-mobilenet'), 'preact.classifier.1'],
    // Below the backbone its authors' names are mmpretrain's.
    ['microsoft-hrnet', () => committedNetwork('microsoft-hrnet'), 'preact.classifier'],
  ])('on the backbone of %s is no network of 500 joints', async (_, bytes, layer) => {
    const { architecture, conventions, state } = await open(bytes(), 1000);
    expect(describeArchitecture(architecture)).toMatch(/, classifier of 1000 classes$/);
    expect(architecture).toMatchObject({ head: 'none', joints: 0, classes: 1000 });
    expect(conventions.size).toEqual([224, 224]);
    expect(state.get(`${layer}.weight`)?.shape).toEqual([1000, CHANNELS]);
    expect(() => requirePoseNetwork('file.pth', architecture)).toThrow(
      'file.pth: a classifier of 1000 classes, which says nothing of joints; train --init file.pth trains a head for it',
    );
  });

  test('is told by its configuration however few its classes are, and by an odd number of them', async () => {
    const told = async (...more: [number, string?]) => (await open(resnet(), ...more)).architecture;
    expect(await told(10, "model = dict(head=dict(type='LinearClsHead', num_classes=10))")).toMatchObject({
      classes: 10,
    });
    expect(await told(365)).toMatchObject({ classes: 365 });
    const joints = await told(34, "model = dict(head=dict(type='RegressionHead', num_joints=17))");
    expect(joints).toMatchObject({ head: 'regression', joints: 17 });
    expect(joints.classes).toBeUndefined();
    // DeepFashion2 has the most.
    expect(await told(588)).toMatchObject({ head: 'regression', joints: 294 });
  });
});
