import blocked, { type Block } from './blocked.wgsl.js';
import { classTaps, convParams, hopOf, pixelPlace } from './convParams.wgsl.js';
import { elementType, four, lines, store4 } from './tile.wgsl.js';

export interface Conv2dInputBlockedVariant {
  readonly block: Block;
  readonly subgroup?: number;
  readonly vecC: boolean;
  readonly vecK: boolean;
  /** The channels of a tap are whole slabs. */
  readonly whole: boolean;
  /** Stride and dilation of rows, of columns, where there are classes of pixels: printed, as divisors they cost nothing. */
  readonly strided?: readonly (readonly [stride: number, dilation: number])[];
}

/**
 * Gradient of a convolution for its input by shared-memory blocks. As in `conv2dInput.wgsl.ts` rows are the input pixels
 * of one of the stride^2 classes, columns input channels. Only the taps that reach the class are walked: every `hop`-th
 * from `first` on. From one of them to the next the output pixel moves by `travel`. With the gcd of stride and dilation,
 * hop = stride / gcd and travel = dilation / gcd. Workgroup z is (channel group * classes + class) * splits + split.
 */
export default function conv2dInputBlocked(variant: Conv2dInputBlockedVariant): string {
  const { block, subgroup, vecC, vecK, whole, strided } = variant;
  const unit = vecK ? 4 : 1;
  const [h, w] = (
    strided ?? [
      [1, 1],
      [1, 1],
    ]
  ).map(([stride, dilation]) => ({ stride, ...hopOf(stride, dilation) }));
  const inTap = (i: string) =>
    vecK ? `offset + depth${i} < p.groupK` : `vec4u(0u, 1u, 2u, 3u) + (offset + depth${i}) < vec4u(p.groupK)`;
  // `seen`: what the first tap sees from the first pixel (the divisions have no rest); `moveG`, `moveF`: where the slab begins,
  // seen from the first tap, in the output and in the filters; `back`: how far back in its line.
  return blocked({
    block,
    subgroup,
    alongA: 'depth',
    alongB: 'depth',
    declarations: /* wgsl */ `
${convParams}
${classTaps}
${pixelPlace}
@group(0) @binding(0) var<storage, read> g: array<${elementType(vecK)}>;
@group(0) @binding(1) var<storage, read> filters: array<${elementType(vecK)}>;
@group(0) @binding(2) var<storage, read_write> dx: array<${elementType(vecC)}>;
@group(0) @binding(3) var<uniform> p: ConvParams;`,
    range: /* wgsl */ `
  const strideH = ${h.stride}u;
  const strideW = ${w.stride}u;
  let splits = p.chunk;
  let splitId = group.z % splits;
  let phase = group.z / splits % (strideH * strideW);
  let phaseH = phase / strideW;
  let phaseW = phase % strideW;
  let channelGroup = group.z / splits / (strideH * strideW);
  let kAt = channelGroup * p.groupK;
  let dxAt = splitId * p.batch * p.inH * p.inW * p.inC + channelGroup * p.groupC;
  let rowsH = (p.inH - phaseH + strideH - 1u) / strideH;
  let rowsW = (p.inW - phaseW + strideW - 1u) / strideW;
  let rows = p.batch * rowsH * rowsW;
  let tapsH = taps(phaseH + p.padH, p.kernelH, strideH, p.dilationH, ${h.hop}u, ${h.inverse}u);
  let tapsW = taps(phaseW + p.padW, p.kernelW, strideW, p.dilationW, ${w.hop}u, ${w.inverse}u);
  let seenH = u32(i32(phaseH + p.padH - tapsH.first * p.dilationH) / i32(strideH));
  let seenW = u32(i32(phaseW + p.padW - tapsW.first * p.dilationW) / i32(strideW));
  let slabs = (p.groupK + ${block.depth - 1}u) / ${block.depth}u;
  let steps = select(0u, tapsH.count * tapsW.count * slabs, rows > 0u);
  let perSplit = (steps + splits - 1u) / splits;
  let firstStep = min(splitId * perSplit, steps);
  let endStep = min(firstStep + perSplit, steps);
  var offset = firstStep % slabs * ${block.depth}u;
  let turnW = firstStep / slabs % max(tapsW.count, 1u);
  let turnH = firstStep / slabs / max(tapsW.count, 1u);
  let tapSize = p.groupC * p.outC / ${unit}u;
  let pixelSize = p.outC / ${unit}u;
  let slabsSize = slabs * ${block.depth / unit}u;
  let backEnd = tapsW.count * tapsW.travel;
  var back = turnW * tapsW.travel;
  var moveG = offset / ${unit}u - back * pixelSize;
  var moveF = ((tapsH.first + turnH * tapsH.hop) * p.kernelW + tapsW.first + turnW * tapsW.hop) * tapSize + offset / ${unit}u;
  let tapG = tapsW.travel * pixelSize + slabsSize;
  let tapF = tapsW.hop * tapSize - slabsSize;
  let lineG = (backEnd - tapsH.travel * p.outW) * pixelSize;
  let lineF = (tapsH.hop * p.kernelW - tapsW.count * tapsW.hop) * tapSize;`,
    holdA: (i) => `
  let pixel${i} = placeOf(min(rowA${i}, max(rows, 1u) - 1u), max(rowsH, 1u), max(rowsW, 1u));
  var bottom${i} = pixel${i}.y + seenH - turnH * tapsH.travel;
  let right${i} = pixel${i}.z + seenW;
  let heldA${i} = ((pixel${i}.x * p.outH + bottom${i}) * p.outW + right${i}) * (p.outC / ${unit}u) + (kAt + depthA${i}) / ${unit}u;`,
    holdB: (i) => `let heldB${i} = (min(columnB${i}, p.groupC - 1u) * p.outC + kAt + depthB${i}) / ${unit}u;`,
    loadA: (i) => `a${i} = ${four('g', `heldA${i} + moveG`, vecK)};`,
    loadB: (i) => `b${i} = ${four('filters', `heldB${i} + moveF`, vecK)};`,
    countsA: (i) =>
      `${whole ? '' : `(${inTap(`A${i}`)}) & `}${whole || vecK ? '' : 'vec4<bool>'}(bottom${i} < p.outH && right${i} - back < p.outW)`,
    ...(!whole && { countsB: (i) => inTap(`B${i}`) }),
    advance: (loadsA) => `
    offset += ${block.depth}u;
    moveG += ${block.depth / unit}u;
    moveF += ${block.depth / unit}u;
    if (offset >= p.groupK) {
      offset = 0u;
      back += tapsW.travel;
      moveG -= tapG;
      moveF += tapF;
      if (back >= backEnd) {
        back = 0u;
        moveG += lineG;
        moveF += lineF;
        ${lines(loadsA, (i) => `bottom${i} -= tapsH.travel;`)}
      }
    }`,
    holdColumn: (j) => `let left${j} = p.groupC - min(column${j}, p.groupC);`,
    store: (row, j, value) => `{
    let pixel = ${row};
    if (pixel < rows && left${j} > 0u) {
      ${strided ? 'let place = placeOf(pixel, rowsH, rowsW);\n      let to = (place.x * p.inH + place.y * strideH + phaseH) * p.inW + place.z * strideW + phaseW;' : 'let to = pixel;'}
      let at = to * p.inC + dxAt + column${j};
      ${store4('dx', 'at', value, vecC, `left${j}`)}
    }
  }`,
  });
}
