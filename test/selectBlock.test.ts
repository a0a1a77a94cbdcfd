import { describe, expect, test } from 'vitest';
import {
  BLOCKS,
  blockPlans,
  type ProductShape,
  planLabel,
  planNamed,
  selectBlock,
} from '../src/kernels/product/launch/blockPlans.js';
import { NO_EPILOGUE } from '../src/kernels/product/launch/epilogue.js';
import { hardwareOf } from '../src/kernels/product/launch/hardware.js';
import { selectPlan, selectTile, tileGrid } from '../src/kernels/product/launch/select.js';
import { sharedBytes, threadsOf } from '../src/kernels/wgsl/blocked.wgsl.js';
import matmulBlockedWgsl from '../src/kernels/wgsl/matmulBlocked.wgsl.js';
import { identityOf } from '../src/tensor/adapterIdentity.js';
import type { Capabilities } from '../src/tensor/backend.js';

const gpu: Capabilities = {
  ...{ tier: 'gpu', vendor: 'nvidia', architecture: 'hopper', subgroupSize: 32 },
  ...{ float16: true, timestamps: true, maxBindingBytes: 2 ** 27 },
};
const llvmpipe: Capabilities = { ...gpu, tier: 'software', vendor: 'mesa', architecture: 'software', subgroupSize: 8 };

