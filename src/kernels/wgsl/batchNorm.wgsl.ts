import columns, { type ColumnTile, columnEntry, columnWords, walk } from './columns.wgsl.js';

/** What is added to the normalised values and whether negative ones are cut. */
export interface BatchNormVariant {
  readonly residual: boolean;
  readonly relu: boolean;
}

/**
 * Chan, Golub and LeVeque (1979): count, mean and sum of squared deviations of two samples together. The mean of an empty
 * sample is not used: the square of its difference may be infinite, and infinity times the count, 0, would be NaN.
 */
const moments = /* wgsl */ `
struct State { n: f32, mean: T, m2: T }
fn merge(a: State, b: State) -> State {
  let n = a.n + b.n;
  let share = b.n / max(n, 1);
  let d = select(b.mean - a.mean, T(0), min(a.n, b.n) == 0);
  let mean = select(a.mean + d * share, b.mean, a.n == 0);
  return State(n, mean, a.m2 + b.m2 + d * d * (a.n * share));
}`;

const params = /* wgsl */ `
struct Params {
  ${columnWords}, eps: f32, momentum: f32, unbias: f32
}`;

/**
 * First dispatch: mean and sum of squared deviations of each chunk of rows, behind the two rows of the final statistics.
 * A thread loads four values at a time and subtracts their own mean before it squares them, which keeps the digits of
 * data far from zero; the mean is that of differences, so that of large numbers no sum overflows.
 */
export function statistics(tile: ColumnTile): string {
  return /* wgsl */ `
${moments}
${columns(tile)}
${params}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> saved: array<T>;
@group(0) @binding(2) var<uniform> p: Params;

${columnEntry(tile)}
  let end = select(0, min((group.y + 1) * p.chunkRows, p.M), inside);
  var own = State(0, T(0), T(0));
  var row = group.y * p.chunkRows + at.row;
  for (; row + 3 * DOWN < end; row += 4 * DOWN) {
    let a = x[row * p.C + at.c];
    let b = x[(row + DOWN) * p.C + at.c];
    let c = x[(row + 2 * DOWN) * p.C + at.c];
    let d = x[(row + 3 * DOWN) * p.C + at.c];
    let mean = a + 0.25 * ((b - a) + (c - a) + (d - a));
    let m2 = (a - mean) * (a - mean) + (b - mean) * (b - mean) + (c - mean) * (c - mean) + (d - mean) * (d - mean);
    own = merge(own, State(4, mean, m2));
  }
  for (; row < end; row += DOWN) { own = merge(own, State(1, x[row * p.C + at.c], T(0))); }
  let all = fold(own, at);
  if (inside && at.row == 0) {
    let chunk = 2 * (group.y + 1) * p.C + at.c;
    saved[chunk] = all.mean;
    saved[chunk + p.C] = all.m2;
  }
}`;
}

/** Second dispatch: every workgroup merges the chunks of its channels, then normalises its rows. */
export function normalise(tile: ColumnTile, { residual, relu }: BatchNormVariant): string {
  const k = residual ? 4 : 3;
  return /* wgsl */ `
${moments}
${columns(tile)}
${params}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> gamma: array<T>;
@group(0) @binding(2) var<storage, read> beta: array<T>;
${residual ? '@group(0) @binding(3) var<storage, read> residual: array<T>;' : ''}
@group(0) @binding(${k}) var<storage, read_write> runningMean: array<T>;
@group(0) @binding(${k + 1}) var<storage, read_write> runningVar: array<T>;
@group(0) @binding(${k + 2}) var<storage, read_write> y: array<T>;
@group(0) @binding(${k + 3}) var<storage, read_write> saved: array<T>;
@group(0) @binding(${k + 4}) var<uniform> p: Params;

${columnEntry(tile)}
  var own = State(0, T(0), T(0));
  var chunk = at.row;
  let chunks = select(0, p.chunks, inside);
  ${walk(
    tile,
    { row: 'chunk', end: 'chunks', tensors: 1 },
    (chunk, k) => `let n${k} = min(p.chunkRows, p.M - ${chunk} * p.chunkRows);
    let i${k} = 2 * (${chunk} + 1) * p.C + at.c;
    let mean${k} = saved[i${k}];
    let squares${k} = saved[i${k} + p.C];`,
    (_, k) => `own = merge(own, State(f32(n${k}), mean${k}, squares${k}));`,
  )}
  let all = fold(own, at);
  if (!inside) { return; }
  let variance = all.m2 / f32(p.M);
  let rstd = inverseSqrt(variance + p.eps);
  if (group.y == 0 && at.row == 0) {
    saved[at.c] = all.mean;
    saved[at.c + p.C] = rstd;
    runningMean[at.c] += p.momentum * (all.mean - runningMean[at.c]);
    runningVar[at.c] += p.momentum * (variance * p.unbias - runningVar[at.c]);
  }
  let scale = gamma[at.c] * rstd;
  let shift = beta[at.c];
  let end = min((group.y + 1) * p.groupRows, p.M);
  var row = group.y * p.groupRows + at.row;
  ${walk(
    tile,
    { row: 'row', end: 'end', tensors: residual ? 2 : 1 },
    (row, k) => `let i${k} = ${row} * p.C + at.c;
    let x${k} = x[i${k}];
    ${residual ? `let r${k} = residual[i${k}];` : ''}`,
    (_, k) => `let v${k} = (x${k} - all.mean) * scale + shift${residual ? ` + r${k}` : ''};
    y[i${k}] = ${relu ? `select(v${k}, T(0), v${k} <= T(0))` : `v${k}`};`,
  )}
}`;
}
