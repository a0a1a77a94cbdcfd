import { threadEntry } from '../../tensor/grid.js';
import { withMath } from './math.wgsl.js';
import threefry from './threefry.wgsl.js';

/** What `random` draws: one uniform a thread, or a pair of normals. */
export type Distribution = 'uniform' | 'normal';

/** The angle of a pair of normals is 2 pi v. Its nearest quarter turn is exact in float32, and so is the rest of v. */
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

${threefry()}

fn unit(i: u32) -> f32 {
  let low = p.low + i;
  let drawn = threefry(p.key0, p.key1, low, p.high + select(0u, 1u, low < i));
  return f32(drawn.x >> 8u) * 0x1p-24;
}

${threadEntry('t', 'p.threads')}
${draw[distribution]}
}`);
}
