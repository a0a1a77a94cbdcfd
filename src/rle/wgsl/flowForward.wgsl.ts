import { withMath } from '../../kernels/wgsl/math.wgsl.js';
import { networkLayout } from '../fused/flowShape.js';
import {
  ACTIVATIONS,
  coordinates,
  eachColumn,
  eachRow,
  type FlowKernel,
  networksBound,
  secondLayer,
} from './flowNetwork.wgsl.js';
import { owned, ownPoints, sharedMemory, sumLanes, tileEntry, withDirectives } from './pointTile.wgsl.js';

/** Where a map goes, and what comes out: `logProb` is `inverse` with the density instead of its two parts. */
export type FlowMap = 'logProb' | 'inverse' | 'forward';

/**
 * The uniforms of all kernels of the flow. Bit `c dims + d` of `masks`: coordinate d passes coupling c unchanged; `padded`: points rounded
 * up to whole workgroups; `quads`: vec4s of a hidden layer.
 */
export const FLOW_PARAMS = `
struct Params { points: u32, couplings: u32, masks: u32, scaleBound: f32, padded: u32, quads: u32 }`;

/**
 * A whole RealNVP for one tile of points: a loop over the couplings and, inside, over the two networks, so that the
 * straight-line code of a network is printed once.
 *
 * Besides the result it stores what the gradient needs: per coupling, the coordinates on the side that the networks see
 * (behind the coupling for `inverse`, in front of it for `forward`) and the log-scales.
 */
export function flowForwardWgsl(kernel: FlowKernel, map: FlowMap): string {
  const { dims, hidden, tile } = kernel;
  const { w2, b2, length } = networkLayout(kernel);
  const quads = hidden / 4;
  const density = map === 'logProb';
  const inverse = map !== 'forward';
  const each = (statement: (i: number, d: number) => string) =>
    owned(tile, (i) => coordinates(kernel, (d) => statement(i, d)));
  const store = each((i, d) => {
    const at = `(2u * ${dims}u * c + ${d}u) * params.points + p${i}`;
    return `if (real${i}) { states[${at}] = x${i}_${d}; states[${at} + ${dims}u * params.points] = s${i}_${d}; }`;
  });
  const change = each((i, d) =>
    inverse
      ? `x${i}_${d} = (x${i}_${d} - t${i}_${d}) * exponential(-s${i}_${d}); logDet${i} -= s${i}_${d};`
      : `x${i}_${d} = x${i}_${d} * exponential(s${i}_${d}) + t${i}_${d}; logDet${i} += s${i}_${d};`,
  );
  const halfNorm = (i: number) => Array.from({ length: dims }, (_, d) => `x${i}_${d} * x${i}_${d}`).join(' + ');
  const result = owned(tile, (i) =>
    density
      ? `if (real${i}) { logProb[p${i}] = logDet${i} - 0.5 * (${halfNorm(i)}) - ${(dims / 2) * Math.log(2 * Math.PI)}; }`
      : `if (real${i}) { logDet[p${i}] = logDet${i}; ${coordinates(kernel, (d) => `moved[p${i} * ${dims}u + ${d}u] = x${i}_${d};`)} }`,
  );
  const outputs = density
    ? '@group(0) @binding(2) var<storage, read_write> logProb: array<f32>;'
    : `@group(0) @binding(2) var<storage, read_write> moved: array<f32>;
@group(0) @binding(3) var<storage, read_write> logDet: array<f32>;`;
  const next = density ? 3 : 4;
  const code = withMath(`
${sharedMemory(tile, 1, dims)}
@group(0) @binding(0) var<storage, read> points: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
${outputs}
@group(0) @binding(${next}) var<storage, read_write> states: array<f32>;
${FLOW_PARAMS}
@group(0) @binding(${next + 1}) var<uniform> params: Params;
${ACTIVATIONS[kernel.activation]}
${tileEntry(tile)}
  ${ownPoints(tile)}
  ${owned(tile, (i) => `var logDet${i} = 0.0;`)}
  ${each((i, d) => `var x${i}_${d} = points[p${i} * ${dims}u + ${d}u];`)}
  for (var turnOf = 0u; turnOf < params.couplings; turnOf++) {
    let c = ${inverse ? 'params.couplings - 1u - turnOf' : 'turnOf'};
    ${coordinates(kernel, (d) => `let pass${d} = f32((params.masks >> (c * ${dims}u + ${d}u)) & 1u);`)}
    ${each((i, d) => `let m${i}_${d} = x${i}_${d} * pass${d}; var t${i}_${d} = 0.0; var s${i}_${d} = 0.0;`)}
    for (var scale = 0u; scale < ${networksBound(kernel)}; scale++) {
      let base = (scale * params.couplings + c) * ${length / 4}u;
      ${eachRow(kernel, (row) => coordinates(kernel, (d) => `var part${row}_${d} = 0.0;`))}
      ${eachColumn(
        kernel,
        `${secondLayer(kernel)}
        ${coordinates(kernel, (d) => `let out${d} = weights[base + ${w2 / 4 + d * quads}u + column];`)}
        ${eachRow(kernel, (row) => `acc${row} = activated(acc${row}); ${coordinates(kernel, (d) => `part${row}_${d} += dot(acc${row}, out${d});`)}`)}`,
      )}
      let last = weights[base + ${b2 / 4}u];
      ${each((i, d) => `var o${i}_${d} = last[${d}];`)}
      ${sumLanes(
        tile,
        dims,
        (row, d) => `part${row}_${d}`,
        (i, d) => `o${i}_${d}`,
      )}
      if (scale == 0u) { ${each((i, d) => `t${i}_${d} = o${i}_${d} * (1.0 - pass${d});`)} }
      else { ${each((i, d) => `s${i}_${d} = params.scaleBound * tangh(o${i}_${d}) * (1.0 - pass${d});`)} }
    }
    ${inverse ? '' : store}
    ${change}
    ${inverse ? store : ''}
  }
  ${result}
}`);
  return withDirectives(tile, code);
}
