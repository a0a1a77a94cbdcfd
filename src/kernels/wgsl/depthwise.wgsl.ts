import { threadEntry } from '../../tensor/grid.js';
import { convParams } from './convParams.wgsl.js';
import { bindingAfter, type Epilogue, laneEpilogueWgsl } from './epilogue.wgsl.js';
import { lines } from './tile.wgsl.js';
import { laneTypes } from './windows.wgsl.js';

/** What a depthwise kernel knows of the columns when it is printed; all else is in its parameters. */
export interface DepthwiseColumns {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
}

export interface DepthwiseVariant {
  /** Channels per invocation. */
  readonly lanes: 1 | 4;
  /** A convolution, or the gradient of one for its input. */
  readonly direction: 'forward' | 'input';
  readonly columns: DepthwiseColumns;
  readonly epilogue: Epilogue;
}

/** The product `out[i] += source[offset] tap[s]` within one row; offsets count from the first source column of a block. */
interface Term {
  readonly i: number;
  readonly s: number;
  readonly offset: number;
}

/** Columns of the result per invocation: four, which share most of what they read; whole strides. */
export function blockWidth({
  direction,
  columns: { stride },
}: Pick<DepthwiseVariant, 'direction' | 'columns'>): number {
  return direction === 'forward' ? 4 : Math.ceil(4 / stride) * stride;
}

/** A gradient's taps reach only the columns of their own class modulo the stride: printed, the others cost nothing. */
export function depthwiseTerms(variant: Pick<DepthwiseVariant, 'direction' | 'columns'>): Term[] {
  const { kernel, stride, padding, dilation } = variant.columns;
  const terms: Term[] = [];
  for (let i = 0; i < blockWidth(variant); i++) {
    for (let s = 0; s < kernel; s++) {
      const offset =
        variant.direction === 'forward' ? i * stride + s * dilation - padding : (i + padding - s * dilation) / stride;
      if (Number.isInteger(offset)) terms.push({ i, s, offset });
    }
  }
  return terms;
}

/** A WGSL name for what lies at an offset. */
export function nameOf(offset: number): string {
  return `source${offset < 0 ? `m${-offset}` : offset}`;
}

/** Loads of every offset that some term needs, from row `line` of a source of `width` columns; zero outside. */
export function loadSources(terms: readonly Term[], buffer: string, width: string, type: string): string {
  const offsets = [...new Set(terms.map(({ offset }) => offset))].sort((a, b) => a - b);
  return offsets
    .map((offset) => {
      const name = nameOf(offset);
      return `let at_${name} = base + ${offset};
      let in_${name} = at_${name} >= 0 && at_${name} < i32(${width});
      let ${name} = select(${type}(0.0), ${buffer}[(line + u32(select(0, at_${name}, in_${name}))) * channels + c], in_${name});`;
    })
    .join('\n      ');
}

/**
 * Depthwise convolution, or its gradient for the input: an invocation has one vec4 of channels and a block of columns,
 * so that neighbouring outputs share their loads of the image and all of them those of the filter.
 */
export default function depthwise(variant: DepthwiseVariant): string {
  const { lanes, direction, columns, epilogue } = variant;
  const forward = direction === 'forward';
  const { T } = laneTypes(lanes);
  const width = blockWidth(variant);
  const terms = depthwiseTerms(variant);
  const [source, target] = forward ? ['in', 'out'] : ['out', 'in'];
  const y = bindingAfter(epilogue, 2);
  const sourceRow = forward
    ? `let h = i32(row * p.strideH + r * p.dilationH) - i32(p.padH);
    if (h < 0 || h >= i32(p.inH)) { continue; }`
    : `let reach = i32(row + p.padH) - i32(r * p.dilationH);
    let h = reach / i32(p.strideH);
    if (reach < 0 || reach % i32(p.strideH) != 0 || h >= i32(p.outH)) { continue; }`;
  return /* wgsl */ `
${convParams}
@group(0) @binding(0) var<storage, read> source: array<${T}>;
@group(0) @binding(1) var<storage, read> filters: array<${T}>;
@group(0) @binding(${y}) var<storage, read_write> y: array<${T}>;
@group(0) @binding(${y + 1}) var<uniform> p: ConvParams;
${laneEpilogueWgsl(epilogue, 2, lanes)}

${threadEntry('i')}
  let channels = p.inC / ${lanes}u;
  let blocks = (p.${target}W + ${width - 1}u) / ${width}u;
  let c = i % channels;
  let first = i / channels % blocks * ${width}u;
  let row = i / (channels * blocks) % p.${target}H;
  let image = i / (channels * blocks * p.${target}H);
  if (image >= p.batch) { return; }
  let base = i32(first${forward ? ` * ${columns.stride}u` : ` / ${columns.stride}u`});
  ${lines(width, (j) => `var sum${j} = ${T}(0.0);`)}
  for (var r = 0u; r < p.kernelH; r++) {
    ${sourceRow}
    let line = (image * p.${source}H + u32(h)) * p.${source}W;
    ${lines(columns.kernel, (s) => `let tap${s} = filters[(r * ${columns.kernel}u + ${s}u) * channels + c];`)}
    ${loadSources(terms, 'source', `p.${source}W`, T)}
    ${terms.map(({ i: j, s, offset }) => `sum${j} = fma(${nameOf(offset)}, tap${s}, sum${j});`).join('\n    ')}
  }
  let column = columnOf(${lanes}u * c, ${lanes}u);
  let to = ((image * p.${target}H + row) * p.${target}W + first) * channels + c;
  ${lines(width, (j) => {
    const at = `to + ${j}u * channels`;
    return `if (first + ${j}u < p.${target}W) { y[${at}] = finish(sum${j}, column, ${lanes}u * (${at}), ${lanes}u); }`;
  })}
}`;
}
