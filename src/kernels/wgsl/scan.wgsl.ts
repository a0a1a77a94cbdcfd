import { threadEntry } from '../../tensor/grid.js';

/** Thread (o, c, i) owns elements `[c chunk, (c + 1) chunk)` of its row, counted from the end if `reverse`. */
const rows = /* wgsl */ `
struct Params { extent: u32, inner: u32, chunk: u32, chunks: u32, threads: u32, reverse: u32 }

fn place(o: u32, r: u32, i: u32) -> u32 {
  return (o * p.extent + select(r, p.extent - 1u - r, p.reverse == 1u)) * p.inner + i;
}`;

const thread = () => /* wgsl */ `
${threadEntry('t', 'p.threads')}
  let i = t % p.inner;
  let c = t / p.inner % p.chunks;
  let o = t / (p.inner * p.chunks);
  let end = min((c + 1u) * p.chunk, p.extent);`;

/** What a scan combines elements with: `combine` is an expression of `a` and `b`, and `initial` changes nothing. */
export interface ScanCode {
  readonly type: string;
  readonly initial: string;
  readonly combine: string;
}

const combining = ({ type, combine }: ScanCode) =>
  `fn combine(a: ${type}, b: ${type}) -> ${type} { return ${combine}; }`;

/** First stage: `totals[o, c, i]`, all of every chunk combined. */
export function chunkTotals(code: ScanCode): string {
  const { type, initial } = code;
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<${type}>;
@group(0) @binding(1) var<storage, read_write> totals: array<${type}>;
@group(0) @binding(2) var<uniform> p: Params;
${rows}
${combining(code)}
${thread()}
  var total = ${type}(${initial});
  for (var r = c * p.chunk; r < end; r++) { total = combine(total, x[place(o, r, i)]); }
  totals[t] = total;
}`;
}

/** Second stage: combines the totals of the chunks before its own, then scans its own. */
export default function scan(code: ScanCode): string {
  const { type, initial } = code;
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<${type}>;
@group(0) @binding(1) var<storage, read> totals: array<${type}>;
@group(0) @binding(2) var<storage, read_write> y: array<${type}>;
@group(0) @binding(3) var<uniform> p: Params;
${rows}
${combining(code)}
${thread()}
  var total = ${type}(${initial});
  for (var before = 0u; before < c; before++) { total = combine(total, totals[(o * p.chunks + before) * p.inner + i]); }
  for (var r = c * p.chunk; r < end; r++) {
    let at = place(o, r, i);
    total = combine(total, x[at]);
    y[at] = total;
  }
}`;
}