describe('selectBlock', () => {
  const product = (rows: number, columns: number, depth: number): ProductShape => ({
    ...{ op: 'matmul', rows, columns, depth, count: 1 },
  });

  test('every block stays inside what every adapter has, and its loads divide among its invocations', () => {
    for (const block of BLOCKS) {
      expect(threadsOf(block)).toBeLessThanOrEqual(256);
      expect(sharedBytes(block, 'depth')).toBeLessThanOrEqual(16384);
      expect((block.rows * block.depth) % (4 * threadsOf(block))).toBe(0);
      expect((block.columns * block.depth) % (4 * threadsOf(block))).toBe(0);
    }
  });

  test('a block whose invocations would leave out a part of a slab or of the outputs is refused', () => {
    const generate = (rows: number, columns: number, depth: number, threadRows: number, threadColumns: number) =>
      matmulBlockedWgsl({
        block: { rows, columns, depth, threadRows, threadColumns },
        ...{
          transA: true,
          transB: false,
          vecA: true,
          vecB: true,
          vecY: true,
          whole: true,
          epilogue: NO_EPILOGUE.epilogue,
        },
      });
    expect(generate(64, 64, 16, 8, 4)).toContain('@compute');
    expect(() => generate(64, 64, 4, 4, 2)).toThrow(
      'block 64x64x4/4x2: vec4s of columns per invocation: 0.5; expected',
    );
    expect(() => generate(32, 32, 2, 4, 4)).toThrow('vec4s along the depth: 0.5');
    expect(() => generate(96, 64, 16, 8, 4)).toThrow('vec4 loads of B per invocation: 1.3');
    expect(() => generate(128, 32, 4, 8, 4)).toThrow('vec4 loads of B per invocation: 0.25');
    expect(() => generate(60, 64, 16, 8, 4)).toThrow('invocations along the rows: 7.5');
    expect(() => generate(64, 68, 16, 8, 8)).toThrow('invocations along the columns: 8.5');
    expect(() => generate(96, 64, 16, 3, 4)).toThrow('vec2s of rows per invocation: 1.5');
  });

  test('large products take the largest block whole, few tiles with a deep sum are split, small ones take small blocks', () => {
    const label = (rows: number, columns: number, depth: number) =>
      planLabel(selectBlock(product(rows, columns, depth), gpu));
    expect(label(4096, 4096, 4096)).toBe('128x128x8/8x8 in 1');
    expect(label(98304, 64, 576)).toBe('128x64x8/8x8 in 1');
    expect(selectBlock(product(32, 512, 4608), gpu).splits).toBeGreaterThan(8);
    expect(label(448, 64, 64)).toBe('32x32x16/4x4 in 1');
  });

  test('the processors of the architecture decide, of the vendor where that is unknown, else those of a middling GPU', () => {
    const processors = (vendor: string, architecture: string) => hardwareOf({ vendor, architecture }).processors;
    expect(processors('amd', 'rdna-3')).toBe(48);
    expect(processors('amd', 'rdna-9')).toBe(processors('amd', ''));
    expect(processors('', '')).toBe(32);
    // Six tiles keep the six processors of a small GPU busy; a large one splits their sums.
    const splitsOn = (vendor: string, architecture: string) =>
      selectBlock(product(192, 128, 8192), { ...gpu, vendor, architecture }).splits;
    expect(splitsOn('intel', 'gen-12lp')).toBeLessThan(splitsOn('nvidia', 'hopper'));
  });

  test('only vendors with large register files get 64 sums per invocation unmeasured', () => {
    const sums = (names: Pick<Capabilities, 'vendor' | 'architecture'>) => {
      const { block } = selectBlock(product(4096, 4096, 4096), { ...gpu, ...names });
      return block.threadRows * block.threadColumns;
    };
    expect(sums({ vendor: 'apple', architecture: 'metal-3' })).toBe(32);
    expect(
      sums(identityOf({ vendor: '4098', architecture: '', description: 'AMD Radeon RX 7900 XTX (RADV NAVI31)' })),
    ).toBe(64);
    expect(sums(identityOf({ vendor: '4318', architecture: '', description: '' }))).toBe(64);
    const intel = { ...gpu, vendor: 'intel', architecture: 'gen-12hp' };
    const labelOn = (capabilities: Capabilities) => planLabel(selectBlock(product(4096, 4096, 4096), capabilities));
    expect(labelOn({ ...intel, narrowSubgroup: 8 })).toBe('64x64x16/4x4 in 1');
    expect(labelOn(intel)).toBe('32x32x16/2x4 in 1');
  });

  test('the subgroup size that a kernel asks for is all that differs where A lies along its rows, and 0 asks for none', () => {
    const generate = (subgroup?: number) =>
      matmulBlockedWgsl({
        ...{
          block: BLOCKS[0],
          subgroup,
          transA: true,
          transB: false,
          vecA: true,
          vecB: true,
          vecY: true,
          whole: true,
        },
        epilogue: NO_EPILOGUE.epilogue,
      });
    expect(generate(8)).toMatch(
      /^enable subgroups;\nenable subgroup_size_control;\n[\s\S]*@compute @subgroup_size\(8\) @workgroup/,
    );
    const asked = /enable subgroup\w*;\n|@subgroup_size\(8\) /g;
    expect(generate(8).replaceAll(asked, '')).toBe(generate());
    expect(generate(0)).toBe(generate());
    expect(generate()).not.toContain('subgroup');
  });

  test('ranges of a split sum keep 64 terms, and partial sums 32 MiB', () => {
    expect(blockPlans(product(64, 64, 127)).every(({ splits }) => splits === 1)).toBe(true);
    const most = (rows: number) => Math.max(...blockPlans(product(rows, 1024, 1e6)).map(({ splits }) => splits));
    expect(most(1024)).toBe(8);
    expect(most(16384)).toBe(1);
  });

  test('a measured choice comes before the model, a name that no plan has does not', () => {
    const pick = (label: string) => selectPlan(product(8, 8, 8), { ...gpu, choices: { pick: () => label } });
    for (const plan of blockPlans(product(512, 512, 512))) expect(planNamed(planLabel(plan))).toEqual(plan);
    expect(pick('128x32x16/8x4 in 2')).toEqual(planNamed('128x32x16/8x4 in 2'));
    expect(pick('8x2')).toEqual({ tile: { lanes: 8, rowsPerLane: 2 } });
    expect(pick('1x8x1')).toEqual({ tile: { lanes: 1, rowsPerLane: 8, across: 1 } });
    for (const unknown of ['', '7x7x7/1x1 in 1', '128x128x8/8x8 in 3', 'fast']) {
      expect(pick(unknown)).toEqual(selectBlock(product(8, 8, 8), gpu));
    }
  });

  test('on software adapters products keep their register tiles', () => {
    expect(selectPlan(product(512, 512, 512), llvmpipe)).toEqual({ tile: selectTile(llvmpipe) });
  });

  test('there many rows by few columns have columns in common, few rows do not', () => {
    const tall = { tile: { lanes: 1, rowsPerLane: 8, across: 1 } };
    expect(selectPlan(product(1024, 8, 64), llvmpipe)).toEqual(tall);
    expect(planNamed(planLabel(tall))).toEqual(tall);
    expect(tileGrid(tall.tile, 1025, 8)).toEqual([2, 3]);
    expect(selectPlan(product(1024, 9, 64), llvmpipe)).toEqual({ tile: selectTile(llvmpipe) });
    expect(selectPlan(product(1000, 3, 64), llvmpipe)).toEqual({ tile: selectTile(llvmpipe) });
  });
});
