import { describe, expect, test } from 'vitest';
import { productNamed, questionOf } from '../src/kernels/product/launch/blockPlans.js';
import { explainPlan } from '../src/kernels/product/launch/explainPlan.js';
import { matmul } from '../src/kernels/product/matmul.js';
import type { Capabilities } from '../src/tensor/backend.js';
import { cpu } from '../src/tensor/cpu.js';
import { kernelChoices } from '../src/testing/kernelChoices.js';
import { launchesOf } from '../src/testing/launchesOf.js';
import { casesOf } from '../src/testing/registry.js';
import { sharedGpu, withGpu } from './adapter.js';

const software: Capabilities = {
  ...{ tier: 'software', vendor: 'mesa', architecture: 'software', subgroupSize: 8 },
  ...{ float16: true, timestamps: true, maxBindingBytes: 2 ** 27 },
};
const hopper: Capabilities = { ...software, tier: 'gpu', vendor: 'nvidia', architecture: 'hopper', subgroupSize: 32 };

describe('explainPlan', () => {
  test('a question names a product, and nothing else does', () => {
    const shape = { op: 'conv2dInput', rows: 8, columns: 16, depth: 24, count: 2 };
    expect(productNamed(questionOf(shape))).toEqual(shape);
    for (const other of ['', 'double', 'matmul 1 x 2 x 3', 'matmul 1 x 2 x 3 x -1']) {
      expect(explainPlan(other, software)).toBeUndefined();
    }
  });

  test.each([
    ['matmul 512 x 512 x 512 x 1', software, /^8x2$/, /the 8 lanes of a subgroup share .* 16 x 32 sums/],
    ['matmul 4096 x 4 x 64 x 1', software, /^1x8x1$/, /With 4 columns, .* 8 rows of its own, 512 in a workgroup/],
    ['matmul 512 x 512 x 512 x 1', { ...software, subgroupSize: 0 }, /^1x4$/, /no size .* 4 x 4 sums; 8 x 8 of them/],
    ['matmul 64 x 64 x 65536 x 1', hopper, / in \d+$/, /132 processors .* cut into \d+ ranges .* another block, /],
  ])('%s is explained by what decides', (question, capabilities, plan, why) => {
    const explained = explainPlan(question, capabilities)!;
    expect(explained.plan).toMatch(plan);
    expect(explained.why).toMatch(why);
  });

  test.each([
    [64, 64, 65536],
    [512, 512, 512],
    [4096, 64, 576],
    [17, 51, 2048],
  ])('no other block is modelled as faster than that of %d x %d x %d', (rows, columns, depth) => {
    const { why } = explainPlan(questionOf({ op: 'matmul', rows, columns, depth, count: 1 }), hopper)!;
    expect(Number(/would take (\S+) times/.exec(why)?.[1])).toBeGreaterThanOrEqual(1);
  });

  test('a measured choice is said to be one', () => {
    const choices = { pick: () => '64x64x16/4x4 in 2' };
    expect(explainPlan('matmul 64 x 64 x 65536 x 1', { ...hopper, choices })).toEqual({
      plan: '64x64x16/4x4 in 2',
      why: expect.stringMatching(/measured on this adapter/),
    });
  });
});

describe('the CPU reference', () => {
  test('has no choice of kernels', () => {
    expect(kernelChoices(matmul, { inputs: [{ shape: [4, 4] }, { shape: [4, 4] }] }, cpu())).toEqual([]);
  });
});

describe.runIf(withGpu)('on a device', () => {
  const call = { inputs: [{ shape: [5, 8] }, { shape: [8, 4] }] };

  test('a product is a choice among kernels, and what it launches is what was chosen', async () => {
    const device = await sharedGpu();
    const before = device.memory().live.buffers;
    const [choice, ...others] = kernelChoices(matmul, call, device);
    expect(others).toEqual([]);
    expect(choice.question).toBe('matmul 5 x 4 x 8 x 1');
    expect(choice.candidates[0]).toBe(choice.chosen);
    expect(new Set(choice.candidates).size).toBe(choice.candidates.length);
    const [launch] = launchesOf(matmul, call, device);
    expect(launch.program.code).toMatch(/@compute/);
    expect(launch.grid.every((n) => n >= 1)).toBe(true);
    expect(device.memory().live.buffers).toBe(before);
  });

  test('an op of one kernel is no choice, and a view launches nothing', async () => {
    const device = await sharedGpu();
    const [reshape] = casesOf(['reshape']);
    expect(kernelChoices(reshape.op, reshape.samples[0], device)).toEqual([]);
    expect(launchesOf(reshape.op, reshape.samples[0], device)).toEqual([]);
  });
});
