import { threadEntry } from '../../tensor/grid.js';

/**
 * `y[o, m, i] = x[o, index[o, m, i], i]` of 32-bit words, `count` values of m; as u32 a negative index is too large, so
 * it is outside.
 */
export default function takeAlongAxis(): string {
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

/**
 * `y[o, n, i] = sum over m with index[o, m, i] = n of g[o, m, i]`; one thread per element of `y` adds in the order of m.
 */
export function takeAlongAxisGrad(): string {
  return /* wgsl */ `
struct Params { extent: u32, inner: u32, count: u32 }
@group(0) @binding(0) var<storage, read> g: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

${threadEntry('t', 'arrayLength(&y)')}
  let row = t / p.inner;
  let n = row % p.extent;
  var at = row / p.extent * p.count * p.inner + t % p.inner;
  var sum = 0.0;
  for (var m = 0u; m < p.count; m++) {
    if (index[at] == n) { sum += g[at]; }
    at += p.inner;
  }
  y[t] = sum;
}`;
}
