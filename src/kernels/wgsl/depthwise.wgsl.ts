import { threadEntry } from '../../tensor/grid.js';
import { classTaps, convParams, hopOf, pixelPlace } from './convParams.wgsl.js';
import { bindingAfter, type Epilogue, laneEpilogueWgsl } from './epilogue.wgsl.js';
import { withSubgroups } from './narrow.wgsl.js';
import { lines } from './tile.wgsl.js';
import { laneTypes } from './windows.wgsl.js';

/** Where the taps of a filter's row lie. */
export interface Taps {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  /** Columns of the result per invocation, which share most of what they read; a strided gradient takes about twice as many. */
  readonly width: number;
}

/** What a depthwise kernel knows when it is printed; all else is in its parameters. */
export interface DepthwiseColumns extends Taps {
  readonly rowStride: number;
  readonly rowDilation: number;
  /** Source columns of the last block that are in the row, as far as they are read: offsets from 0 to here need no check. */
  readonly inside: number;
}

/** Which way a depthwise kernel reads, and by which taps. */
interface Reading {
  /** A convolution, or the gradient of one for its input. */
  readonly direction: 'forward' | 'input';
  readonly columns: Taps;
}

export interface DepthwiseVariant extends Reading {
  /** Channels per invocation. */
  readonly lanes: 1 | 4;
  readonly columns: DepthwiseColumns;
  /** The subgroup size that the kernel asks for. */
  readonly subgroup?: number;
  readonly epilogue: Epilogue;
}

/** The product `out[i] += source[offset] tap[s]` within one row; offsets count from the first source column of a block. */
interface Term {
  readonly i: number;
  readonly s: number;
  readonly offset: number;
}

/** Columns of the result per invocation. With a stride a gradient's have fewer terms: whole strides of about twice as many. */
export function blockWidth({ direction, columns: { stride, width } }: Reading): number {
  return direction === 'forward' || stride === 1 ? width : Math.max(1, Math.floor((2 * width) / stride)) * stride;
}

/** A gradient's taps reach only the columns of their own class modulo the stride: printed, the others cost nothing. */
export function depthwiseTerms(reading: Reading): Term[] {
  const { kernel, stride, padding, dilation } = reading.columns;
  const terms: Term[] = [];
  for (let i = 0; i < blockWidth(reading); i++) {
    for (let s = 0; s < kernel; s++) {
      const offset =
        reading.direction === 'forward' ? i * stride + s * dilation - padding : (i + padding - s * dilation) / stride;
      if (Number.isInteger(offset)) terms.push({ i, s, offset });
    }
  }
  return terms;
}

/** The offsets that some term needs, in order. */
export function offsetsOf(terms: readonly Term[]): number[] {
  return [...new Set(terms.map(({ offset }) => offset))].sort((a, b) => a - b);
}

/** A WGSL name for what lies at an offset. */
export function nameOf(offset: number): string {
  return `source${offset < 0 ? `m${-offset}` : offset}`;
}

/** Statements that say which offsets from the column `base` lie in a row of `width` columns. */
export function checkColumns(offsets: readonly number[], inside: number, width: string): string {
  return offsets
    .filter((offset) => offset < 0 || offset >= inside)
    .map((offset) => `let in_${nameOf(offset)} = base + ${wrapped(offset)} < ${width};`)
    .join('\n  ');
}

/** Loads of every offset from the element `at` of the column `base`; zero outside of the row. */
export function loadColumns(offsets: readonly number[], inside: number, buffer: string, at: string, T: string): string {
  return offsets
    .map((offset) => {
      const element = `${buffer}[${at} + ${wrapped(offset)} * channels]`;
      const checked = offset < 0 || offset >= inside;
      return `let ${nameOf(offset)} = ${checked ? `select(${T}(0.0), ${element}, in_${nameOf(offset)})` : element};`;
    })
    .join('\n    ');
}

/** As u32, what lies in front of the row is larger than its width, so that one comparison is enough. */
function wrapped(offset: number): string {
  return `${offset >>> 0}u`;
}

/**
 * Statements that define which taps of a filter's column read rows of the source: those from `before` to `end`, counted from
 * number `start` on, which reads row `top`, in hops of `hop` taps and `step` rows. The loop over them then needs no condition.
 * A gradient's taps are those of its row's class, from the last one back, so that the rows go down here too.
 */
