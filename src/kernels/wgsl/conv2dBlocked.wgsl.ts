import blocked, { type Block } from './blocked.wgsl.js';
import { convParams, pixelPlace } from './convParams.wgsl.js';
import { bindingAfter, type Epilogue, epilogueWgsl } from './epilogue.wgsl.js';
import { elementType, four, store4 } from './tile.wgsl.js';

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
  const inRun = (depth: string) => `offset + ${depth} < run`;
  /** Whether the line that a pixel sees exists, and the place in it; what a load brings that lies elsewhere is zero. */
  const counts = (i: number) => {
    const [line, place] = [`top${i} + down < p.inH`, `place${i} + moveX`];
    if (vecC) return `${line} && ${place} < lineEnd${whole ? '' : ` && ${inRun(`depthA${i}`)}`}`;
    const before = `max(-i32(${place}), 0)`;
    const behind = `i32(lineEnd - (${place}))`;
    const end = whole ? behind : `min(${behind}, i32(run - offset - depthA${i}))`;
    return `vec4u(0u, 1u, 2u, 3u) - u32(${before}) < vec4u(select(0u, u32(max(${end} - ${before}, 0)), ${line}))`;
  };
  /** Statements that go on to the next tap's run, whose line may be the same. */
  const nextRun = wholeRows
    ? `down += p.dilationH;
      moveX = 0u;
      moveA += lineStep;`
    : `across += p.dilationW;
      if (across >= acrossEnd) { across = 0u; down += p.dilationH; }
      moveX = across * p.inC / ${unitX}u;
      moveA = down * lineEnd + moveX;`;
  // `moveX`, `moveA`, `moveF`: where the slab begins, seen from the first tap, in the line of the image, the image, the filters.
  return blocked({
    block,
    subgroup,
    alongA: 'depth',
    alongB: 'columns',
    declarations: /* wgsl */ `
${convParams}
${pixelPlace}
@group(0) @binding(0) var<storage, read> x: array<${elementType(vecC)}>;
@group(0) @binding(1) var<storage, read> filters: array<${elementType(vecK)}>;
@group(0) @binding(${y}) var<storage, read_write> y: array<${elementType(vecK)}>;
@group(0) @binding(${y + 1}) var<uniform> p: ConvParams;
${epilogueWgsl(epilogue, 2, vecK)}`,
    range: /* wgsl */ `
  let rows = p.batch * p.outH * p.outW;
  let run = ${wholeRows ? 'p.kernelW * p.groupC' : 'p.groupC'};
  let runs = ${wholeRows ? 'p.kernelH' : 'p.kernelH * p.kernelW'};
  let slabs = (run + ${block.depth - 1}u) / ${block.depth}u;
  let splits = (runs * slabs + p.chunk - 1u) / p.chunk;
  let channelGroup = group.z / splits;
  let splitId = group.z % splits;
  let firstStep = splitId * p.chunk;
  let endStep = min(firstStep + p.chunk, runs * slabs);
  let lineEnd = p.inW * p.inC / ${unitX}u;
  let firstTap = firstStep / slabs;
  var offset = firstStep % slabs * ${block.depth}u;
  var down = ${wholeRows ? 'firstTap' : 'firstTap / p.kernelW'} * p.dilationH;
  ${wholeRows ? '' : `let acrossEnd = p.kernelW * p.dilationW;\n  var across = firstTap % p.kernelW * p.dilationW;`}
  var moveX = (${wholeRows ? '' : 'across * p.inC + '}offset) / ${unitX}u;
  var moveA = down * lineEnd + moveX;
  var moveF = (firstTap * run + offset) * p.outC / ${unitF}u;
  let stepF = ${block.depth}u * p.outC / ${unitF}u;
  ${wholeRows ? `let lineStep = p.dilationH * lineEnd - slabs * ${block.depth / unitX}u;` : ''}
  ${whole ? '' : `let overF = (slabs * ${block.depth}u - run) * p.outC / ${unitF}u;`}`,
    holdA: (i) => `
  let pixel${i} = placeOf(min(rowA${i}, rows - 1u), p.outH, p.outW);
  let top${i} = pixel${i}.y * p.strideH - p.padH;
  let place${i} = (pixel${i}.z * p.strideW - p.padW) * (p.inC / ${unitX}u) + (channelGroup * p.groupC + depthA${i}) / ${unitX}u;
  let heldA${i} = (pixel${i}.x * p.inH + top${i}) * lineEnd + place${i};`,
    holdB: (i) => `
  let heldB${i} = (channelGroup * p.groupK + min(columnB${i}, p.groupK - 1u) + depthB${i} * p.outC) / ${unitF}u;`,
    loadA: (i) => `a${i} = ${four('x', `heldA${i} + moveA`, vecC)};`,
    loadB: (i) => `b${i} = ${four('filters', `heldB${i} + moveF`, vecK)};`,
    countsA: counts,
    ...(!whole && { countsB: (i) => inRun(`depthB${i}`) }),
    advance: () => `
    offset += ${block.depth}u;
    moveX += ${block.depth / unitX}u;
    moveA += ${block.depth / unitX}u;
    moveF += stepF;
    if (offset >= run) {
      offset = 0u;
      ${nextRun}
      ${whole ? '' : 'moveF -= overF;'}
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
