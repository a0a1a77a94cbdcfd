import type { BatchNormVariant } from './batchNorm.wgsl.js';
import columns, { type ColumnTile, columnEntry, columnWords, walk } from './columns.wgsl.js';

const sums = /* wgsl */ `
struct State { g: T, gx: T }
fn merge(a: State, b: State) -> State { return State(a.g + b.g, a.gx + b.gx); }`;

const params = /* wgsl */ `
struct Params { ${columnWords} }`;

/** First dispatch: sums of g and of g xhat over each chunk of rows; after a ReLU also g where y > 0, for the second one. */
export function gradientSums(tile: ColumnTile, { relu }: BatchNormVariant): string {
  const k = relu ? 4 : 3;
  return /* wgsl */ `
${sums}
${columns(tile)}
${params}
@group(0) @binding(0) var<storage, read> g: array<T>;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> saved: array<T>;
${relu ? '@group(0) @binding(3) var<storage, read> y: array<T>;' : ''}
@group(0) @binding(${k}) var<storage, read_write> partial: array<T>;
${relu ? `@group(0) @binding(${k + 1}) var<storage, read_write> masked: array<T>;` : ''}
@group(0) @binding(${relu ? k + 2 : k + 1}) var<uniform> p: Params;

${columnEntry(tile)}
  let end = select(0, min((group.y + 1) * p.chunkRows, p.M), inside);
  let mean = saved[at.c];
  let rstd = saved[at.c + p.C];
  var own = State(T(0), T(0));
  var row = group.y * p.chunkRows + at.row;
  ${walk(
    tile,
    { row: 'row', end: 'end', tensors: relu ? 3 : 2 },
    (row, k) => `let i${k} = ${row} * p.C + at.c;
    let g${k} = ${relu ? `select(g[i${k}], T(0), y[i${k}] <= T(0))` : `g[i${k}]`};
    let x${k} = x[i${k}];`,
    (_, k) => `${relu ? `masked[i${k}] = g${k};` : ''}
    own = State(own.g + g${k}, own.gx + g${k} * ((x${k} - mean) * rstd));`,
  )}
  let all = fold(own, at);
  if (inside && at.row == 0) {
    let chunk = 2 * group.y * p.C + at.c;
    partial[chunk] = all.g;
    partial[chunk + p.C] = all.gx;
  }
}`;
}

/** Second dispatch: merges the chunks, then the gradients; `inPlace` where g lies in dx already. */
export function gradients(tile: ColumnTile, { inPlace }: { readonly inPlace: boolean }): string {
  const k = inPlace ? 0 : 1;
  return /* wgsl */ `
${sums}
${columns(tile)}
${params}
${inPlace ? '' : '@group(0) @binding(0) var<storage, read> g: array<T>;'}
@group(0) @binding(${k}) var<storage, read> x: array<T>;
@group(0) @binding(${k + 1}) var<storage, read> gamma: array<T>;
@group(0) @binding(${k + 2}) var<storage, read> saved: array<T>;
@group(0) @binding(${k + 3}) var<storage, read> partial: array<T>;
@group(0) @binding(${k + 4}) var<storage, read_write> dx: array<T>;
@group(0) @binding(${k + 5}) var<storage, read_write> dgamma: array<T>;
@group(0) @binding(${k + 6}) var<storage, read_write> dbeta: array<T>;
@group(0) @binding(${k + 7}) var<uniform> p: Params;

${columnEntry(tile)}
  var own = State(T(0), T(0));
  var chunk = at.row;
  let chunks = select(0, p.chunks, inside);
  ${walk(
    tile,
    { row: 'chunk', end: 'chunks', tensors: 1 },
    (chunk, k) => `let i${k} = 2 * ${chunk} * p.C + at.c;
    let sums${k} = State(partial[i${k}], partial[i${k} + p.C]);`,
    (_, k) => `own = merge(own, sums${k});`,
  )}
  let all = fold(own, at);
  if (!inside) { return; }
  if (group.y == 0 && at.row == 0) {
    dgamma[at.c] = all.gx;
    dbeta[at.c] = all.g;
  }
  let mean = saved[at.c];
  let rstd = saved[at.c + p.C];
  let scale = gamma[at.c] * rstd;
  let meanG = all.g / f32(p.M);
  let slope = rstd * all.gx / f32(p.M);
  let end = min((group.y + 1) * p.groupRows, p.M);
  var row = group.y * p.groupRows + at.row;
  ${walk(
    tile,
    { row: 'row', end: 'end', tensors: 2 },
    (row, k) => `let i${k} = ${row} * p.C + at.c;
    let g${k} = ${inPlace ? 'dx' : 'g'}[i${k}];
    let x${k} = x[i${k}];`,
    (_, k) => `dx[i${k}] = scale * (g${k} - meanG - (x${k} - mean) * slope);`,
  )}
}`;
}
