import { afterEach, describe, expect, test } from 'vitest';
import type { AnyOp } from '../src/autograd/op.js';
import { ShapeError } from '../src/errors.js';
import { conv2d, conv2dInput, conv2dWeight } from '../src/kernels/product/conv2d.js';
import { BLOCKS, planLabel } from '../src/kernels/product/launch/blockPlans.js';
import { matmul } from '../src/kernels/product/matmul.js';
import { type Block, blockLabel, sharedBytes, threadsOf } from '../src/kernels/wgsl/blocked.wgsl.js';
import { Rng } from '../src/tensor/rng.js';
import { webgpu } from '../src/tensor/webgpu.js';
import { checkKernel } from '../src/testing/checkKernel.js';
import { drawOperands } from '../src/testing/checkSample.js';
import { launchesOf } from '../src/testing/launchesOf.js';
import { withGpu } from './adapter.js';

const SEED = 20261130;
/** Blocks that are drawn; about one in fifteen is covered by its invocations. */
const DRAWS = 120;

interface Call {
  readonly name: string;
  readonly op: AnyOp;
  readonly inputs: readonly number[][];
  readonly attrs?: object;
}

const call = (name: string, op: unknown, x: number[], y: number[], attrs?: object): Call => ({
  ...{ name, op: op as AnyOp, inputs: [x, y], attrs },
});

/** Products that end within a block, in whole vec4s or not, for every form of every template. */
const CALLS = [
  call('matmul, vec4s', matmul, [70, 52], [52, 76]),
  call('matmul, single numbers', matmul, [69, 51], [51, 73]),
  call('matmul, A transposed', matmul, [52, 68], [52, 76], { transA: true }),
  call('matmul, B transposed', matmul, [69, 52], [76, 52], { transB: true }),
  call('conv2d, vec4s', conv2d, [2, 7, 6, 12], [3, 3, 12, 44], { padding: 1 }),
  call('conv2d, groups', conv2d, [2, 9, 8, 24], [3, 2, 12, 40], { stride: 2, groups: 2 }),
  call('conv2dInput, vec4s', conv2dInput, [2, 7, 6, 12], [3, 3, 44, 12], { inputSize: [7, 6], padding: 1 }),
  call('conv2dInput, stride', conv2dInput, [2, 4, 4, 10], [3, 2, 7, 10], {
    ...{ inputSize: [8, 7], stride: 2, padding: [1, 1] },
  }),
  call('conv2dWeight, vec4s', conv2dWeight, [2, 7, 6, 12], [2, 7, 6, 44], { kernel: [3, 3], padding: 1 }),
  call('conv2dWeight, few channels', conv2dWeight, [2, 7, 6, 3], [2, 7, 6, 20], { kernel: [3, 3], padding: 1 }),
];

/** Blocks of any shape that every adapter has invocations and workgroup memory for; most leave something out. */
function drawBlocks(): Block[] {
  const rng = new Rng(SEED);
  const pick = (of: readonly number[]) => of[Math.floor(rng.uniform() * of.length)];
  const extents = [16, 32, 64, 128, 16, 32, 64, 128, 12, 20, 24, 36, 48, 68, 72, 96];
  const drawn = Array.from({ length: DRAWS }, () => ({
    ...{ rows: pick(extents), columns: pick(extents), depth: pick([4, 8, 16, 32, 2, 6, 12, 20]) },
    ...{ threadRows: pick([1, 2, 4, 8, 2, 4, 8, 3, 6]), threadColumns: pick([4, 8, 4, 8, 2, 12]) },
  }));
  return drawn.filter((block) => threadsOf(block) <= 256 && sharedBytes(block, 'depth') <= 16384);
}

describe.runIf(withGpu)('a block of any shape', () => {
  const built = BLOCKS.length;
  afterEach(() => {
    (BLOCKS as Block[]).length = built;
  });

  test.each(CALLS)('computes $name right or is refused', async ({ op, inputs: shapes, attrs }) => {
    const device = await webgpu({ assume: { tier: 'gpu', subgroupSize: 0 }, quiet: true });
    const sample = { inputs: shapes.map((shape) => ({ shape })), attrs };
    let right = 0;
    let refused = 0;
    for (const [i, block] of drawBlocks().entries()) {
      (BLOCKS as Block[]).push(block);
      const label = planLabel({ block, splits: 1 + (i % 2) });
      device.capabilities.choices = { pick: () => label };
      try {
        expect(launchesOf(op, sample, device)[0].program.label).toContain(
          `rows ${block.rows} columns ${block.columns}`,
        );
      } catch (error) {
        expect(error, label).toBeInstanceOf(ShapeError);
        expect((error as Error).message).toMatch(`block ${blockLabel(block)}: `);
        refused++;
        continue;
      }
      await checkKernel(op, drawOperands(sample, SEED), attrs, device).catch((error) => {
        throw new Error(`${label}: ${error.message}`, { cause: error });
      });
      right++;
    }
    expect(right).toBeGreaterThan(3);
    expect(refused).toBeGreaterThan(right);
    device.destroy();
  });
});
