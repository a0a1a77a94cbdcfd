import { withMath } from './math.wgsl.js';
import { type SoftmaxValue, valueFunction } from './softmaxValue.wgsl.js';

export interface SoftmaxRowsVariant extends SoftmaxValue {
  /** Rows are whole vec4s. */
  readonly vec: boolean;
  /** Threads that share a row. */
  readonly threads: number;
}

/**
 * Softmax of contiguous rows too long for registers, a workgroup to a row: the maximum, the sum and the result in one
 * dispatch. Every thread sums all partial results itself, in the same order: one barrier instead of a tree of them.
 *
 * The maximum starts from the lowest float, because WGSL has no constant -infinity. `max` may lose a NaN, but the sum of
 * exponentials keeps it.
 */
export function softmaxRowsWgsl(variant: SoftmaxRowsVariant): string {
  const { term, vec, threads } = variant;
  const T = vec ? 'vec4f' : 'f32';
  const fold = (f: (a: string, b: string) => string) => (vec ? f(f('v.x', 'v.y'), f('v.z', 'v.w')) : 'v');
  const over = (start: string, step: string) => `
  for (var i = thread; i < p.length; i += ${threads}u) { let v = x[first + i]; ${start} ${step} }`;
  return withMath(/* wgsl */ `
struct Params { length: u32, rows: u32 }
@group(0) @binding(0) var<storage, read> x: array<${T}>;
@group(0) @binding(1) var<storage, read_write> y: array<${T}>;
@group(0) @binding(2) var<uniform> p: Params;
var<workgroup> largest: array<f32, ${threads}>;
var<workgroup> sums: array<f32, ${threads}>;
${valueFunction(variant, T)}

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= p.rows) { return; }
  let first = row * p.length;
  var m = -3.4028234e38;
  ${over('', `m = max(m, ${fold((a, b) => `max(${a}, ${b})`)});`)}
  largest[thread] = m;
  workgroupBarrier();
  for (var other = 0u; other < ${threads}u; other++) { m = max(m, largest[other]); }
  var s = 0.0;
  ${over('let e = exp(v - m);', vec ? 's += (e.x + e.y) + (e.z + e.w);' : 's += e;')}
  sums[thread] = s;
  workgroupBarrier();
  s = 0.0;
  for (var other = 0u; other < ${threads}u; other++) { s += sums[other]; }
  let t = ${term};
  ${over('let d = v - m;', 'y[first + i] = value(d, exp(d), t);')}
}`);
}
