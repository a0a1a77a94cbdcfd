import { lines, transposeColumns } from '../../kernels/wgsl/tile.wgsl.js';
import { COMPONENTS } from '../../kernels/wgsl/vec4.wgsl.js';
import { type FlowActivation, networkLayout } from '../fused/flowShape.js';
import { ofRow, owned, ownersOf, type PointTile, publish } from './pointTile.wgsl.js';

/** What the fused flow's kernels are generated for. */
export interface FlowKernel {
  readonly dims: number;
  readonly hidden: number;
  readonly activation: FlowActivation;
  readonly tile: PointTile;
}

/** `activated`, and `slope`, its derivative, both of four units before the activation. */
export const ACTIVATIONS: Readonly<Record<FlowActivation, string>> = {
  leakyRelu: `
fn activated(x: vec4f) -> vec4f { return select(0.01 * x, x, x > vec4f()); }
fn slope(x: vec4f) -> vec4f { return select(vec4f(0.01), vec4f(1.0), x > vec4f()); }`,
  silu: `
fn share(x: vec4f) -> vec4f { return vec4f(sigmoid(x.x), sigmoid(x.y), sigmoid(x.z), sigmoid(x.w)); }
fn activated(x: vec4f) -> vec4f { return x * share(x); }
fn slope(x: vec4f) -> vec4f { let s = share(x); return s * (1.0 + x * (1.0 - s)); }`,
};

/** vec4 columns of a hidden layer that a lane computes. */
export function vectorsOf({ hidden, tile }: FlowKernel): number {
  return hidden / (4 * tile.lanes);
}

/** The lane's `v`-th vec4 column. */
export function column({ tile }: FlowKernel, v: number): string {
  return `(lane + ${v * tile.lanes}u)`;
}

/**
 * The vec4s of a hidden layer as the bound of a loop: on GPUs a number that their compilers cannot see, because they would
 * print the loop's body for each turn, which fits neither the registers nor the instruction cache.
 */
export function quadsOf({ hidden, tile }: FlowKernel): string {
  return tile.broadcast ? `${hidden / 4}u` : 'params.quads';
}

/** The number of a coupling's networks as the bound of a loop, hidden in the same way. */
export function networksBound(kernel: FlowKernel): string {
  return kernel.tile.broadcast ? '2u' : `min(2u, ${quadsOf(kernel)})`;
}

/**
 * `acc{row} += a W` over all vec4s `q` of a hidden layer: `own(q)` makes `a{i}`, the vec4 of the points that the lane owns, and
 * `factors` makes `b0 .. b3`, the weights of `q`. Lanes that own the same point make different vec4s of it between two barriers.
 */
export function eachQuad(kernel: FlowKernel, own: (q: string) => string, factors: string): string {
  const { tile } = kernel;
  const published = publish(tile, (i) => [`a${i}`]);
  if (tile.broadcast) {
    return `for (var q = 0u; q < ${quadsOf(kernel)}; q++) {
    ${own('q')}
    ${factors}
    ${multiplyPublished(kernel, (row) => row)}
  }`;
  }
  const owners = ownersOf(tile);
  return `for (var turns = 0u; turns < ${quadsOf(kernel)}; turns += ${owners}u) {
    let mine = turns + lane / ${tile.rows}u;
    ${own('mine')}
    ${published}
    for (var k = 0u; k < ${quadsOf(kernel)} / ${tile.rows}u; k += ${tile.printed}u) {
      ${lines(
        tile.printed,
        (n) => `{ let q = turns + k + ${n}u;
      ${factors}
      ${multiplyPublished(kernel, (row) => `((k + ${n}u) * ${tile.rows}u + ${row}u)`)} }`,
      )}
    }
  }`;
}

/** `count` statements, one per coordinate and so on; `d` is the number of the coordinate. */
export function coordinates({ dims }: FlowKernel, statement: (d: number) => string): string {
  return lines(dims, statement);
}

/** One statement per point of the tile. */
export function eachRow({ tile }: FlowKernel, statement: (row: number) => string): string {
  return lines(tile.rows, statement);
}

/**
 * Hidden units 4q .. 4q + 3 of the first layer before the activation, `b0 + W0 m`, as a vec4 expression; the weights
 * [hidden, dims] are loaded by `firstLayerWeights` under the same `prefix`.
 */
