import blocked, { type Block } from './blocked.wgsl.js';
import { convParams } from './convParams.wgsl.js';
import { elementType, load4, store4 } from './tile.wgsl.js';

export interface Conv2dWeightBlockedVariant {
  readonly block: Block;
  readonly vecC: boolean;
  readonly vecK: boolean;
}

/**
 * Gradient of a convolution for its filters by shared-memory blocks: rows are taps and input channels, columns output
 * channels, and the depth runs over all output pixels, cut into ranges whose sums a second stage adds in a fixed order.
 * Workgroup z is channel group * splits + split.
 */
export default function conv2dWeightBlocked({ block, vecC, vecK }: Conv2dWeightBlockedVariant): string {
  // Four channels of a vec4 share a tap; where they are single, each may have its own.
  const parts = vecC ? [''] : ['x', 'y', 'z', 'w'];
  const holdPart = (i: number, part: string, e: number) => `
  let tapRow${i}${part} = min(rowA${i} + ${e}u, rows - 1u);
  let shiftH${i}${part} = i32(tapRow${i}${part} / p.groupC / p.kernelW * p.dilationH) - i32(p.padH);
  let shiftW${i}${part} = i32(tapRow${i}${part} / p.groupC % p.kernelW * p.dilationW) - i32(p.padW);
  let cAt${i}${part} = channelGroup * p.groupC + tapRow${i}${part} % p.groupC;`;
  const loadPart = (i: number, part: string) => `
      let h${i}${part} = top${i} + shiftH${i}${part};
      let w${i}${part} = left${i} + shiftW${i}${part};
      let valid${i}${part} = pixel${i} < pixels && h${i}${part} >= 0 && h${i}${part} < i32(p.inH) && w${i}${part} >= 0 && w${i}${part} < i32(p.inW);
      let at${i}${part} = select(0u, ((image${i} * p.inH + u32(h${i}${part})) * p.inW + u32(w${i}${part})) * p.inC + cAt${i}${part}, valid${i}${part});`;
  const value = (i: number) =>
    vecC
      ? `select(vec4f(0.0), x[at${i} / 4u], valid${i})`
      : `vec4f(${parts.map((part) => `select(0.0, x[at${i}${part}], valid${i}${part})`).join(', ')})`;
  return blocked({
    block,
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
  // An invocation's pixel as (image, line, place) moves on by a slab with carries, as divisions are slow.
  let slabImage = ${block.depth}u / (p.outH * p.outW);
  let slabLine = ${block.depth}u / p.outW % p.outH;
  let slabPlace = ${block.depth}u % p.outW;`,
    holdA: (i) => `
  var pixel${i} = firstStep * ${block.depth}u + depthA${i};
  var image${i} = pixel${i} / (p.outH * p.outW);
  var line${i} = pixel${i} / p.outW % p.outH;
  var place${i} = pixel${i} % p.outW;
  ${parts.map((part, e) => holdPart(i, part, e)).join('')}`,
    holdB: (i) => `
  let kLeft${i} = p.groupK - min(columnB${i}, p.groupK);
  let heldB${i} = channelGroup * p.groupK + select(0u, columnB${i}, kLeft${i} > 0u);`,
    loadA: (i) => `
      let top${i} = i32(line${i} * p.strideH);
      let left${i} = i32(place${i} * p.strideW);
      ${parts.map((part) => loadPart(i, part)).join('')}
      a${i} = ${value(i)};
      pixel${i} += ${block.depth}u;
      place${i} += slabPlace;
      let nextLine${i} = place${i} >= p.outW;
      place${i} -= select(0u, p.outW, nextLine${i});
      line${i} += slabLine + u32(nextLine${i});
      let nextImage${i} = line${i} >= p.outH;
      line${i} -= select(0u, p.outH, nextImage${i});
      image${i} += slabImage + u32(nextImage${i});`,
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
