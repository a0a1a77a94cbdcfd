import blocked, { type Block } from './blocked.wgsl.js';
import { convParams } from './convParams.wgsl.js';
import { bindingAfter, type Epilogue, epilogueWgsl } from './epilogue.wgsl.js';
import { elementType, lines, load4, store4 } from './tile.wgsl.js';

export interface Conv2dBlockedVariant {
  readonly block: Block;
  readonly subgroup?: number;
  /** Channels per group, and in all, are multiples of 4: of the input, of the output. */
  readonly vecC: boolean;
  readonly vecK: boolean;
  /** Taps of a filter row lie side by side in the image (one group, no dilation along it): they are one run of the sum. */
  readonly wholeRows: boolean;
  /** Runs are whole slabs: nothing of a slab lies behind the end of its run. */
  readonly whole: boolean;
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
  whole,
  epilogue,
}: Conv2dBlockedVariant): string {
  const y = bindingAfter(epilogue, 2);
  // Places are counted in what is loaded at a time. A vec4 lies inside of the image or outside; single elements may straddle
  // its edge and the run's end. One comparison is enough: as u32, what lies in front of the line is larger than its length.
  const [unitX, unitF] = [vecC ? 4 : 1, vecK ? 4 : 1];
  const element = (i: number, e: number, zero: string) => {
    const inRun = whole ? '' : ` && jA${i} + ${e}u < run`;
    return `select(${zero}, x[line${i} + from${i} + ${e}u], from${i} + ${e}u < end${i}${inRun})`;
  };
  const elements = (i: number) =>
    vecC ? element(i, 0, 'vec4f(0.0)') : `vec4f(${[0, 1, 2, 3].map((e) => element(i, e, '0.0')).join(', ')})`;
  const load = (at: string, i: number) => (vecK ? `filters[${at}]` : load4('filters', at, false, `kLeft${i}`));
  const atEnd = (j: string, value: string) => (whole ? value : `select(vec4f(0.0), ${value}, ${j} < run)`);
  /** Statements that find the line of the image, and the place within it, that the run of `tap` begins with. */
  const enterRun = (i: number) => {
    const h = `top${i} + i32(${wholeRows ? 'tap' : 'tap / p.kernelW'} * p.dilationH)`;
    const right = wholeRows ? '' : ` + tap % p.kernelW * p.dilationW * p.inC / ${unitX}u`;
    return `
      let h${i} = ${h};
      line${i} = u32(image${i} + h${i}) * lineEnd;
      end${i} = select(0u, lineEnd, u32(h${i}) < p.inH);
      from${i} = start${i} + offset / ${unitX}u${right};`;
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
  let lineEnd = p.inW * p.inC / ${unitX}u;
  var tap = firstStep / slabs;
  var offset = firstStep % slabs * ${block.depth}u;
  var row = (tap * run + offset) * p.outC / ${unitF}u; // of the filters, where it begins`,
    holdA: (i) => `
  let pixel${i} = min(rowA${i}, rows - 1u);
  let image${i} = i32(pixel${i} / (p.outH * p.outW) * p.inH);
  let top${i} = i32(pixel${i} / p.outW % p.outH * p.strideH) - i32(p.padH);
  let start${i} = (pixel${i} % p.outW * p.strideW - p.padW) * (p.inC / ${unitX}u) + (channelGroup * p.groupC + depthA${i}) / ${unitX}u;
  var line${i}: u32; var end${i}: u32; var from${i}: u32;
  { ${enterRun(i)} }`,
    holdB: (i) => `
  let kLeft${i} = p.groupK - min(columnB${i}, p.groupK);
  let heldB${i} = (channelGroup * p.groupK + select(0u, columnB${i}, kLeft${i} > 0u) + depthB${i} * p.outC) / ${unitF}u;`,
    loadA: (i) => `
      let jA${i} = offset + depthA${i};
      a${i} = ${elements(i)};
      from${i} += ${block.depth / unitX}u;`,
    loadB: (i) => `
      b${i} = ${atEnd(`offset + depthB${i}`, load(`heldB${i} + row`, i))};`,
    advance: (loadsA) => `
      row += ${block.depth}u * p.outC / ${unitF}u;
      offset += ${block.depth}u;
      if (offset >= run) {
        offset = 0u;
        tap++;
        row = tap * run * p.outC / ${unitF}u;
        ${lines(loadsA, enterRun)}
      }`,
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
