import blocked, { type Block } from './blocked.wgsl.js';
import { convParams } from './convParams.wgsl.js';
import { elementType, lines, load4, store4 } from './tile.wgsl.js';

export interface Conv2dInputBlockedVariant {
  readonly block: Block;
  readonly subgroup?: number;
  readonly vecC: boolean;
  readonly vecK: boolean;
  /** The channels of a tap are whole slabs. */
  readonly whole: boolean;
}

/**
 * Gradient of a convolution for its input by shared-memory blocks. As in `conv2dInput.wgsl.ts` rows are the input pixels
 * of one of the stride^2 classes, columns input channels. Only the taps that reach the class are walked: every `hop`-th
 * from `first` on. From one of them to the next the output pixel moves by `travel`. With the gcd of stride and dilation,
 * hop = stride / gcd and travel = dilation / gcd. Workgroup z is (channel group * classes + class) * splits + split.
 */
export default function conv2dInputBlocked({ block, subgroup, vecC, vecK, whole }: Conv2dInputBlockedVariant): string {
  const unit = vecK ? 4 : 1;
  const parts = [0, 1, 2, 3];
  const gathered = (i: number) => `vec4f(${parts.map((e) => `filters[filterAt + heldB${i}x${e}]`).join(', ')})`;
  const loaded = (i: number) => (vecK ? `g[at${i}]` : load4('g', `at${i}`, false, `p.groupK - (offset + depthA${i})`));
  const inTap = (depth: string) => (whole ? '' : ` && offset + ${depth} < p.groupK`);
  /** Statements that find what the tap sees from the pixel. */
  const enterTap = (i: number) => `
      let h${i} = bottom${i} - turnH * tapsH.travel;
      let w${i} = right${i} - turnW * tapsW.travel;
      valid${i} = h${i} < p.outH && w${i} < p.outW;
      at${i} = ((image${i} + h${i}) * p.outW + w${i}) * (p.outC / ${unit}u) + (kAt + depthA${i} + offset) / ${unit}u;`;
  const enterFilter = `
      filterAt = ((tapsH.first + turnH * tapsH.hop) * p.kernelW + tapsW.first + turnW * tapsW.hop) * p.groupC * p.outC + offset;`;
  return blocked({
    block,
    subgroup,
    along: 'depth',
    depthFirst: true,
    declarations: /* wgsl */ `
${convParams}
@group(0) @binding(0) var<storage, read> g: array<${elementType(vecK)}>;
@group(0) @binding(1) var<storage, read> filters: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<${elementType(vecC)}>;
@group(0) @binding(3) var<uniform> p: ConvParams;

struct Taps { first: u32, hop: u32, travel: u32, count: u32 }
fn taps(phase: u32, pad: u32, kernel: u32, stride: u32, dilation: u32) -> Taps {
  var hop = 1u;
  while (hop * dilation % stride != 0u) { hop++; }
  var first = 0u;
  while (first < min(hop, kernel) && (i32(phase + pad) - i32(first * dilation)) % i32(stride) != 0) { first++; }
  let count = select(0u, (kernel - min(first, kernel) + hop - 1u) / hop, first < hop);
  return Taps(first, hop, hop * dilation / stride, count);
}`,
    range: /* wgsl */ `
  let classes = p.strideH * p.strideW;
  let splits = p.chunk;
  let splitId = group.z % splits;
  let phase = group.z / splits % classes;
  let phaseH = phase / p.strideW;
  let phaseW = phase % p.strideW;
  let channelGroup = group.z / splits / classes;
  let kAt = channelGroup * p.groupK;
  let rowsH = (p.inH - phaseH + p.strideH - 1u) / p.strideH;
  let rowsW = (p.inW - phaseW + p.strideW - 1u) / p.strideW;
  let rows = p.batch * rowsH * rowsW;
  let tapsH = taps(phaseH, p.padH, p.kernelH, p.strideH, p.dilationH);
  let tapsW = taps(phaseW, p.padW, p.kernelW, p.strideW, p.dilationW);
  let slabs = (p.groupK + ${block.depth - 1}u) / ${block.depth}u; // of a tap
  let steps = select(0u, tapsH.count * tapsW.count * slabs, rows > 0u);
  let perSplit = (steps + splits - 1u) / splits;
  let firstStep = min(splitId * perSplit, steps);
  let endStep = min(firstStep + perSplit, steps);
  var offset = firstStep % slabs * ${block.depth}u;
  var turnW = firstStep / slabs % max(tapsW.count, 1u);
  var turnH = firstStep / slabs / max(tapsW.count, 1u);
  var filterAt: u32;
  ${enterFilter}`,
    holdA: (i) => `
  let pixel${i} = min(rowA${i}, max(rows, 1u) - 1u);
  let image${i} = pixel${i} / max(rowsH * rowsW, 1u) * p.outH;
  let bottom${i} = u32((i32(pixel${i} / max(rowsW, 1u) % max(rowsH, 1u) * p.strideH + phaseH + p.padH) - i32(tapsH.first * p.dilationH)) / i32(p.strideH));
  let right${i} = u32((i32(pixel${i} % max(rowsW, 1u) * p.strideW + phaseW + p.padW) - i32(tapsW.first * p.dilationW)) / i32(p.strideW));
  var valid${i}: bool; var at${i}: u32;
  { ${enterTap(i)} }`,
    holdB: (i) =>
      parts
        .map((e) => `let heldB${i}x${e} = min(columnB${i} + ${e}u, p.groupC - 1u) * p.outC + kAt + depthB${i};`)
        .join('\n'),
    loadA: (i) => `
      a${i} = select(vec4f(0.0), ${loaded(i)}, valid${i}${inTap(`depthA${i}`)});
      at${i} += ${block.depth / unit}u;`,
    loadB: (i) => `
      b${i} = ${whole ? gathered(i) : `select(vec4f(0.0), ${gathered(i)}, offset + depthB${i} < p.groupK)`};`,
    advance: (loadsA) => `
      filterAt += ${block.depth}u;
      offset += ${block.depth}u;
      if (offset >= p.groupK) {
        offset = 0u;
        turnW++;
        if (turnW >= tapsW.count) { turnW = 0u; turnH++; }
        ${enterFilter}
        ${lines(loadsA, enterTap)}
      }`,
    holdColumn: (j) => `let left${j} = p.groupC - min(column${j}, p.groupC);`,
    store: (row, j, value) => `{
    let pixel = ${row};
    if (pixel < rows && left${j} > 0u) {
      let h = pixel / rowsW % rowsH * p.strideH + phaseH;
      let w = pixel % rowsW * p.strideW + phaseW;
      let image = splitId * p.batch + pixel / (rowsH * rowsW);
      let at = ((image * p.inH + h) * p.inW + w) * p.inC + channelGroup * p.groupC + column${j};
      ${store4('dx', 'at', value, vecC, `left${j}`)}
    }
  }`,
  });
}
