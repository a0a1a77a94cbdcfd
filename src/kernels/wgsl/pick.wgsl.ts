import { threadEntry } from '../../tensor/grid.js';

/**
 * `y[o, m, i] = x[o, index[o, m, i], i]` of 32-bit words, `count` values of m; as u32 a negative index is too large, so
 * it is outside.
 */
export default function pick(): string {
  return /* wgsl */ `
struct Params { reduce: u32, inner: u32, count: u32, missing: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;
${threadEntry('t', 'arrayLength(&y)')}
  let r = index[t];
  if (r < p.reduce) {
    y[t] = x[(t / (p.inner * p.count) * p.reduce + r) * p.inner + t % p.inner];
  } else {
    y[t] = p.missing;
  }
}`;
}

/** `y[o, r, i] = g[o, i] if r = index[o, i] else 0`, one thread per element of `y`. */
export function place(): string {
  return /* wgsl */ `
struct Params { reduce: u32, inner: u32 }
@group(0) @binding(0) var<storage, read> g: array<u32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;
${threadEntry('t', 'arrayLength(&y)')}
  let row = t / p.inner;
  let source = row / p.reduce * p.inner + t % p.inner;
  y[t] = select(0u, g[source], index[source] == row % p.reduce);
}`;
}
