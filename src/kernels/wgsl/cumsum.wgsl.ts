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

/** First stage: `totals[o, c, i]`, the sum of every chunk. */
export function chunkTotals(type: string): string {
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<${type}>;
@group(0) @binding(1) var<storage, read_write> totals: array<${type}>;
@group(0) @binding(2) var<uniform> p: Params;
${rows}
${thread()}
  var total = ${type}();
  for (var r = c * p.chunk; r < end; r++) { total += x[place(o, r, i)]; }
  totals[t] = total;
}`;
}

/** Second stage: adds up the totals of the chunks before its own, then scans its own. */
export default function cumsum(type: string): string {
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<${type}>;
@group(0) @binding(1) var<storage, read> totals: array<${type}>;
@group(0) @binding(2) var<storage, read_write> y: array<${type}>;
@group(0) @binding(3) var<uniform> p: Params;
${rows}
${thread()}
  var total = ${type}();
  for (var before = 0u; before < c; before++) { total += totals[(o * p.chunks + before) * p.inner + i]; }
  for (var r = c * p.chunk; r < end; r++) {
    let at = place(o, r, i);
    total += x[at];
    y[at] = total;
  }
}`;
}
