import { describe, expect, test } from 'vitest';
import { grad, vjp } from '../src/autograd/grad.js';
import { mul } from '../src/kernels/elementwise/arithmetic.js';
import { batchNorm, batchNormAddRelu, batchNormRelu } from '../src/kernels/norm/batchNorm.js';
import { batchNormCases } from '../src/kernels/norm/batchNormCases.js';
import {
  batchNormAddReluGradCases,
  batchNormGradCases,
  batchNormReluGradCases,
} from '../src/kernels/norm/batchNormGradCases.js';
import { columnPlan } from '../src/kernels/norm/columnPlan.js';
import { sum } from '../src/kernels/reduction/sum.js';
import type { LaunchContext } from '../src/tensor/backend.js';
import { cpu } from '../src/tensor/cpu.js';
import { Rng } from '../src/tensor/rng.js';
import { type Shape, sizeOf } from '../src/tensor/shape.js';
import type { Device, Tensor } from '../src/tensor/tensor.js';
import { webgpu } from '../src/tensor/webgpu.js';
import { checkOnDevice } from '../src/testing/checkSample.js';
import { sharedGpu, withGpu } from './adapter.js';
import { expectClose, values } from './numbers.js';
import { FLOAT32_EPSILON, kernelTolerance } from './tolerance.js';

const SEED = 20260102;

function normals(shape: Shape, mean: number): Float32Array {
  const rng = new Rng(SEED);
  return Float32Array.from({ length: sizeOf(shape) }, () => mean + rng.normal());
}

type Vectors = [gamma: Tensor, beta: Tensor, runningMean: Tensor, runningVar: Tensor];

function vectors(device: Device, channels: number): Vectors {
  const fill = (value: number) => device.tensor(new Float32Array(channels).fill(value));
  return [fill(1), fill(0), fill(0), fill(1)];
}

describe('columnPlan', () => {
  test.each([
    [[32, 64, 48, 64], 'gpu'],
    [[32, 64, 48, 64], 'software'],
    [[2, 1], 'gpu'],
    [[7, 3], 'software'],
    [[9, 41, 72], 'gpu'],
    [[1, 100_003, 1, 2], 'gpu'],
    [[32, 8, 6, 2048], 'gpu'],
  ] as const)('covers %j on %s', (shape, tier) => {
    const { tile, M, C, chunks, chunkRows, groupRows, firstGrid, secondGrid } = columnPlan(shape, tier);
    expect(C * tile.lanes).toBe(shape[shape.length - 1]);
    expect(M * C * tile.lanes).toBe(sizeOf(shape));
    expect(tile.across * tile.down).toBe(tier === 'gpu' ? 256 : 128);
    expect(firstGrid[0] * tile.across).toBeGreaterThanOrEqual(C);
    // No chunk and no workgroup is empty, and none is missing.
    for (const [parts, rows] of [
      [chunks, chunkRows],
      [secondGrid[1], groupRows],
    ]) {
      expect(parts * rows).toBeGreaterThanOrEqual(M);
      expect((parts - 1) * rows).toBeLessThan(M);
    }
    // On a GPU only the last threads have less than whole rounds of loads.
    const round = tier === 'gpu' ? 4 * tile.down : 1;
    expect([chunkRows % round, groupRows % round]).toEqual([0, 0]);
    // What the forward pass leaves for the gradient is sized for the GPU's plan.
    expect(chunks).toBeLessThanOrEqual(columnPlan(shape, 'gpu').chunks);
  });

  test.each([[[32, 56, 56, 64]], [[32, 64, 48, 64]], [[32, 8, 6, 512]]])(
    'has as many bytes on their way on a GPU as an H200 wants, for %j',
    (shape) => {
      const { tile, firstGrid, secondGrid } = columnPlan(shape);
      for (const [x, y] of [firstGrid, secondGrid]) {
        expect(x * y * tile.across * tile.down * tile.loads * 4 * tile.lanes).toBeGreaterThan(0.9 * 4.8e12 * 0.7e-6);
      }
    },
  );
});

test('differentiated twice, batch norm says so by name', () => {
  const device = cpu();
  const x = device.tensor(normals([6, 3], 0), [6, 3]);
  const loss = (t: Tensor) => {
    const [y] = batchNorm(t, ...vectors(device, 3));
    return sum(mul(mul(y, y), y));
  };
  expect(() => grad((t: Tensor) => sum(grad(loss)(t)))(x)).toThrow(/^batchNorm: this op is differentiable once only/);
});

