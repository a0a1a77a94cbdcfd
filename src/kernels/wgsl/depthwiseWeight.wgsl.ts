import { threadEntry } from '../../tensor/grid.js';
import { convParams } from './convParams.wgsl.js';
import { type DepthwiseColumns, depthwiseTerms, loadSources, nameOf } from './depthwise.wgsl.js';
import { lines } from './tile.wgsl.js';
import { laneTypes } from './windows.wgsl.js';

/** Output columns that are multiplied at a time. */
const WIDTH = 4;

/**
 * Gradient of a depthwise convolution for its filters: an invocation has one vec4 of channels and one row of the filter and
 * walks `p.chunk` rows of the output; the partial sums [split, r, s, c] are added in a second stage.
 */
export default function depthwiseWeight(lanes: 1 | 4, columns: DepthwiseColumns): string {
  const { T } = laneTypes(lanes);
  const terms = depthwiseTerms({ direction: 'forward', columns });
  return /* wgsl */ `
${convParams}
@group(0) @binding(0) var<storage, read> x: array<${T}>;
@group(0) @binding(1) var<storage, read> g: array<${T}>;
@group(0) @binding(2) var<storage, read_write> partial: array<${T}>;
@group(0) @binding(3) var<uniform> p: ConvParams;

${threadEntry('i')}
  let channels = p.inC / ${lanes}u;
  let c = i % channels;
  let r = i / channels % p.kernelH;
  let splitId = i / (channels * p.kernelH);
  let outRows = p.batch * p.outH;
  if (splitId * p.chunk >= outRows) { return; }
  ${lines(columns.kernel, (s) => `var sum${s} = ${T}(0.0);`)}
  for (var outRow = splitId * p.chunk; outRow < min((splitId + 1u) * p.chunk, outRows); outRow++) {
    let h = i32(outRow % p.outH * p.strideH + r * p.dilationH) - i32(p.padH);
    if (h < 0 || h >= i32(p.inH)) { continue; }
    let line = (outRow / p.outH * p.inH + u32(h)) * p.inW;
    for (var first = 0u; first < p.outW; first += ${WIDTH}u) {
      let base = i32(first * ${columns.stride}u);
      ${lines(WIDTH, (j) => `let g${j} = select(${T}(0.0), g[(outRow * p.outW + min(first + ${j}u, p.outW - 1u)) * channels + c], first + ${j}u < p.outW);`)}
      ${loadSources(terms, 'x', 'p.inW', T)}
      ${terms.map(({ i: j, s, offset }) => `sum${s} = fma(${nameOf(offset)}, g${j}, sum${s});`).join('\n      ')}
    }
  }
  let to = (splitId * p.kernelH + r) * ${columns.kernel}u;
  ${lines(columns.kernel, (s) => `partial[(to + ${s}u) * channels + c] = sum${s};`)}
}`;
}
