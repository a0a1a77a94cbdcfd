import { withMath } from '../../kernels/wgsl/math.wgsl.js';
import { lines } from '../../kernels/wgsl/tile.wgsl.js';
import { COMPONENTS } from '../../kernels/wgsl/vec4.wgsl.js';
import { padded } from '../../tensor/arena.js';
import { sizeOf } from '../../tensor/shape.js';
import { networkLayout } from '../fused/flowShape.js';
import { FLOW_PARAMS } from './flowForward.wgsl.js';
import {
  ACTIVATIONS,
  column,
  coordinates,
  type FlowKernel,
  firstLayer,
  firstLayerWeights,
  quadsOf,
  vectorsOf,
} from './flowNetwork.wgsl.js';
import { ofRow, type PointTile, publish, sharedMemory, tileEntry, withDirectives } from './pointTile.wgsl.js';

/** Hidden units whose weights one workgroup has the gradient of: on GPUs fewer, because all of its sums lie in registers. */
export function unitsOf({ broadcast }: PointTile): 4 | 8 {
  return broadcast ? 8 : 4;
}

/**
 * The weights' half of the flow's gradient, contracted over all points in a fixed order. A workgroup has some hidden units of
 * one network: their rows of W1, their shares of all the vectors. Each lane owns a point at a time; the first layer is
 * computed again from its coordinates.
 *
 * @param kernel whose tile has as many rows as lanes
 */
