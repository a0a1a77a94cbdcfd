import type { BatchNormVariant } from './batchNorm.wgsl.js';
import columns, { type ColumnTile } from './columns.wgsl.js';
import { baseWords, wholeGroup } from './wholeGroup.wgsl.js';

const sums = /* wgsl */ `
struct State { g: T, gx: T }
fn merge(a: State, b: State) -> State { return State(a.g + b.g, a.gx + b.gx); }`;

const params = /* wgsl */ `
struct Params { ${baseWords}, M: u32, C: u32, chunks: u32, chunkRows: u32, groupRows: u32 }`;

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

@compute @workgroup_size(${tile.across * tile.down})
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let group = ${wholeGroup};
  let at = threadAt(local, group);
  let inside = at.c < p.C;
  let end = select(0, min((group.y + 1) * p.chunkRows, p.M), inside);
  let mean = saved[at.c];
  let rstd = saved[at.c + p.C];
  var own = State(T(0), T(0));
  for (var row = group.y * p.chunkRows + at.row; row < end; row += DOWN) {
    let i = row * p.C + at.c;
    let v = ${relu ? 'select(g[i], T(0), y[i] <= T(0))' : 'g[i]'};
    ${relu ? 'masked[i] = v;' : ''}
    own = State(own.g + v, own.gx + v * ((x[i] - mean) * rstd));
  }
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

@compute @workgroup_size(${tile.across * tile.down})
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let group = ${wholeGroup};
  let at = threadAt(local, group);
  let inside = at.c < p.C;
  var own = State(T(0), T(0));
  for (var chunk = at.row; chunk < select(0, p.chunks, inside); chunk += DOWN) {
    let i = 2 * chunk * p.C + at.c;
    own = merge(own, State(partial[i], partial[i + p.C]));
  }
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
  for (var row = group.y * p.groupRows + at.row; row < end; row += DOWN) {
    let i = row * p.C + at.c;
    dx[i] = scale * (${inPlace ? 'dx' : 'g'}[i] - meanG - (x[i] - mean) * slope);
  }
}`;
}
