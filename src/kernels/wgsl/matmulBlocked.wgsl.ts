import blocked, { type Block } from './blocked.wgsl.js';
import { bindingAfter, type Epilogue, epilogueWgsl } from './epilogue.wgsl.js';
import { matmulParams } from './matmul.wgsl.js';
import { elementType, load4, store4 } from './tile.wgsl.js';

export interface MatmulBlockedVariant {
  readonly block: Block;
  readonly transA: boolean;
  readonly transB: boolean;
  /** The rows of A, of B and of Y as they lie in memory are whole vec4s. */
  readonly vecA: boolean;
  readonly vecB: boolean;
  readonly vecY: boolean;
  readonly epilogue: Epilogue;
}

/**
 * The matrix product of `matmul.wgsl.ts` by shared-memory blocks, with the same parameters. Workgroup z is
 * batch * splits + split. Both factors are zero behind the last k: a zero times what lies there might be NaN.
 */
export default function matmulBlocked(variant: MatmulBlockedVariant): string {
  const { block, transA, transB, vecA, vecB, vecY, epilogue } = variant;
  const y = bindingAfter(epilogue, 2);
  const loadedA = (i: number) =>
    transA
      ? load4('A', `heldA${i} + kA${i} * p.M`, vecA, `leftA${i}`)
      : load4('A', `heldA${i} + kA${i}`, vecA, `p.K - kA${i}`);
  const crossing = [0, 1, 2, 3].map((e) => `B[bAt + min(columnB? + ${e}u, p.N - 1u) * p.K + kB?]`).join(', ');
  const loadedB = (i: number) =>
    transB
      ? `vec4f(${crossing.replaceAll('?', String(i))})`
      : load4('B', `heldB${i} + kB${i} * p.N`, vecB, `leftB${i}`);
  return blocked({
    block,
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
        ? `let leftA${i} = p.M - min(rowA${i}, p.M); let heldA${i} = aAt + select(0u, rowA${i}, leftA${i} > 0u);`
        : `let heldA${i} = aAt + min(rowA${i}, p.M - 1u) * p.K;`,
    holdB: (i) =>
      transB
        ? ''
        : `let leftB${i} = p.N - min(columnB${i}, p.N); let heldB${i} = bAt + select(0u, columnB${i}, leftB${i} > 0u);`,
    loadA: (i) => `let kA${i} = step * ${block.depth}u + depthA${i};
      a${i} = select(vec4f(0.0), ${loadedA(i)}, kA${i} < p.K);`,
    loadB: (i) => `let kB${i} = step * ${block.depth}u + depthB${i};
      b${i} = select(vec4f(0.0), ${loadedB(i)}, kB${i} < p.K);`,
    advance: '',
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
