import { describe, expect, test } from 'vitest';
import * as resnet from '../../src/nn/resnet.js';
import { namedTensors, parameterCount } from '../../src/nn/tree.js';
import * as regressor from '../../src/rle/regressor.js';
import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Device } from '../../src/tensor/tensor.js';
import { values } from '../numbers.js';

/** A device that keeps no elements: parameter counts of the large networks need none. */
function withoutData(): Device {
  const device = cpu();
  const shared = device.zeros([1]).allocation;
  return Object.assign(device, { allocate: () => shared, write: () => {} });
}

// RLE.md 3.1, from torchvision: backbone; with head of 17 joints; with flow. Tensors with `num_batches_tracked`.
describe.each([
  [18, 11_176_512, 11_211_396, 11_265_180, 120],
  [34, 21_284_672, 21_319_556, 21_373_340, 216],
  [50, 23_508_032, 23_647_364, 23_701_148, 318],
  [101, 42_500_160, 42_639_492, 42_693_276, 624],
  [152, 58_143_808, 58_283_140, 58_336_924, 930],
] as const)('ResNet-%i', (depth, backbone, withHead, withFlow, tensors) => {
  test("has torchvision's parameters and statistics", () => {
    const noDraws = Object.assign(new Rng(0), { uniform: () => 0, normal: () => 0 });
    const { params, state } = regressor.init(noDraws, withoutData(), { depth, joints: 17 });
    expect(parameterCount(params.preact)).toBe(backbone);
    expect(parameterCount({ ...params, flow: {} })).toBe(withHead);
    expect(parameterCount(params)).toBe(withFlow);
    const statistics = namedTensors(state.preact).size;
    expect(namedTensors(params.preact).size + statistics + statistics / 2).toBe(tensors);
  });
});

describe('names', () => {
  test("are torchvision's, in the order of named_parameters()", () => {
    const { params, state } = resnet.init(new Rng(0), cpu(), { depth: 50, width: 4 });
    const names = [...namedTensors(params).keys()];
    expect(names.slice(0, 15)).toEqual([
      'conv1.weight',
      'bn1.weight',
      'bn1.bias',
      'layer1.0.conv1.weight',
      'layer1.0.bn1.weight',
      'layer1.0.bn1.bias',
      'layer1.0.conv2.weight',
      'layer1.0.bn2.weight',
      'layer1.0.bn2.bias',
      'layer1.0.conv3.weight',
      'layer1.0.bn3.weight',
      'layer1.0.bn3.bias',
      'layer1.0.downsample.0.weight',
      'layer1.0.downsample.1.weight',
      'layer1.0.downsample.1.bias',
    ]);
    expect([...namedTensors(state).keys()]).toContain('layer4.0.downsample.1.running_var');
  });

  test('an unknown depth is refused', () => {
    expect(() => resnet.init(new Rng(0), cpu(), { depth: 20 as 18 })).toThrow(/18, 34, 50, 101, 152, got 20/);
  });
});

describe('features', () => {
  const images = (device: Device) => {
    const rng = new Rng(3);
    return device.tensor(
      Float64Array.from({ length: 2 * 37 * 29 * 3 }, () => rng.normal()),
      [2, 37, 29, 3],
    );
  };

  test.each([
    [18, 3, [2, 2, 1, 32]],
    [50, 7, [2, 2, 1, 128]],
  ] as const)('of depth %i with a %ix stem are 32 times smaller, rounded up', (depth, stem, shape) => {
    const device = cpu();
    const { params, state } = resnet.init(new Rng(1), device, { depth, width: 4, stem });
    expect(params.conv1.weight.shape).toEqual([stem, stem, 3, 4]);
    const [features] = resnet.apply(params, state, images(device), { training: false });
    expect(features.shape).toEqual(shape);
    expect(resnet.channelsOf(params)).toBe(shape[3]);
  });

  test('in training the statistics move and are counted; in evaluation they stay', async () => {
    const device = cpu();
    const { params, state } = resnet.init(new Rng(1), device, { width: 4, stem: 3 });
    const [, same] = resnet.apply(params, state, images(device), { training: false });
    expect(await values(same.layer3[1].bn2!.running_mean)).toEqual(new Array(16).fill(0));
    const [, next] = resnet.apply(params, same, images(device), { training: true });
    expect((await values(next.layer3[1].bn2!.running_mean)).every((m) => m !== 0)).toBe(true);
    expect(next.layer3[1].bn2!.num_batches_tracked).toBe(1);
    expect(state.bn1.running_mean.disposed).toBe(true);
  });

  test("filters start with torchvision's deviation, or PyTorch's on request", async () => {
    const deviation = async (weights: 'torchvision' | 'torch') => {
      const { params } = resnet.init(new Rng(1), cpu(), { width: 16, weights });
      const w = await values(params.layer2[0].conv2!.weight);
      return Math.sqrt(w.reduce((s, v) => s + v * v, 0) / w.length);
    };
    expect(await deviation('torchvision')).toBeCloseTo(Math.sqrt(2 / (9 * 32)), 2);
    expect(await deviation('torch')).toBeCloseTo(Math.sqrt(1 / (3 * 9 * 32)), 2);
  });
});