export function flowWeightsWgsl(kernel: FlowKernel): string {
  const { dims, hidden, tile } = kernel;
  const { lanes, tiles, broadcast } = tile;
  const layout = networkLayout(kernel);
  const { w0, b0, w1, b1, w2, b2, length } = layout;
  const quads = hidden / 4;
  const units = unitsOf(tile);
  const halves = units / 4;
  const all = Array.from({ length: halves }, (_, half) => half);
  const eachHalf = (statement: (half: number) => string) => lines(halves, statement);
  const names = () => [...all.map((half) => `d${half}`), 'm'];
  /** What a lane sums over the points that it owns. */
  const sums = [
    ...all.flatMap((half) => [`db1_${half}`, `db0_${half}`]),
    ...Array.from({ length: dims }, (_, d) => all.flatMap((half) => [`dw2${d}_${half}`, `dw0${d}_${half}`])).flat(),
    'db2',
  ];
  const tileSums = Array.from({ length: units }, (_, r) =>
    Array.from({ length: vectorsOf(kernel) }, (_, v) => `acc${r}_${v}`),
  ).flat();
  const put = (at: string, value: string) => `gradient[base + ${at}] = ${value};`;
  const interleaved = Array.from({ length: halves * dims }, (_, n) => {
    const parts = COMPONENTS.map((_, e) => {
      const at = 4 * n + e;
      const unit = Math.floor(at / dims);
      return `dw0${at % dims}_${Math.floor(unit / 4)}.${COMPONENTS[unit % 4]}`;
    });
    return put(`${w0 / 4}u + block * ${halves * dims}u + ${n}u`, `vec4f(${parts.join(', ')})`);
  });
  const padding = [w0, b0, w1, b1, w2].flatMap((at, leaf) => {
    const size = sizeOf(layout.shapes[leaf]);
    return size === padded(size)
      ? []
      : [
          `for (var n = ${(at + size) / 4}u + lane; n < ${(at + padded(size)) / 4}u; n += ${lanes}u) { ${put('n', 'vec4f()')} }`,
        ];
  });
  const code = `
${sharedMemory(tile, halves + 1, 1)}
${broadcast ? '' : `var<workgroup> group_sums: array<vec4f, ${BATCH * tiles * lanes}>;`}
@group(0) @binding(0) var<storage, read> states: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read> hidden: array<vec4f>;
@group(0) @binding(3) var<storage, read> outs: array<f32>;
@group(0) @binding(4) var<storage, read_write> gradient: array<vec4f>;
${FLOW_PARAMS}
@group(0) @binding(5) var<uniform> params: Params;
${ACTIVATIONS[kernel.activation]}
${tileEntry(tile)}
  let block = group.x;
  let net = group.y;
  let nets = 2u * params.couplings;
  let c = net % params.couplings;
  let base = net * ${length / 4}u;
  ${coordinates(kernel, (d) => `let pass${d} = f32((params.masks >> (c * ${dims}u + ${d}u)) & 1u);`)}
  ${coordinates(kernel, (d) => eachHalf((half) => `let o${d}_${half} = weights[base + ${w2 / 4 + d * quads}u + ${halves}u * block + ${half}u];`))}
  ${lines(vectorsOf(kernel), (v) => firstLayerWeights(kernel, `k${v}`, column(kernel, v)))}
  ${lines(units, (r) => lines(vectorsOf(kernel), (v) => `var acc${r}_${v} = vec4f();`))}
  ${sums.map((name) => `var ${name} = vec4f();`).join('\n')}
  for (var begin = 0u; begin < params.points; begin += ${tiles * lanes}u) {
    let row = begin + tile * ${lanes}u + lane;
    let real = row < params.points;
    let p = min(row, params.points - 1u);
    ${coordinates(
      kernel,
      (d) => `let m_${d} = states[(2u * ${dims}u * c + ${d}u) * params.points + p] * pass${d};
    let e_${d} = select(0.0, outs[(net * ${dims}u + ${d}u) * params.points + p], real);`,
    )}
    ${eachHalf((half) => {
      const at = `* params.padded + p) * ${quads}u + ${halves}u * block + ${half}u`;
      const back = Array.from({ length: dims }, (_, d) => `e_${d} * o${d}_${half}`).join(' + ');
      return `let z${half} = hidden[(net ${at}];
      let h${half} = activated(z${half});
      let f${half} = select(vec4f(), hidden[((nets + net) ${at}], real);
      let d${half} = (${back}) * slope(z${half});
      db1_${half} += d${half};
      db0_${half} += f${half};
      ${coordinates(kernel, (d) => `dw2${d}_${half} += e_${d} * h${half}; dw0${d}_${half} += m_${d} * f${half};`)}`;
    })}
    db2 += vec4f(${COMPONENTS.map((_, d) => (d < dims ? `e_${d}` : '0.0')).join(', ')});
    let m = vec4f(${COMPONENTS.map((_, d) => (d < dims ? `m_${d}` : '0.0')).join(', ')});
    ${publish(tile, names)}
    ${eachOfRows(kernel, (row) => {
      const products = lines(vectorsOf(kernel), (v) => {
        const unit = firstLayer(kernel, `k${v}`, (d) => `point.${COMPONENTS[d]}`);
        const terms = lines(
          units,
          (r) => `acc${r}_${v} = fma(vec4f(cotangent${r >> 2}.${COMPONENTS[r % 4]}), y, acc${r}_${v});`,
        );
        return `{ let y = activated${unit};\n${terms} }`;
      });
      return `{ ${eachHalf((half) => `let cotangent${half} = ${ofRow(tile, row, names, half)};`)} let point = ${ofRow(tile, row, names, halves)};
      ${products} }`;
    })}
  }
  ${broadcast ? sums.map((name) => `${name} = subgroupAdd(${name});`).join('\n') : sumGroup(kernel, tileSums, sums)}
  if (tile == 0u) {
    ${lines(units, (r) => lines(vectorsOf(kernel), (v) => put(`${w1 / 4}u + (${units}u * block + ${r}u) * ${quads}u + ${column(kernel, v)}`, `acc${r}_${v}`)))}
    if (lane == 0u) {
      ${eachHalf((half) => `${put(`${b1 / 4}u + ${halves}u * block + ${half}u`, `db1_${half}`)} ${put(`${b0 / 4}u + ${halves}u * block + ${half}u`, `db0_${half}`)}`)}
      ${coordinates(kernel, (d) => eachHalf((half) => put(`${w2 / 4 + d * quads}u + ${halves}u * block + ${half}u`, `dw2${d}_${half}`)))}
      ${interleaved.join('\n')}
    }
    if (block == 0u) {
      for (var n = lane; n < ${padded(dims) / 4}u; n += ${lanes}u) { ${put(`${b2 / 4}u + n`, 'select(vec4f(), db2, n == 0u)')} }
      ${padding.join('\n')}
    }
  }
}`;
  return withDirectives(tile, withMath(code));
}

/** One statement per point of the tile, of which there are as many as lanes, on GPUs one for each vec4 of hidden units. */
function eachOfRows(kernel: FlowKernel, statement: (row: number | string) => string): string {
  const { lanes, printed, broadcast } = kernel.tile;
  if (broadcast) return lines(lanes, statement);
  return `for (var row = 0u; row < ${quadsOf(kernel)}; row += ${printed}u) {\n${lines(printed, (n) => statement(`(row + ${n}u)`))}\n}`;
}

/** Sums that go through workgroup memory between two barriers. */
const BATCH = 4;

/**
 * For the first tile of a workgroup: `byLane` summed over the tiles, lane by lane, and `all` over all invocations, some at
 * a time. Every sum is named, because an array that a loop indexes lies in memory and not in registers.
 */
function sumGroup({ tile: { lanes, tiles } }: FlowKernel, byLane: readonly string[], all: readonly string[]): string {
  const invocations = tiles * lanes;
  const batches = [
    ...inBatches(byLane).map((names) => ({ names, step: lanes, from: 'lane' })),
    ...inBatches(all).map((names) => ({ names, step: 1, from: '0u' })),
  ];
  return batches
    .map(
      ({ names, step, from }) => `
  ${names.map((name, n) => `group_sums[${n * invocations}u + tile * ${lanes}u + lane] = ${name}; ${name} = vec4f();`).join('\n')}
  workgroupBarrier();
  if (tile == 0u) {
    for (var other = ${from}; other < ${invocations}u; other += ${step}u) {
      ${names.map((name, n) => `${name} += group_sums[${n * invocations}u + other];`).join('\n')}
    }
  }
  workgroupBarrier();`,
    )
    .join('');
}

function inBatches(names: readonly string[]): (readonly string[])[] {
  return Array.from({ length: Math.ceil(names.length / BATCH) }, (_, b) => names.slice(b * BATCH, (b + 1) * BATCH));
}
