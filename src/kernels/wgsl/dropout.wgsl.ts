import { threadEntry } from '../../tensor/grid.js';
import threefry from './threefry.wgsl.js';

/** Thread `t` has elements 2 t and 2 t + 1, for which one block of threefry has a word each. */
export default function dropout(): string {
  return /* wgsl */ `
struct Params { stream: u32, threshold: u32, scale: f32, size: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> seed: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;
${threefry()}

${threadEntry('t', '(p.size + 1u) / 2u')}
  let drawn = threefry(seed[0], seed[1] ^ p.stream, t, seed[2]) >> vec2u(8u);
  let keep = drawn >= vec2u(p.threshold);
  y[2u * t] = select(0.0, x[2u * t] * p.scale, keep.x);
  if (2u * t + 1u < p.size) { y[2u * t + 1u] = select(0.0, x[2u * t + 1u] * p.scale, keep.y); }
}`;
}