function tapRange(forward: boolean, { rowStride, rowDilation }: DepthwiseColumns) {
  const { hop, inverse } = hopOf(rowStride, rowDilation);
  const step = forward ? rowDilation : (rowDilation * hop) / rowStride;
  /** How many steps cover so many rows, none where that is negative. */
  const steps = (rows: string) => `u32(max(${rows} + ${step - 1}, 0)) / ${step}u`;
  const range = forward
    ? `let start = 0u;
  let count = p.kernelH;
  let top = i32(row * ${rowStride}u - p.padH);`
    : `let own = taps(row + p.padH, p.kernelH, ${rowStride}u, ${rowDilation}u, ${hop}u, ${inverse}u);
  let count = own.count;
  let start = own.first + (count - 1u) * ${hop}u;
  let top = i32(row + p.padH - start * ${rowDilation}u) / ${rowStride};`;
  return {
    step: `${step}u`,
    hop: wrapped(forward ? 1 : -hop),
    range: `${range}
  let before = ${steps('-top')};
  let end = min(${steps(`i32(p.${forward ? 'in' : 'out'}H) - top`)}, count);`,
  };
}

/**
 * Depthwise convolution, or its gradient for the input: an invocation has one vec4 of channels and a block of columns,
 * so that neighbouring outputs share their loads of the image and all of them those of the filter.
 */
export default function depthwise(variant: DepthwiseVariant): string {
  const { lanes, direction, columns, subgroup, epilogue } = variant;
  const forward = direction === 'forward';
  const { T } = laneTypes(lanes);
  const width = blockWidth(variant);
  const terms = depthwiseTerms(variant);
  const offsets = offsetsOf(terms);
  const [source, target] = forward ? ['in', 'out'] : ['out', 'in'];
  const { range, step, hop } = tapRange(forward, columns);
  const y = bindingAfter(epilogue, 2);
  const code = /* wgsl */ `
${convParams}
${pixelPlace}
${forward ? '' : classTaps}
@group(0) @binding(0) var<storage, read> source: array<${T}>;
@group(0) @binding(1) var<storage, read> filters: array<${T}>;
@group(0) @binding(${y}) var<storage, read_write> y: array<${T}>;
@group(0) @binding(${y + 1}) var<uniform> p: ConvParams;
${laneEpilogueWgsl(epilogue, 2, lanes)}

${threadEntry('i')}
  let channels = p.inC / ${lanes}u;
  let blocks = (p.${target}W + ${width - 1}u) / ${width}u;
  let c = i % channels;
  let place = placeOf(i / channels, p.${target}H, blocks);
  let first = place.z * ${width}u;
  let row = place.y;
  if (place.x >= p.batch) { return; }
  let rowSize = p.${source}W * channels;
  let base = first ${forward ? '*' : '/'} ${columns.stride}u;
  ${checkColumns(offsets, columns.inside, `p.${source}W`)}
  ${lines(width, (j) => `var sum${j} = ${T}(0.0);`)}
  let tapSize = ${columns.kernel}u * channels;
  ${range}
  var at = (place.x * p.${source}H + u32(top) + before * ${step}) * rowSize + base * channels + c;
  var tap = (start + before * ${hop}) * tapSize + c;
  for (var left = end - min(before, end); left > 0u; left--) {
    ${lines(columns.kernel, (s) => `let tap${s} = filters[tap + ${s}u * channels];`)}
    ${loadColumns(offsets, columns.inside, 'source', 'at', T)}
    ${terms.map(({ i: j, s, offset }) => `sum${j} = fma(${nameOf(offset)}, tap${s}, sum${j});`).join('\n    ')}
    at += ${step} * rowSize;
    tap += ${hop} * tapSize;
  }
  let column = columnOf(${lanes}u * c, ${lanes}u);
  let to = ((place.x * p.${target}H + row) * p.${target}W + first) * channels + c;
  ${lines(width, (j) => {
    const at = `to + ${j}u * channels`;
    return `if (first + ${j}u < p.${target}W) { y[${at}] = finish(sum${j}, column, ${lanes}u * (${at}), ${lanes}u); }`;
  })}
}`;
  return withSubgroups(subgroup, code);
}
