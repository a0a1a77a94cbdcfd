import { describe, expect, test } from 'vitest';
import type { OpCases, Sample } from '../src/autograd/cases.js';
import { defineOp } from '../src/autograd/op.js';
import { conv2dCases, conv2dInputCases, conv2dWeightCases } from '../src/kernels/product/conv2dCases.js';
import { conv2dNormCases } from '../src/kernels/product/conv2dNorm.js';
import type { ConvGeometry } from '../src/kernels/product/convGeometry.js';
import { BLOCKS, planLabel } from '../src/kernels/product/launch/blockPlans.js';
import {
  selectConv,
  selectSplits,
  selectTile,
  selectWeightChunk,
  tileGrid,
  weightGrid,
} from '../src/kernels/product/launch/select.js';
import { linearCases } from '../src/kernels/product/linear.js';
import { matmulCases } from '../src/kernels/product/matmul.js';
import { type Block, blockLabel } from '../src/kernels/wgsl/blocked.wgsl.js';
import type { Capabilities } from '../src/tensor/backend.js';
import type { Device } from '../src/tensor/tensor.js';
import { webgpu } from '../src/tensor/webgpu.js';
import { checkKernel } from '../src/testing/checkKernel.js';
import { checkOnDevice, drawOperands, halfSamples } from '../src/testing/checkSample.js';
import { gpuOf, sharedGpu, withGpu } from './adapter.js';

const gpu: Capabilities = {
  ...{ tier: 'gpu', vendor: 'nvidia', architecture: 'hopper', subgroupSize: 32 },
  ...{ float16: true, timestamps: true, maxBindingBytes: 2 ** 27 },
};
const llvmpipe: Capabilities = { ...gpu, tier: 'software', vendor: 'mesa', architecture: 'software', subgroupSize: 8 };

const conv: ConvGeometry = {
  ...{ batch: 32, inSize: [16, 16], inC: 32, outSize: [16, 16], outC: 64, kernel: [3, 3] },
  ...{ stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 },
};

describe('select', () => {
  test('software adapters with one subgroup size share 16 rows in a subgroup, others take a tile per invocation', () => {
    expect(selectTile(llvmpipe)).toEqual({ lanes: 8, rowsPerLane: 2 });
    expect(selectTile({ ...llvmpipe, subgroupSize: 4 })).toEqual({ lanes: 4, rowsPerLane: 4 });
    expect(selectTile({ ...llvmpipe, subgroupSize: 16 })).toEqual({ lanes: 16, rowsPerLane: 1 });
    for (const capabilities of [gpu, { ...llvmpipe, subgroupSize: 0 }, { ...llvmpipe, subgroupSize: 64 }]) {
      expect(selectTile(capabilities)).toEqual({ lanes: 1, rowsPerLane: 4 });
    }
  });

  test('groups narrower than a vec4 go direct, one channel per group depthwise unless the filter is very wide', () => {
    expect(selectConv(conv)).toBe('tiled');
    expect(selectConv({ ...conv, inC: 3 })).toBe('tiled');
    expect(selectConv({ ...conv, groups: 32 })).toBe('direct');
    expect(selectConv({ ...conv, groups: 32, outC: 32 })).toBe('depthwise');
    expect(selectConv({ ...conv, groups: 32, outC: 32, kernel: [3, 17] })).toBe('direct');
    expect(selectConv({ ...conv, inC: 1, outC: 1 })).toBe('tiled');
    expect(selectConv({ ...conv, groups: 2 })).toBe('tiled');
  });

  test('grids cover all outputs with whole tiles', () => {
    expect(tileGrid({ lanes: 8, rowsPerLane: 2 }, 33, 65)).toEqual([3, 3]);
    expect(tileGrid({ lanes: 1, rowsPerLane: 4 }, 33, 65)).toEqual([3, 2]);
    expect(weightGrid({ lanes: 8, rowsPerLane: 2 }, conv)).toEqual([2, 9 * 2]);
  });

  test('the taps of a filter share tiles of its gradient where channels alone would leave them empty', () => {
    const tile = { lanes: 8, rowsPerLane: 2 };
    expect(weightGrid(tile, { ...conv, inC: 3, kernel: [7, 7] })).toEqual([2, Math.ceil(147 / 16)]);
    expect(weightGrid(tile, { ...conv, inC: 24, groups: 2 })).toEqual([1, Math.ceil(108 / 16)]);
    expect(weightGrid({ lanes: 1, rowsPerLane: 4 }, { ...conv, inC: 3, kernel: [7, 7] })).toEqual([2, 2]);
    expect(weightGrid(tile, { ...conv, inC: 3, kernel: [1, 1] })).toEqual([2, 1]);
  });

  test('sums are split until the adapter is busy, but never into crumbs or out of memory', () => {
    expect(selectSplits(1 << 20, 1e6, 128, 4, gpu)).toBe(1);
    expect(selectSplits(64, 1e6, 128, 4, gpu)).toBe(512);
    expect(selectSplits(64, 256, 128, 4, gpu)).toBe(2);
    expect(selectSplits(64, 1e6, 128, 2 ** 24, gpu)).toBe(2);
    expect(selectSplits(64, 1e6, 128, 2 ** 30, gpu)).toBe(1);
  });

  test('a weight gradient on a real GPU is split over pixels in blocks of the lanes, on a CPU driver hardly', () => {
    const pixels = 32 * 16 * 16;
    for (const capabilities of [gpu, llvmpipe]) {
      const chunk = selectWeightChunk(conv, selectTile(capabilities), capabilities);
      expect(chunk % selectTile(capabilities).lanes).toBe(0);
      expect(chunk).toBeGreaterThanOrEqual(128);
    }
    expect(Math.ceil(pixels / selectWeightChunk(conv, selectTile(gpu), gpu))).toBeGreaterThan(16);
    expect(Math.ceil(pixels / selectWeightChunk(conv, selectTile(llvmpipe), llvmpipe))).toBeLessThanOrEqual(2);
  });
});

