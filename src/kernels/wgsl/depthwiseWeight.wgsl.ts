import { threadEntry } from '../../tensor/grid.js';
import { convParams } from './convParams.wgsl.js';
import {
  checkColumns,
  type DepthwiseVariant,
  depthwiseTerms,
  loadColumns,
  nameOf,
  offsetsOf,
} from './depthwise.wgsl.js';
import { withSubgroups } from './narrow.wgsl.js';
import { lines } from './tile.wgsl.js';
import { laneTypes } from './windows.wgsl.js';

/** Output columns that are multiplied at a time. */
export const WEIGHT_WIDTH = 4;

export interface DepthwiseWeightVariant extends Pick<DepthwiseVariant, 'lanes' | 'columns' | 'subgroup'> {
  /** Columns of the output that the last block of a row has. */
  readonly tail: number;
}

/**
 * Gradient of a depthwise convolution for its filters: an invocation has one vec4 of channels and one row of the filter and
 * walks `p.chunk` rows of the output; the partial sums [split, r, s, c] are added in a second stage.
 */
export default function depthwiseWeight({ lanes, columns, tail, subgroup }: DepthwiseWeightVariant): string {
  const { T } = laneTypes(lanes);
  const terms = depthwiseTerms({ direction: 'forward', columns });
  const offsets = offsetsOf(terms);
  const code = /* wgsl */ `
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
  let blocks = (p.outW + ${WEIGHT_WIDTH - 1}u) / ${WEIGHT_WIDTH}u;
  let outRows = p.batch * p.outH;
  if (splitId * p.chunk >= outRows) { return; }
  ${lines(columns.kernel, (s) => `var sum${s} = ${T}(0.0);`)}
  for (var outRow = splitId * p.chunk; outRow < min((splitId + 1u) * p.chunk, outRows); outRow++) {
    let h = outRow % p.outH * ${columns.rowStride}u + r * p.dilationH - p.padH; // as u32, what lies in front is larger than the height
    if (h >= p.inH) { continue; }
    var at = (outRow / p.outH * p.inH + h) * p.inW * channels + c;
    var to = outRow * p.outW * channels + c;
    var first = 0u;
    for (var left = blocks; left > 0u; left--) {
      let base = first * ${columns.stride}u;
      ${checkColumns(offsets, columns.inside, 'p.inW')}
      ${lines(WEIGHT_WIDTH, (j) => {
        const element = `g[to + ${j}u * channels]`;
        return `let g${j} = ${j < tail ? element : `select(${T}(0.0), ${element}, first + ${j}u < p.outW)`};`;
      })}
      ${loadColumns(offsets, columns.inside, 'x', 'at', T)}
      ${terms.map(({ i: j, s, offset }) => `sum${s} = fma(${nameOf(offset)}, g${j}, sum${s});`).join('\n      ')}
      at += ${WEIGHT_WIDTH * columns.stride}u * channels;
      to += ${WEIGHT_WIDTH}u * channels;
      first += ${WEIGHT_WIDTH}u;
    }
  }
  let row = (splitId * p.kernelH + r) * ${columns.kernel}u;
  ${lines(columns.kernel, (s) => `partial[(row + ${s}u) * channels + c] = sum${s};`)}
}`;
  return withSubgroups(subgroup, code);
}
