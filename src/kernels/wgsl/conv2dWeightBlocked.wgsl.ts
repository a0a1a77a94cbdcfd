import blocked, { type Block } from './blocked.wgsl.js';
import { convParams, pixelPlace } from './convParams.wgsl.js';
import { filterRow, walkStep } from './pixelWalk.wgsl.js';
import { elementType, four, store4 } from './tile.wgsl.js';
import { COMPONENTS } from './vec4.wgsl.js';

export interface Conv2dWeightBlockedVariant {
  readonly block: Block;
  readonly subgroup?: number;
  readonly vecC: boolean;
  readonly vecK: boolean;
  /** The pixels are whole slabs. */
  readonly whole: boolean;
}

/**
 * Gradient of a convolution for its filters by shared-memory blocks: rows are taps and input channels, columns output
 * channels, and the depth runs over all output pixels, cut into ranges whose sums a second stage adds in a fixed order.
 * Workgroup z is channel group * splits + split.
 */
export default function conv2dWeightBlocked({
  block,
  subgroup,
  vecC,
  vecK,
  whole,
}: Conv2dWeightBlockedVariant): string {
  // Four channels of a vec4 share a tap; where they are single, each may have its own.
  const parts = vecC ? [''] : COMPONENTS;
  const [unitX, unitG] = [vecC ? 4 : 1, vecK ? 4 : 1];
  const inside = (name: string) => `(u32(y + shiftH${name}) < p.inH) & (u32(column + shiftW${name}) < p.inW)`;
  const ofParts = (type: string, f: (part: string) => string) =>
    vecC ? f('') : `${type}(${COMPONENTS.map(f).join(', ')})`;
  const walk = `
  var pixel = firstStep * ${block.depth}u + depthA0;
  let place = placeOf(pixel, p.outH, p.outW);
  var y = i32(place.y * p.strideH);
  var column = i32(place.z * p.strideW);
  var at = (place.x * p.inH + u32(y)) * lineSize + u32(column) * p.inC / ${unitX}u;`;
  // `stepAt`, `lineAt`, `imageAt`: what a step of the walk, and its carries, add to the place in the image.
  return blocked({
    block,
    subgroup,
    alongA: 'rows',
    alongB: 'columns',
    declarations: /* wgsl */ `
${convParams}
${pixelPlace}
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
  ${walkStep(block.depth)}
  let lineSize = p.inW * p.inC / ${unitX}u;
  let stepAt = (stepBy.x * p.inH + stepBy.y * p.strideH) * lineSize + stepBy.z * p.strideW * p.inC / ${unitX}u;
  let lineAt = p.strideH * lineSize - p.outW * p.strideW * p.inC / ${unitX}u;
  let imageAt = (p.inH - p.outH * p.strideH) * lineSize;
  let stepH = i32(stepBy.y * p.strideH);
  let stepW = i32(stepBy.z * p.strideW);
  let endH = i32(p.outH * p.strideH);
  let endW = i32(p.outW * p.strideW);
  let stepG = ${block.depth}u * p.outC / ${unitG}u;
  var moveG = firstStep * stepG;`,
    holdA: (i) => `
  ${i === 0 ? walk : ''}
  ${parts
    .map(
      (part, e) => `${filterRow(`${i}${part}`, `rowA${i} + ${e}u`)}
  let shiftAt${i}${part} = u32(shiftH${i}${part}) * lineSize + u32(shiftW${i}${part}) * (p.inC / ${unitX}u) + cAt${i}${part} / ${unitX}u;`,
    )
    .join('')}`,
    holdB: (i) => `
  let heldB${i} = (channelGroup * p.groupK + min(columnB${i}, p.groupK - 1u) + depthB${i} * p.outC) / ${unitG}u;`,
    loadA: (i) => `
      let inside${i} = ${ofParts('vec4<bool>', (part) => inside(`${i}${part}`))};
      a${i} = ${ofParts('vec4f', (part) => `x[at + shiftAt${i}${part}]`)};`,
    loadB: (i) => `b${i} = ${four('g', `heldB${i} + moveG`, vecK)};`,
    countsA: (i) => (whole ? `inside${i}` : `inside${i} & ${vecC ? '' : 'vec4<bool>'}(pixel < pixels)`),
    ...(!whole && { countsB: (i) => `slab * ${block.depth}u + depthB${i} < pixels` }),
    advance: () => `
    moveG += stepG;
    ${whole ? '' : `pixel += ${block.depth}u;`}
    column += stepW;
    let nextLine = column >= endW;
    column -= select(0, endW, nextLine);
    y += select(stepH, stepH + i32(p.strideH), nextLine);
    let nextImage = y >= endH;
    y -= select(0, endH, nextImage);
    at += select(stepAt, stepAt + lineAt, nextLine) + select(0u, imageAt, nextImage);`,
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
