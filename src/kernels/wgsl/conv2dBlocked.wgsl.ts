import blocked, { type Block } from './blocked.wgsl.js';
import { convParams } from './convParams.wgsl.js';
import { bindingAfter, type Epilogue, epilogueWgsl } from './epilogue.wgsl.js';
import { elementType, load4, store4 } from './tile.wgsl.js';

export interface Conv2dBlockedVariant {
  readonly block: Block;
  readonly subgroup?: number;
  /** Channels per group, and in all, are multiples of 4: of the input, of the output. */
  readonly vecC: boolean;
  readonly vecK: boolean;
  /** Taps of a filter row lie side by side in the image (one group, no dilation along it): they are one run of the sum. */
  readonly wholeRows: boolean;
  readonly epilogue: Epilogue;
}

/**
 * Convolution as an implicit matrix product by shared-memory blocks: rows are output pixels, columns output channels.
 * The depth consists of runs, pieces of the image that are contiguous in memory: a filter row of all its channels (so
 * that three channels fill a slab as well as 64 do), or one tap's channels. What lies outside of the image is zero.
 * Workgroup z is channel group * splits + split.
 */
export default function conv2dBlocked({
  block,
  subgroup,
  vecC,
  vecK,
  wholeRows,
  epilogue,
}: Conv2dBlockedVariant): string {
  const y = bindingAfter(epilogue, 2);
  // A vec4 lies inside of the image or outside; single elements may straddle its edge and the run's end.
  const inImage = (at: string) => `${at} >= 0 && ${at} < lineEnd`;
  const elements = (i: number) =>
    [0, 1, 2, 3].map((e) => {
      const valid = `inside${i} && jA${i} + ${e}u < run && ${inImage(`from${i} + ${e}`)}`;
      return `select(0.0, x[select(0, line${i} + from${i} + ${e}, ${valid})], ${valid})`;
    });
  const vector = (i: number) => {
    const valid = `inside${i} && jA${i} < run && ${inImage(`from${i}`)}`;
    return `select(vec4f(0.0), x[select(0, line${i} + from${i}, ${valid}) / 4], ${valid})`;
  };
  return blocked({
    block,
    subgroup,
    along: 'depth',
    depthFirst: false,
    declarations: /* wgsl */ `
${convParams}
@group(0) @binding(0) var<storage, read> x: array<${elementType(vecC)}>;
@group(0) @binding(1) var<storage, read> filters: array<${elementType(vecK)}>;
@group(0) @binding(${y}) var<storage, read_write> y: array<${elementType(vecK)}>;
@group(0) @binding(${y + 1}) var<uniform> p: ConvParams;
${epilogueWgsl(epilogue, 2, vecK)}`,
    range: /* wgsl */ `
  let rows = p.batch * p.outH * p.outW;
  let run = ${wholeRows ? 'p.kernelW * p.groupC' : 'p.groupC'};
  let runs = ${wholeRows ? 'p.kernelH' : 'p.kernelH * p.kernelW'};
  let slabs = (run + ${block.depth - 1}u) / ${block.depth}u; // of a run
  let splits = (runs * slabs + p.chunk - 1u) / p.chunk;
  let channelGroup = group.z / splits;
  let splitId = group.z % splits;
  let firstStep = splitId * p.chunk;
  let endStep = min(firstStep + p.chunk, runs * slabs);
  let lineEnd = i32(p.inW * p.inC);
  var tap = firstStep / slabs;
  var offset = firstStep % slabs * ${block.depth}u;`,
    holdA: (i) => `
  let pixel${i} = min(rowA${i}, rows - 1u);
  let image${i} = i32(pixel${i} / (p.outH * p.outW) * p.inH);
  let top${i} = i32(pixel${i} / p.outW % p.outH * p.strideH) - i32(p.padH);
  let start${i} = (i32(pixel${i} % p.outW * p.strideW) - i32(p.padW)) * i32(p.inC) + i32(channelGroup * p.groupC);`,
    holdB: (i) => `
  let kLeft${i} = p.groupK - min(columnB${i}, p.groupK);
  let heldB${i} = channelGroup * p.groupK + select(0u, columnB${i}, kLeft${i} > 0u);`,
    loadA: (i) => `
      let jA${i} = offset + depthA${i};
      let h${i} = top${i} + i32(${wholeRows ? 'tap' : 'tap / p.kernelW'} * p.dilationH);
      let inside${i} = u32(h${i}) < p.inH;
      let line${i} = (image${i} + h${i}) * lineEnd;
      let from${i} = start${i} + i32(${wholeRows ? '' : 'tap % p.kernelW * p.dilationW * p.inC + '}jA${i});
      a${i} = ${vecC ? vector(i) : `vec4f(${elements(i).join(', ')})`};`,
    loadB: (i) => `
      let jB${i} = offset + depthB${i};
      b${i} = select(vec4f(0.0), ${load4('filters', `(tap * run + jB${i}) * p.outC + heldB${i}`, vecK, `kLeft${i}`)}, jB${i} < run);`,
    advance: `
      offset += ${block.depth}u;
      if (offset >= run) { offset = 0u; tap++; }`,
    holdColumn: (j) => `
  let left${j} = p.groupK - min(column${j}, p.groupK);
  let n${j} = channelGroup * p.groupK + select(0u, column${j}, left${j} > 0u);
  let known${j} = columnOf(n${j}, left${j});`,
    store: (row, j, value) => `{
    let pixel = ${row};
    if (pixel < rows && left${j} > 0u) {
      let at = (splitId * rows + pixel) * p.outC + n${j};
      let sum = finish(${value}, known${j}, at, left${j});
      ${store4('y', 'at', 'sum', vecK, `left${j}`)}
    }
  }`,
  });
}