describe.runIf(withGpu)('batch norm on the GPU', () => {
  test('takes two dispatches forward and two backward, residual and ReLU included', async () => {
    const device = await sharedGpu();
    const shape = [5, 4, 3, 8];
    const x = device.tensor(normals(shape, 0), shape);
    const residual = device.tensor(normals(shape, 1), shape);
    const g = device.tensor(normals(shape, 2), shape);
    const v = vectors(device, 8);
    await x.data();
    const before = device.stats().dispatches;
    const inputs = { x, gamma: v[0], beta: v[1], residual };
    vjp((p: typeof inputs) => batchNormAddRelu(p.x, p.gamma, p.beta, v[2], v[3], p.residual)[0], inputs, g);
    expect(device.stats().dispatches - before).toBe(4);
  });

  test.each([0, 1000, 30_000])('keeps the digits of data around %f', async (mean) => {
    const shape = [4099, 6];
    const data = normals(shape, mean);
    const run = async (device: Device) => {
      const outputs = batchNorm(device.tensor(data, shape), ...vectors(device, 6), { momentum: 1 });
      return Promise.all(outputs.map(values));
    };
    const [[y, runningMean, runningVar], [expectedY, expectedMean, expectedVar]] = [
      await run(await sharedGpu()),
      await run(cpu()),
    ];
    // The mean is a float: half an ulp of it (and a few from merging chunks) is what y may be off by, at a deviation of 1.
    const absolute = 4 * FLOAT32_EPSILON * Math.max(1, mean);
    const { relative } = kernelTolerance(data.length);
    expectClose(runningMean, expectedMean, { absolute }, 'mean');
    expectClose(y, expectedY, { absolute: absolute + relative, relative }, 'y');
    // Summing x^2 - mean^2 instead would lose mean^2 / 2^24: all digits at 30,000.
    expectClose(runningVar, expectedVar, { relative: relative + 2 * absolute }, 'variance');
  });

  test("the GPU's plan and the software driver's give the same result", async () => {
    const device = await sharedGpu();
    const shape = [16, 33, 31, 20];
    const x = device.tensor(normals(shape, 3), shape);
    const { def } = batchNormRelu;
    const results = ['gpu', 'software'].map((tier) => {
      const [gamma, beta, mean, variance] = vectors(device, 20);
      const inputs = [x, gamma, beta, mean, variance];
      const saved = device.zeros([1 + columnPlan(shape).chunks, 2, 20]);
      const outputs = [mean, variance, device.zeros(shape), saved];
      const launches = (i: readonly Tensor[], o: readonly Tensor[], a: never, context: LaunchContext) =>
        def.launches(i, o, a, { ...context, capabilities: { ...context.capabilities, tier: tier as 'gpu' } });
      device.run({ ...def, launches }, inputs, outputs, def.attrs as never);
      return outputs;
    });
    expect(columnPlan(shape, 'gpu').chunks).toBeGreaterThan(columnPlan(shape, 'software').chunks);
    for (const k of [0, 1, 2]) {
      const [gpu, software] = await Promise.all(results.map((outputs) => values(outputs[k])));
      expectClose(gpu, software, kernelTolerance(x.size), `output ${k}`);
    }
  });

  test('the kernels of a GPU agree with the reference, however many rows and channels there are', async () => {
    const device = await webgpu({ assume: { tier: 'gpu' } });
    const rng = new Rng(SEED);
    for (const channels of [3, 20, 64]) {
      const shape = [8 + Math.floor(1500 * rng.uniform()), channels];
      const saved = { shape: [1 + columnPlan(shape).chunks, 2, channels], lo: 0.5, hi: 1.5 };
      const vector = { shape: [channels] };
      const moments = [vector, vector, vector, vector];
      const backward = [{ shape }, { shape }, vector, saved];
      const masked = [...backward, { shape, avoid: [0] }];
      await checkOnDevice(batchNormCases(), { inputs: [{ shape, lo: -2, hi: 3 }, ...moments], order: 1 }, device, SEED);
      await checkOnDevice(batchNormGradCases(), { inputs: backward, order: 0 }, device, SEED);
      await checkOnDevice(batchNormReluGradCases(), { inputs: masked, order: 0 }, device, SEED);
      await checkOnDevice(batchNormAddReluGradCases(), { inputs: masked, order: 0 }, device, SEED);
    }
  });
});
