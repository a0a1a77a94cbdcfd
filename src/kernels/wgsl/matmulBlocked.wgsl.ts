import blocked, { type Block } from './blocked.wgsl.js';
import { bindingAfter, type Epilogue, epilogueWgsl } from './epilogue.wgsl.js';
import { matmulParams } from './matmul.wgsl.js';
import { elementType, four, store4 } from './tile.wgsl.js';

export interface MatmulBlockedVariant {
  readonly block: Block;
  readonly subgroup?: number;
  readonly transA: boolean;
  readonly transB: boolean;
  /** The rows of A, of B and of Y as they lie in memory are whole vec4s. */
  readonly vecA: boolean;
  readonly vecB: boolean;
  readonly vecY: boolean;
  /** The depth is whole slabs: nothing of a slab lies behind the last k. */
  readonly whole: boolean;
  readonly epilogue: Epilogue;
}

/**
 * The matrix product of `matmul.wgsl.ts` by shared-memory blocks, with the same parameters. Workgroup z is
 * batch * splits + split. Both factors are zero behind the last k: a zero times what lies there might be NaN.
 */
export default function matmulBlocked(variant: MatmulBlockedVariant): string {
  const { block, subgroup, transA, transB, vecA, vecB, vecY, whole, epilogue } = variant;
  const y = bindingAfter(epilogue, 2);
  // Places move on by a constant per slab, in units of what is loaded, because multiplications take several slots.
  const [unitA, unitB] = [vecA ? 4 : 1, vecB ? 4 : 1];
  const depthOf = (i: string) => `slab * ${block.depth}u + depth${i}`;
  const before = (i: string, vec: boolean, isAlong: boolean) =>
    vec || !isAlong ? `${depthOf(i)} < p.K` : `vec4u(0u, 1u, 2u, 3u) + (${depthOf(i)}) < vec4u(p.K)`;
  return blocked({
    block,
    subgroup,
    alongA: transA ? 'rows' : 'depth',
    alongB: transB ? 'depth' : 'columns',
    declarations: /* wgsl */ `
${matmulParams}
@group(0) @binding(0) var<storage, read> A: array<${elementType(vecA)}>;
@group(0) @binding(1) var<storage, read> B: array<${elementType(vecB)}>;
@group(0) @binding(${y}) var<storage, read_write> Y: array<${elementType(vecY)}>;
@group(0) @binding(${y + 1}) var<uniform> p: Params;
${epilogueWgsl(epilogue, 2, vecY)}`,
    range: /* wgsl */ `
  let splits = (p.K + p.chunk - 1u) / p.chunk;
  let image = group.z / splits;
  let splitId = group.z % splits;
  let aAt = image * p.strideA;
  let bAt = image * p.strideB;
  let yAt = (splitId * p.batch + image) * p.M * p.N;
  let firstStep = splitId * (p.chunk / ${block.depth}u);
  let endStep = (min((splitId + 1u) * p.chunk, p.K) + ${block.depth - 1}u) / ${block.depth}u;
  let stepA = ${transA ? `${block.depth}u * p.M / ${unitA}u` : `${block.depth / unitA}u`};
  let stepB = ${transB ? `${block.depth / unitB}u` : `${block.depth}u * p.N / ${unitB}u`};
  var moveA = firstStep * stepA;
  var moveB = firstStep * stepB;`,
    holdA: (i) =>
      transA
        ? `let heldA${i} = (aAt + min(rowA${i}, p.M - 1u) + depthA${i} * p.M) / ${unitA}u;`
        : `let heldA${i} = (aAt + min(rowA${i}, p.M - 1u) * p.K + depthA${i}) / ${unitA}u;`,
    holdB: (i) =>
      transB
        ? `let heldB${i} = (bAt + min(columnB${i}, p.N - 1u) * p.K + depthB${i}) / ${unitB}u;`
        : `let heldB${i} = (bAt + min(columnB${i}, p.N - 1u) + depthB${i} * p.N) / ${unitB}u;`,
    loadA: (i) => `a${i} = ${four('A', `heldA${i} + moveA`, vecA)};`,
    loadB: (i) => `b${i} = ${four('B', `heldB${i} + moveB`, vecB)};`,
    ...(!whole && {
      countsA: (i) => before(`A${i}`, vecA, !transA),
      countsB: (i) => before(`B${i}`, vecB, transB),
    }),
    advance: () => 'moveA += stepA; moveB += stepB;',
    holdColumn: (j) => `
  let left${j} = p.N - min(column${j}, p.N);
  let known${j} = columnOf(min(column${j}, p.N - 1u), left${j});`,
    store: (row, j, value) => `{
    let m = ${row};
    if (m < p.M && left${j} > 0u) {
      let at = yAt + m * p.N + column${j};
      let y = finish(${value}, known${j}, at, left${j});
      ${store4('Y', 'at', 'y', vecY, `left${j}`)}
    }
  }`,
  });
}
