import { threadEntry } from '../../tensor/grid.js';

const thread = () => /* wgsl */ `
${threadEntry('t', 'arrayLength(&y)')}
  let i = t % p.inner;
  let row = t / p.inner;`;

/**
 * `y[o, m, i] = x[o, index[m], i]` of 32-bit words, four along `i` where they fit; as u32 a negative index is too large,
 * so it is outside.
 */
export default function gather(lanes: 1 | 4): string {
  const type = lanes === 4 ? 'vec4u' : 'u32';
  return /* wgsl */ `
struct Params { extent: u32, inner: u32, missing: u32 }
@group(0) @binding(0) var<storage, read> x: array<${type}>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<${type}>;
@group(0) @binding(3) var<uniform> p: Params;
${thread()}
  let length = arrayLength(&index);
  let n = index[row % length];
  if (n < p.extent) {
    y[t] = x[(row / length * p.extent + n) * p.inner + i];
  } else {
    y[t] = ${type}(p.missing);
  }
}`;
}

/** `y[o, n, i] = sum over m with index[m] = n of g[o, m, i]`; the threads of one (o, n) take the same branches. */
export function gatherGrad(lanes: 1 | 4): string {
  const type = lanes === 4 ? 'vec4f' : 'f32';
  return /* wgsl */ `
struct Params { extent: u32, inner: u32 }
@group(0) @binding(0) var<storage, read> g: array<${type}>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<${type}>;
@group(0) @binding(3) var<uniform> p: Params;
${thread()}
  let length = arrayLength(&index);
  let n = row % p.extent;
  var at = row / p.extent * length * p.inner + i;
  var sum = ${type}();
  for (var m = 0u; m < length; m++) {
    if (index[m] == n) { sum += g[at]; }
    at += p.inner;
  }
  y[t] = sum;
}`;
}
