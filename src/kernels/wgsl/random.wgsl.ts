import { threadEntry } from '../../tensor/grid.js';
import { withMath } from './math.wgsl.js';

/** What `random` draws: one uniform a thread, or a pair of normals. */
export type Distribution = 'uniform' | 'normal';

/** `threefry2x32` of `tensor/rng.ts`, unrolled: a pure function of key and counter, so threads need no order. */
function rounds(): string {
  const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
  return Array.from({ length: 20 }, (_, i) => {
    const r = rotations[i % 8];
    const mix = `  x += y; y = ((y << ${r}u) | (y >> ${32 - r}u)) ^ x;`;
    const s = (i + 1) / 4;
    return i % 4 === 3 ? `${mix}\n  x += key[${s % 3}]; y += key[${(s + 1) % 3}] + ${s}u;` : mix;
  }).join('\n');
}

/** Of the normal's angle, 2 pi v, the nearest quarter turn is exact in float32, and so is what is left of v. */
const draw = {
  uniform: /* wgsl */ `
  y[t] = unit(t);`,
  normal: /* wgsl */ `
  let radius = sqrt(-2.0 * ln(1.0 - unit(2 * t)));
  let v = unit(2 * t + 1);
  let quarter = round(4.0 * v);
  let angle = ${2 * Math.PI} * (v - 0.25 * quarter);
  y[2 * t] = radius * sinAhead(angle, i32(quarter) + 1);
  if (2 * t + 1 < p.size) { y[2 * t + 1] = radius * sinAhead(angle, i32(quarter)); }`,
};

/** Draw `t` takes the counters from `first + t` (uniform) or `first + 2 t` (normal) on; counters have 64 bits. */
export default function random(distribution: Distribution): string {
  return withMath(/* wgsl */ `
struct Params { key0: u32, key1: u32, low: u32, high: u32, size: u32, threads: u32 }
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<uniform> p: Params;

fn unit(i: u32) -> f32 {
  let key = array(p.key0, p.key1, p.key0 ^ p.key1 ^ 0x1bd11bdau);
  let low = p.low + i;
  var x = low + key[0];
  var y = p.high + select(0u, 1u, low < i) + key[1];
${rounds()}
  return f32(x >> 8u) * 0x1p-24;
}

${threadEntry('t', 'p.threads')}
${draw[distribution]}
}`);
}
