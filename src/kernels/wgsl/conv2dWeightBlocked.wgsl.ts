import blocked, { type Block } from './blocked.wgsl.js';
import { convParams } from './convParams.wgsl.js';
import { filterRow, goOn, lookFrom, startWalk, walkStep } from './pixelWalk.wgsl.js';
import { elementType, load4, store4 } from './tile.wgsl.js';
import { COMPONENTS } from './vec4.wgsl.js';

export interface Conv2dWeightBlockedVariant {
  readonly block: Block;
  readonly subgroup?: number;
  readonly vecC: boolean;
  readonly vecK: boolean;
}

/**
 * Gradient of a convolution for its filters by shared-memory blocks: rows are taps and input channels, columns output
 * channels, and the depth runs over all output pixels, cut into ranges whose sums a second stage adds in a fixed order.
 * Workgroup z is channel group * splits + split.
 */
export default function conv2dWeightBlocked({ block, subgroup, vecC, vecK }: Conv2dWeightBlockedVariant): string {
  // Four channels of a vec4 share a tap; where they are single, each may have its own.
  const parts = vecC ? [''] : COMPONENTS;
  const value = (i: number) =>
    vecC
      ? `select(vec4f(0.0), x[at${i} / 4u], inside${i})`
      : `vec4f(${parts.map((part) => `select(0.0, x[at${i}${part}], inside${i}${part})`).join(', ')})`;
  return blocked({
    block,
    subgroup,
    along: 'rows',
    depthFirst: false,
    declarations: /* wgsl */ `
${convParams}
@group(0) @binding(0) var<storage, read> x: array<${elementType(vecC)}>;
@group(0) @binding(1) var<storage, read> g: array<${elementType(vecK)}>;
@group(0) @binding(2) var<storage, read_write> partial: array<${elementType(vecK)}>;
@group(0) @binding(3) var<uniform> p: ConvParams;`,
    range: /* wgsl */ `
  let rows = p.kernelH * p.kernelW * p.groupC;
  let pixels = p.batch * p.outH * p.outW;
  let steps = (pixels + ${block.depth - 1}u) / ${block.depth}u;
  let splits = (steps + p.chunk - 1u) / p.chunk;
  let channelGroup = group.z / splits;
  let splitId = group.z % splits;
  let firstStep = splitId * p.chunk;
  let endStep = min(firstStep + p.chunk, steps);
  ${walkStep(block.depth)}`,
    holdA: (i) => `
  var pixel${i} = firstStep * ${block.depth}u + depthA${i};
  ${startWalk(`${i}`, `pixel${i}`)}
  ${parts.map((part, e) => filterRow(`${i}${part}`, `rowA${i} + ${e}u`)).join('')}`,
    holdB: (i) => `
  let kLeft${i} = p.groupK - min(columnB${i}, p.groupK);
  let heldB${i} = channelGroup * p.groupK + select(0u, columnB${i}, kLeft${i} > 0u);`,
    loadA: (i) => `
      ${parts.map((part) => lookFrom(`${i}`, `${i}${part}`, `pixel${i} < pixels`)).join('')}
      a${i} = ${value(i)};
      pixel${i} += ${block.depth}u;
      ${goOn(`${i}`)}`,
    loadB: (i) => `
      let kB${i} = step * ${block.depth}u + depthB${i};
      b${i} = select(vec4f(0.0), ${load4('g', `min(kB${i}, pixels - 1u) * p.outC + heldB${i}`, vecK, `kLeft${i}`)}, kB${i} < pixels);`,
    advance: '',
    holdColumn: (j) => `
  let sumLeft${j} = p.groupK - min(column${j}, p.groupK);
  let k${j} = channelGroup * p.groupK + column${j};`,
    store: (row, j, sum) => `{
    let row = ${row};
    if (row < rows && sumLeft${j} > 0u) {
      ${store4('partial', `(splitId * rows + row) * p.outC + k${j}`, sum, vecK, `sumLeft${j}`)}
    }
  }`,
  });
}
