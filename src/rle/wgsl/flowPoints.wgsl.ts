import { withMath } from '../../kernels/wgsl/math.wgsl.js';
import { lines } from '../../kernels/wgsl/tile.wgsl.js';
import { COMPONENTS } from '../../kernels/wgsl/vec4.wgsl.js';
import { networkLayout } from '../fused/flowShape.js';
import { FLOW_PARAMS, type FlowMap } from './flowForward.wgsl.js';
import {
  ACTIVATIONS,
  coordinates,
  eachColumn,
  eachQuad,
  eachRow,
  type FlowKernel,
  firstLayer,
  firstLayerWeights,
  networksBound,
  secondLayer,
  storeRows,
} from './flowNetwork.wgsl.js';
import {
  ofRow,
  owned,
  ownPoints,
  ownRow,
  publish,
  sharedMemory,
  sumLanes,
  tileEntry,
  withDirectives,
} from './pointTile.wgsl.js';

/**
 * The points' half of the flow's gradient: cotangents go back through the couplings, with the networks' hidden layers
 * computed again. It stores what the weights' half contracts over points: `outs` [nets, D, points], the cotangents of the
 * networks' outputs, and `hidden` [2, nets, points, H], first the second layer's units, then the cotangents of the first
 * layer's, both before the activation.
 */
export function flowPointsWgsl(kernel: FlowKernel, map: FlowMap): string {
  const { dims, hidden, tile } = kernel;
  const { w1, w2, length } = networkLayout(kernel);
  const quads = hidden / 4;
  const density = map === 'logProb';
  const inverse = map !== 'forward';
  const each = (statement: (i: number, d: number) => string) =>
    owned(tile, (i) => coordinates(kernel, (d) => statement(i, d)));
  const next = density ? 3 : 4;
  const store = (half: string, name: string) =>
    storeRows(kernel, name, (row) => `hidden[(${half} * params.padded + first + ${row}) * ${quads}u + column]`);
  const vector = (name: (d: number) => string) =>
    `vec4f(${COMPONENTS.map((_, d) => (d < dims ? name(d) : '0.0')).join(', ')})`;
  const code = withMath(`
${sharedMemory(tile, 1, dims)}
@group(0) @binding(0) var<storage, read> states: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read> logCotangents: array<f32>;
${density ? '' : '@group(0) @binding(3) var<storage, read> cotangents: array<f32>;'}
@group(0) @binding(${next}) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(${next + 1}) var<storage, read_write> hidden: array<vec4f>;
@group(0) @binding(${next + 2}) var<storage, read_write> outs: array<f32>;
${FLOW_PARAMS}
@group(0) @binding(${next + 3}) var<uniform> params: Params;
${ACTIVATIONS[kernel.activation]}
${tileEntry(tile)}
  ${ownPoints(tile)}
  let nets = 2u * params.couplings;
  ${owned(tile, (i) => `let g${i} = select(0.0, logCotangents[p${i}], inside${i});`)}
  ${each((i, d) =>
    density
      ? `var dx${i}_${d} = -g${i} * states[${d}u * params.points + p${i}];`
      : `var dx${i}_${d} = select(0.0, cotangents[p${i} * ${dims}u + ${d}u], inside${i});`,
  )}
  for (var turnOf = 0u; turnOf < params.couplings; turnOf++) {
    let c = ${inverse ? 'turnOf' : 'params.couplings - 1u - turnOf'};
    ${coordinates(kernel, (d) => `let pass${d} = f32((params.masks >> (c * ${dims}u + ${d}u)) & 1u);`)}
    ${each((i, d) => {
      const at = `(2u * ${dims}u * c + ${d}u) * params.points + p${i}`;
      const u = `u${i}_${d}`;
      const dx = `dx${i}_${d}`;
      const s = `s${i}_${d}`;
      const change = `(1.0 - pass${d})`;
      const cotangents = inverse
        ? `let shrink${i}_${d} = exponential(-${s});
        let dt${i}_${d} = -${dx} * shrink${i}_${d} * ${change};
        let ds${i}_${d} = -(${dx} * ${u} + g${i}) * ${change};
        ${dx} *= shrink${i}_${d};`
        : `let grow${i}_${d} = exponential(${s});
        let dt${i}_${d} = ${dx} * ${change};
        let ds${i}_${d} = (${dx} * ${u} * grow${i}_${d} + g${i}) * ${change};
        ${dx} *= grow${i}_${d};`;
      return `let ${u} = states[${at}]; let ${s} = states[${at} + ${dims}u * params.points];
      ${cotangents}
      let m${i}_${d} = ${u} * pass${d};
      let bent${i}_${d} = ds${i}_${d} * (params.scaleBound - ${s} * ${s} / params.scaleBound);`;
    })}
    for (var scale = 0u; scale < ${networksBound(kernel)}; scale++) {
      let net = scale * params.couplings + c;
      let base = net * ${length / 4}u;
      ${each(
        (i, d) => `let e${i}_${d} = select(dt${i}_${d}, bent${i}_${d}, scale == 1u);
      if (real${i}) { outs[(net * ${dims}u + ${d}u) * params.points + p${i}] = e${i}_${d}; }`,
      )}
      ${eachColumn(
        kernel,
        `${secondLayer(kernel)}
        ${store('net', 'acc')}`,
      )}
      storageBarrier();
      ${owned(tile, (i) => `let m${i} = ${vector((d) => `m${i}_${d}`)};`)}
      ${eachRow(kernel, (row) => coordinates(kernel, (d) => `var part${row}_${d} = 0.0;`))}
      ${eachColumn(
        kernel,
        `${eachRow(kernel, (row) => `var acc${row} = vec4f();`)}
        ${eachQuad(
          kernel,
          (q) => `${coordinates(kernel, (d) => `let o${d} = weights[base + ${w2 / 4 + d * quads}u + ${q}];`)}
          ${owned(tile, (i) => {
            const back = Array.from({ length: dims }, (_, d) => `e${i}_${d} * o${d}`).join(' + ');
            return `let a${i} = (${back}) * slope(hidden[(net * params.padded + first + ${ownRow(tile, i)}) * ${quads}u + ${q}]);`;
          })}`,
          lines(4, (step) => `let b${step} = weights[base + ${w1 / 4}u + (4u * q + ${step}u) * ${quads}u + column];`),
        )}
        ${firstLayerWeights(kernel, 'k', 'column')}
        ${publish(tile, (i) => [`m${i}`])}
        ${eachRow(kernel, (row) => {
          const unit = firstLayer(kernel, 'k', (d) => `point${row}.${COMPONENTS[d]}`);
          return `let point${row} = ${ofRow(tile, row, (i) => [`m${i}`])};
          acc${row} *= slope${unit};
          ${coordinates(kernel, (d) => `part${row}_${d} += dot(acc${row}, kw${d});`)}`;
        })}
        ${store('(nets + net)', 'acc')}`,
      )}
      ${each((i, d) => `var back${i}_${d} = 0.0;`)}
      ${sumLanes(
        tile,
        dims,
        (row, d) => `part${row}_${d}`,
        (i, d) => `back${i}_${d}`,
      )}
      ${each((i, d) => `dx${i}_${d} += back${i}_${d} * pass${d};`)}
    }
  }
  ${each((i, d) => `if (real${i}) { gradient[p${i} * ${dims}u + ${d}u] = dx${i}_${d}; }`)}
}`);
  return withDirectives(tile, code);
}
