import blocked, { type Block } from './blocked.wgsl.js';
import { convParams } from './convParams.wgsl.js';
import { filterRow, startWalk, walkStep } from './pixelWalk.wgsl.js';
import { elementType, load4, store4 } from './tile.wgsl.js';
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
  const seen = (name: string, zero: string) =>
    `select(${zero}, x[at${name}], (u32(h${name}) < p.inH) & (u32(w${name}) < p.inW)${whole ? '' : ' & counts'})`;
  const value = (i: number) =>
    vecC ? seen(`${i}`, 'vec4f(0.0)') : `vec4f(${parts.map((part) => seen(`${i}${part}`, '0.0')).join(', ')})`;
  const loadedG = (i: number) => (vecK ? `g[heldB${i}]` : load4('g', `heldB${i}`, false, `kLeft${i}`));
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
  ${walkStep(block.depth)}
  // What a step of the walk, and its carries, add to the place in the image.
  let lineSize = p.inW * p.inC / ${unitX}u;
  let stepAt = (stepImage * p.inH + stepLine * p.strideH) * lineSize + stepPlace * p.strideW * p.inC / ${unitX}u;
  let lineAt = p.strideH * lineSize - p.outW * p.strideW * p.inC / ${unitX}u;
  let imageAt = (p.inH - p.outH * p.strideH) * lineSize;
  let stepH = i32(stepLine * p.strideH);
  let stepW = i32(stepPlace * p.strideW);
  let endH = i32(p.outH * p.strideH);
  let endW = i32(p.outW * p.strideW);`,
    holdA: (i) => `
  var pixel${i} = firstStep * ${block.depth}u + depthA${i};
  ${startWalk(`${i}`, `pixel${i}`)}
  var y${i} = i32(line${i} * p.strideH);
  var x${i} = i32(place${i} * p.strideW);
  var from${i} = (image${i} * p.inH + u32(y${i})) * lineSize + u32(x${i}) * p.inC / ${unitX}u;
  ${parts
    .map(
      (part, e) => `${filterRow(`${i}${part}`, `rowA${i} + ${e}u`)}
  let shiftAt${i}${part} = u32(shiftH${i}${part}) * lineSize + u32(shiftW${i}${part}) * (p.inC / ${unitX}u) + cAt${i}${part} / ${unitX}u;`,
    )
    .join('')}`,
    holdB: (i) => `
  let kLeft${i} = p.groupK - min(columnB${i}, p.groupK);
  var heldB${i} = (channelGroup * p.groupK + select(0u, columnB${i}, kLeft${i} > 0u) + (firstStep * ${block.depth}u + depthB${i}) * p.outC) / ${unitG}u;`,
    loadA: (i) => `
      ${parts
        .map(
          (part) => `
      let h${i}${part} = y${i} + shiftH${i}${part};
      let w${i}${part} = x${i} + shiftW${i}${part};
      let at${i}${part} = from${i} + shiftAt${i}${part};`,
        )
        .join('')}
      ${whole ? `a${i} = ${value(i)};` : `{ let counts = pixel${i} < pixels; a${i} = ${value(i)}; }\n      pixel${i} += ${block.depth}u;`}
      x${i} += stepW;
      let nextLine${i} = x${i} >= endW;
      x${i} -= select(0, endW, nextLine${i});
      y${i} += select(stepH, stepH + i32(p.strideH), nextLine${i});
      let nextImage${i} = y${i} >= endH;
      y${i} -= select(0, endH, nextImage${i});
      from${i} += select(stepAt, stepAt + lineAt, nextLine${i}) + select(0u, imageAt, nextImage${i});`,
    loadB: (i) => `
      b${i} = ${whole ? loadedG(i) : `select(vec4f(0.0), ${loadedG(i)}, step * ${block.depth}u + depthB${i} < pixels)`};
      heldB${i} += ${block.depth}u * p.outC / ${unitG}u;`,
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