export function firstLayer({ dims }: FlowKernel, prefix: string, m: (d: number) => string): string {
  const terms = Array.from({ length: dims }, (_, d) => `${prefix}w${d} * ${m(d)}`);
  return `(${prefix}bias + ${terms.join(' + ')})`;
}

/** `${prefix}bias` and, per coordinate, `${prefix}w0 ...`: the weights of hidden units 4q .. 4q + 3. */
export function firstLayerWeights(kernel: FlowKernel, prefix: string, q: string): string {
  const { dims } = kernel;
  const { w0, b0 } = networkLayout(kernel);
  const packed = Array.from(
    { length: dims },
    (_, e) => `let ${prefix}p${e} = weights[base + ${w0 / 4}u + (${q}) * ${dims}u + ${e}u];`,
  );
  const element = (k: number, d: number) =>
    `${prefix}p${Math.floor((k * dims + d) / 4)}.${COMPONENTS[(k * dims + d) % 4]}`;
  const byCoordinate = Array.from(
    { length: dims },
    (_, d) => `let ${prefix}w${d} = vec4f(${COMPONENTS.map((_, k) => element(k, d)).join(', ')});`,
  );
  return `let ${prefix}bias = weights[base + ${b0 / 4}u + (${q})];\n${packed.join('\n')}\n${byCoordinate.join('\n')}`;
}

/** `acc{row} += a . b` over four steps of depth, for `a` the vec4 `a{i}` that is published in `place(row)`, and `b0 .. b3`. */
function multiplyPublished({ tile }: FlowKernel, place: (row: number) => number | string): string {
  return lines(tile.rows, (row) => {
    const products = COMPONENTS.map((c, step) => `acc${row} = fma(vec4f(row${row}.${c}), b${step}, acc${row});`);
    return `let row${row} = ${ofRow(tile, place(row), (i) => [`a${i}`])};\n${products.join('\n')}`;
  });
}

/**
 * Runs `body` for each of the lane's vec4 columns, number `column` in the layer: on GPUs one. With broadcasts in a loop, because the
 * tile's straight-line code is long: drivers take seconds for it.
 */
export function eachColumn(kernel: FlowKernel, body: string): string {
  const { lanes, broadcast } = kernel.tile;
  if (!broadcast) return `{ let column = lane;\n${body} }`;
  return `for (var next = 0u; next < ${quadsOf(kernel)}; next += ${lanes}u) {\nlet column = next + lane;\n${body}\n}`;
}

/**
 * `acc{row}`: vec4 `column` of the second hidden layer before the activation, `b1 + W1 activated(b0 + W0 m)`, from the masked
 * coordinates `m{i}_{d}` of the points that the lane owns; `base` is where the network begins, in vec4s.
 */
export function secondLayer(kernel: FlowKernel): string {
  const { hidden, tile } = kernel;
  const { w1, b1 } = networkLayout(kernel);
  const quads = hidden / 4;
  return `
  ${eachRow(kernel, (row) => `var acc${row} = weights[base + ${b1 / 4}u + column];`)}
  ${eachQuad(
    kernel,
    (q) => `${firstLayerWeights(kernel, 'f', q)}
    ${owned(tile, (i) => `let a${i} = activated${firstLayer(kernel, 'f', (d) => `m${i}_${d}`)};`)}`,
    `${lines(4, (c) => `let c${c} = weights[base + ${w1 / 4}u + (4u * column + ${c}u) * ${quads}u + q];`)}
    ${transposeColumns()}`,
  )}`;
}

/**
 * Stores `${name}{row}` to `place(row)` for all points. With broadcasts through an array and by one store in a loop whose
 * length the driver cannot see, because software adapters print a loop over lanes for every store of the text, which compiles
 * slowly; on GPUs such an array would lie in memory.
 */
export function storeRows(kernel: FlowKernel, name: string, place: (row: string) => string): string {
  const { rows, broadcast } = kernel.tile;
  if (!broadcast) return eachRow(kernel, (row) => `${place(`${row}u`)} = ${name}${row};`);
  return `{
    var kept: array<vec4f, ${rows}>;
    ${eachRow(kernel, (row) => `kept[${row}] = ${name}${row};`)}
    for (var n = 0u; n < min(${rows}u, params.padded); n++) { ${place('n')} = kept[n]; }
  }`;
}
