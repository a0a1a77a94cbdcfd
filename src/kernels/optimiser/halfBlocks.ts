import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import type { Launch } from '../../tensor/backend.js';
import { launchThreads, threadEntry } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { formatShape, requireDType } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { RULE_BLOCK } from './stepStatus.js';

/**
 * @internal Blocks of an arena as float16, `y[64 b + i] = arena[64 blocks[b] + i]`: the parameters that a step of mixed precision
 * reads, in one dispatch. Its derivative is that of `halfParameters`, which is what calls it.
 *
 * @param arena flat float32 [length]. @param blocks uint32 [B], numbers of blocks of 64 elements.
 * @returns float16 [64 B]
 */
export const halfBlocks: Op<[arena: Tensor, blocks: Tensor], object> = /* @__PURE__ */ defineOp({
  name: 'halfBlocks',
  arity: 2,
  attrs: {},
  anyDType: true,
  shape([arena, blocks]) {
    requireDType('halfBlocks', [arena], 'float32');
    requireDType('halfBlocks (after the arena)', [blocks], 'uint32');
    if (arena.shape.length !== 1 || arena.shape[0] % RULE_BLOCK !== 0 || blocks.shape.length !== 1) {
      throw new ShapeError(
        `halfBlocks: wants a flat arena of whole blocks of ${RULE_BLOCK} and a list of blocks, ` +
          `got ${formatShape(arena.shape)} and ${formatShape(blocks.shape)}`,
      );
    }
    return { shape: [RULE_BLOCK * blocks.shape[0]], dtype: 'float16' };
  },
  reference([arena, blocks], [y]) {
    blocks.data.forEach((block, b) => {
      y.data.set(arena.data.subarray(RULE_BLOCK * block, RULE_BLOCK * (block + 1)), RULE_BLOCK * b);
    });
  },
  launches([arena, blocks], [y]): Launch[] {
    return [launchThreads(y.size / 4, halves(), [arena, blocks], [y])];
  },
  vjp: null,
});

const halves = /* @__PURE__ */ programs(
  'halfBlocks',
  () => /* wgsl */ `
@group(0) @binding(0) var<storage, read> arena: array<vec4f>;
@group(0) @binding(1) var<storage, read> blocks: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
${threadEntry('i')}
  if (i < arrayLength(&y)) { y[i] = arena[blocks[i / 16u] * 16u + i % 16u]; }
}`,
);

export const halfBlocksCases = (): OpCases => ({
  op: halfBlocks,
  samples: [
    { inputs: [{ shape: [320] }, { shape: [3], dtype: 'uint32', values: [4, 0, 4] }], order: 0 },
    {
      inputs: [
        { shape: [128], lo: -7e4, hi: 7e4 },
        { shape: [1], dtype: 'uint32', values: [1] },
      ],
      order: 0,
    },
  ],
  errors: [
    { inputs: [{ shape: [65] }, { shape: [1], dtype: 'uint32' }], message: /whole blocks of 64/ },
    { inputs: [{ shape: [64] }, { shape: [1] }], message: /operand 0 is float32, expected uint32/ },
  ],
  bench: [],
});
