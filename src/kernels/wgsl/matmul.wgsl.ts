import { bindingAfter, type Epilogue, epilogueWgsl } from './epilogue.wgsl.js';
import {
  accumulators,
  allRows,
  elementType,
  enableSubgroups,
  entryPoint,
  firstRow,
  heldRows,
  lines,
  load4,
  multiplyRows,
  store4,
  type Tile,
  transposeColumns,
  vecColumn,
} from './tile.wgsl.js';
import { baseWords } from './wholeGroup.wgsl.js';

export interface MatmulVariant {
  readonly tile: Tile;
  readonly transA: boolean;
  readonly transB: boolean;
  /** K is no multiple of 4. */
  readonly tailK: boolean;
  /** The rows of A, of B and of Y as they lie in memory are whole vec4s. */
  readonly vecA: boolean;
  readonly vecB: boolean;
  readonly vecY: boolean;
  readonly epilogue: Epilogue;
}

/** Words of every kernel of a matrix product. */
export const matmulParams = /* wgsl */ `
struct Params {
  M: u32, N: u32, K: u32, batch: u32, strideA: u32, strideB: u32, chunk: u32, ${baseWords}, eps: f32
}`;

/**
 * `Y[m,n] = finish(sum_k A[m,k] B[k,n])` for a batch of matrices and a range of k. Workgroup z is batch * splits + split;
 * with splits, Y holds partial results [split, batch, M, N] that a second stage adds.
 */
export default function matmul({ tile, transA, transB, tailK, vecA, vecB, vecY, epilogue }: MatmulVariant): string {
  const y = bindingAfter(epilogue, 2);
  // A lies as [M, K] or [K, M], B as [K, N] or [N, K]. Both factors are zero behind the last k: a zero times the infinity
  // or NaN of the next row or matrix would be NaN.
  const inK = (j: number, value: string, zero: string) => (tailK ? `select(${zero}, ${value}, ${j}u < kLeft)` : value);
  const heldRow = (i: number) =>
    transA
      ? `let a${i} = vec4f(${[0, 1, 2, 3].map((j) => inK(j, `A[aAt + (k + ${j}u) * p.M + held${i}]`, '0.0')).join(', ')});`
      : `let a${i} = ${load4('A', `aAt + held${i} * p.K + k`, vecA, 'kLeft')};`;
  const columns = transB
    ? `${lines(4, (j) => `let c${j} = ${load4('B', `bAt + (nAt + ${j}u) * p.K + k`, vecB, 'kLeft')};`)}
    ${transposeColumns()}`
    : lines(4, (j) => {
        const row = load4('B', `bAt + (k + ${j}u) * p.N + nAt`, vecB, 'nLeft');
        return `let b${j} = ${inK(j, row, 'vec4f(0.0)')};`;
      });
  return /* wgsl */ `
${enableSubgroups(tile)}
${matmulParams}
@group(0) @binding(0) var<storage, read> A: array<${elementType(vecA && !transA)}>;
@group(0) @binding(1) var<storage, read> B: array<${elementType(vecB)}>;
@group(0) @binding(${y}) var<storage, read_write> Y: array<${elementType(vecY)}>;
@group(0) @binding(${y + 1}) var<uniform> p: Params;
${epilogueWgsl(epilogue, 2, vecY)}

${entryPoint(tile)}
  let splits = (p.K + p.chunk - 1u) / p.chunk;
  let image = group.z / splits;
  let splitId = group.z % splits;
  let aAt = image * p.strideA;
  let bAt = image * p.strideB;
  let row0 = ${firstRow(tile, 'group.y')};
  let n = 4u * (${vecColumn(tile, 'group.x')});
  let nLeft = select(0u, p.N - n, n < p.N);
  let nAt = min(n, p.N - 1u);
  ${accumulators(tile, 'vec4f(0.0)')}
  ${heldRows(tile, (i, row) => `let held${i} = min(row0 + ${row}, p.M - 1u);`)}
  let end = min((splitId + 1u) * p.chunk, p.K);
  for (var k = splitId * p.chunk; k < end; k += 4u) {
    let kLeft = end - k;
    ${heldRows(tile, heldRow)}
    ${columns}
    ${multiplyRows(tile)}
  }
  let yAt = (splitId * p.batch + image) * p.M * p.N;
  let column = columnOf(nAt, nLeft);
  ${allRows(
    tile,
    (r) => `
  if (row0 + ${r}u < p.M && nLeft > 0u) {
    let at = yAt + (row0 + ${r}u) * p.N + nAt;
    let y = finish(acc${r}, column, at, nLeft);
    ${store4('Y', 'at', 'y', vecY, 'nLeft')}
  }`,
  )}
}`;
}
