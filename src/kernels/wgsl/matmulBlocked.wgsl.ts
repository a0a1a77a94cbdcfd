import blocked, { type Block } from './blocked.wgsl.js';
import { bindingAfter, type Epilogue, epilogueWgsl } from './epilogue.wgsl.js';
import { matmulParams } from './matmul.wgsl.js';
import { elementType, load4, store4 } from './tile.wgsl.js';

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
  const parts = [0, 1, 2, 3];
  // Places move on by a constant per slab, in units of what is loaded, because multiplications take several slots.
  const [unitA, unitB] = [vecA ? 4 : 1, vecB ? 4 : 1];
  const loadedA = (i: number) =>
    vecA ? `A[atA${i}]` : load4('A', `atA${i}`, false, transA ? `leftA${i}` : `p.K - kA${i}`);
  const loadedB = (i: number) => {
    if (transB) return `vec4f(${parts.map((e) => `B[atB${i}x${e} + step * ${block.depth}u]`).join(', ')})`;
    return vecB ? `B[atB${i}]` : load4('B', `atB${i}`, false, `leftB${i}`);
  };
  const behind = (k: string, value: string) => (whole ? value : `select(vec4f(0.0), ${value}, ${k} < p.K)`);
  return blocked({
    block,
    subgroup,
    along: transA ? 'rows' : 'depth',
    depthFirst: transB,
    declarations: /* wgsl */ `
${matmulParams}
@group(0) @binding(0) var<storage, read> A: array<${elementType(vecA)}>;
@group(0) @binding(1) var<storage, read> B: array<${elementType(vecB && !transB)}>;
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
  let endStep = (min((splitId + 1u) * p.chunk, p.K) + ${block.depth - 1}u) / ${block.depth}u;`,
    holdA: (i) =>
      transA
        ? `let leftA${i} = p.M - min(rowA${i}, p.M);
  var atA${i} = (aAt + select(0u, rowA${i}, leftA${i} > 0u) + (firstStep * ${block.depth}u + depthA${i}) * p.M) / ${unitA}u;`
        : `var atA${i} = (aAt + min(rowA${i}, p.M - 1u) * p.K + firstStep * ${block.depth}u + depthA${i}) / ${unitA}u;`,
    holdB: (i) =>
      transB
        ? parts.map((e) => `let atB${i}x${e} = bAt + min(columnB${i} + ${e}u, p.N - 1u) * p.K + depthB${i};`).join('\n')
        : `let leftB${i} = p.N - min(columnB${i}, p.N);
  var atB${i} = (bAt + select(0u, columnB${i}, leftB${i} > 0u) + (firstStep * ${block.depth}u + depthB${i}) * p.N) / ${unitB}u;`,
    loadA: (i) => `let kA${i} = step * ${block.depth}u + depthA${i};
      a${i} = ${behind(`kA${i}`, loadedA(i))};
      atA${i} += ${transA ? `${block.depth}u * p.M / ${unitA}u` : `${block.depth / unitA}u`};`,
    loadB: (i) => `let kB${i} = step * ${block.depth}u + depthB${i};
      b${i} = ${behind(`kB${i}`, loadedB(i))};
      ${transB ? '' : `atB${i} += ${block.depth}u * p.N / ${unitB}u;`}`,
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