const SEED = 20260102;
const byName = (cases: OpCases) => [cases.op.def.name, cases] as const;
const tiled = [conv2dCases(), conv2dInputCases(), conv2dWeightCases(), matmulCases()].map(byName);

describe.runIf(withGpu)('a long launch', () => {
  test.each(tiled)('of %s gives the same result in as many pieces as it has workgroups', async (_, cases) => {
    const { def } = cases.op;
    const inPieces: typeof def.launches = (...call) =>
      def
        .launches(...call)
        .map((launch) => (launch.split ? { ...launch, split: { ...launch.split, flop: 1e15 } } : launch));
    const op = defineOp({ ...def, launches: inPieces } as never);
    const device = await sharedGpu();
    const before = device.stats().dispatches;
    for (const sample of cases.samples) {
      await checkKernel(op, drawOperands(sample, SEED), sample.attrs, device);
    }
    expect(device.stats().dispatches - before).toBeGreaterThan(cases.samples.length);
  });
});

// Kernels for adapters that are not here run on the adapter that is: they must be right everywhere. A software driver
// takes seconds to compile one, so few samples of each op meet the block that compiles fastest, and few ops the others.
describe.runIf(withGpu)('the kernels of a real GPU', () => {
  const SAMPLES = 4;
  const fastToCompile = BLOCKS.find(({ rows, columns }) => rows === 64 && columns === 64) as Block;
  const forced = (block: Block, splits: number) =>
    webgpu({ assume: { tier: 'gpu', subgroupSize: 32, choices: { pick: () => planLabel({ block, splits }) } } });
  const check = ({ op }: OpCases, { inputs, attrs }: Sample, device: Device) =>
    checkKernel(op, drawOperands({ inputs }, SEED), attrs, device);

  test.each([...tiled, ...[linearCases(), conv2dNormCases()].map(byName)])(
    '%s agrees with the reference',
    async (_, cases) => {
      const [whole, split] = [await forced(fastToCompile, 1), await forced(fastToCompile, 4)];
      for (const [i, sample] of cases.samples.slice(0, SAMPLES).entries()) {
        await check(cases, sample, i % 2 === 0 ? whole : split);
      }
      for (const device of [whole, split]) device.destroy();
    },
  );

  test.each(tiled)('%s agrees with the reference in float16', async (_, cases) => {
    const device = await forced(fastToCompile, 2);
    for (const sample of halfSamples(cases).slice(0, 2)) await check(cases, sample, device);
    device.destroy();
  });

  // llvmpipe offers subgroups of its own size, which is all that these kernels ask for.
  test('agree with the reference where they ask for a size of subgroups', async ({ skip }) => {
    const shared = await sharedGpu();
    const narrowSubgroup = shared.capabilities.subgroupSize;
    if (!narrowSubgroup || !gpuOf(shared).features.has('subgroup-size-control' as GPUFeatureName)) skip();
    const pick = () => planLabel({ block: fastToCompile, splits: 2 });
    const device = await webgpu({ assume: { tier: 'gpu', narrowSubgroup, choices: { pick } } });
    for (const cases of [conv2dCases(), conv2dInputCases(), conv2dWeightCases()]) {
      await check(cases, cases.samples[1], device);
    }
    device.destroy();
  });

  test.each(BLOCKS.filter((block) => block !== fastToCompile).map((block) => [blockLabel(block), block] as const))(
    'blocks of %s give both kinds of products',
    async (_, block) => {
      const device = await forced(block, 2);
      const [along, across] = [conv2dCases(), conv2dWeightCases()];
      await check(along, along.samples[1], device);
      await check(across, across.samples[1], device);
      device.destroy();
    },
  );
});

describe.runIf(withGpu)('columns in common', () => {
  // The tile of a software adapter for few columns, whose workgroups take 512 rows.
  test.each([
    [
      conv2dCases(),
      [
        [2, 24, 23, 3],
        [3, 3, 3, 5],
      ],
      { padding: 1 },
    ],
    [
      conv2dInputCases(),
      [
        [2, 24, 23, 8],
        [3, 3, 3, 8],
      ],
      { padding: 1, inputSize: [24, 23] },
    ],
    [
      matmulCases(),
      [
        [1100, 9],
        [9, 6],
      ],
      {},
    ],
  ] as const)('%# are chosen for many rows, and agree with the reference', async (cases, shapes, attrs) => {
    const sample = { inputs: shapes.map((shape) => ({ shape })), attrs } as unknown as Sample;
    await checkOnDevice(cases as OpCases, sample, await sharedGpu(), SEED);
  });

  test.each(tiled)('%s agrees with the reference', async (_, cases) => {
    const device = await webgpu({ assume: { choices: { pick: () => '1x8x1' } } });
    for (const sample of cases.samples) await checkOnDevice(cases, sample, device, SEED);
    device.destroy();
  });
});

describe.runIf(withGpu)('a software adapter whose subgroups vary', () => {
  test.each(tiled)('%s takes a tile per invocation, which agrees with the reference', async (_, cases) => {
    const device = await webgpu({ assume: { subgroupSize: 0 } });
    expect(selectTile(device.capabilities).lanes).toBe(1);
    for (const sample of cases.samples) await checkOnDevice(cases, sample, device, SEED);
    device.destroy();
  });
});
