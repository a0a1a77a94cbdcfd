import { withMath } from './math.wgsl.js';
import { type SoftmaxValue, valueFunction } from './softmaxValue.wgsl.js';

export interface SoftmaxHeldVariant extends SoftmaxValue {
  /** Rows are whole vec4s. */
  readonly vec: boolean;
  /** Threads that share a row, and how many elements (or vec4s) of it each of them holds. */
  readonly threads: number;
  readonly held: number;
  /** Whether the last element that a thread holds may lie behind the end of the row. */
  readonly ragged: boolean;
  /** Size of the subgroups that reduce among themselves first; 1 = without. */
  readonly lanes: number;
}

/**
 * Softmax of contiguous rows that fit into the registers of a workgroup: every element is read once, exponentiated once
 * and written once. Partial results meet in workgroup memory, unless a subgroup does the whole row.
 *
 * The maximum starts from the lowest float, because WGSL has no constant -infinity. `max` may lose a NaN, but the sum of
 * exponentials keeps it.
 */
export function softmaxHeldWgsl(variant: SoftmaxHeldVariant): string {
  const { term, vec, threads, held, ragged, lanes } = variant;
  const T = vec ? 'vec4f' : 'f32';
  const parts = threads / lanes;
  const places = Array.from({ length: held }, (_, k) => k);
  const isGuarded = (k: number) => ragged && k === held - 1;
  const at = (k: number) => `first + ${k * threads}u`;
  const each = (line: (k: number) => string) => places.map(line).join('\n  ');
  const load = (k: number) =>
    isGuarded(k) ? `var x${k} = ${T}(LOWEST); if (inside) { x${k} = x[${at(k)}]; }` : `let x${k} = x[${at(k)}];`;
  const exponential = (k: number) =>
    `let d${k} = x${k} - m; let e${k} = ${isGuarded(k) ? `select(${T}(0), exp(d${k}), inside)` : `exp(d${k})`};`;
  const store = (k: number) => `${isGuarded(k) ? 'if (inside) ' : ''}{ y[${at(k)}] = value(d${k}, e${k}, t); }`;
  const fold = (v: string, f: (a: string, b: string) => string) =>
    vec ? f(f(`${v}.x`, `${v}.y`), f(`${v}.z`, `${v}.w`)) : v;
  const larger = (a: string, b: string) => `max(${a}, ${b})`;
  const plus = (a: string, b: string) => `(${a} + ${b})`;
  const inSubgroup = (name: string, f: string) => (lanes > 1 ? `${name} = ${f}(${name});` : '');
  const overParts = (name: string, array: string, f: (a: string, b: string) => string) =>
    parts > 1
      ? `if (lane == 0u) { ${array}[thread / ${lanes}u] = ${name}; }
  workgroupBarrier();
  ${name} = ${array}[0];
  for (var part = 1u; part < ${parts}u; part++) { ${name} = ${f(name, `${array}[part]`)}; }`
      : '';
  const code = withMath(/* wgsl */ `
struct Params { length: u32, rows: u32 }
@group(0) @binding(0) var<storage, read> x: array<${T}>;
@group(0) @binding(1) var<storage, read_write> y: array<${T}>;
@group(0) @binding(2) var<uniform> p: Params;
${parts > 1 ? `var<workgroup> largest: array<f32, ${parts}>;\nvar<workgroup> sums: array<f32, ${parts}>;` : ''}
const LOWEST = -3.4028234e38;
${valueFunction(variant, T)}

@compute @workgroup_size(${threads})
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32, ${lanes > 1 ? '@builtin(subgroup_invocation_id) lane: u32,' : ''}
) {
  ${lanes > 1 ? '' : 'let lane = 0u;'}
  let row = group.y * groups.x + group.x;
  if (row >= p.rows) { return; }
  let first = row * p.length + thread;
  ${ragged ? `let inside = thread + ${(held - 1) * threads}u < p.length;` : ''}
  ${each(load)}
  let top = ${places.map((k) => `x${k}`).reduce(larger)};
  var m = ${fold('top', larger)};
  ${inSubgroup('m', 'subgroupMax')}
  ${overParts('m', 'largest', larger)}
  ${each(exponential)}
  let sum = ${places.map((k) => `e${k}`).join(' + ')};
  var s = ${fold('sum', plus)};
  ${inSubgroup('s', 'subgroupAdd')}
  ${overParts('s', 'sums', plus)}
  let t = ${term};
  ${each(store)}
}`);
  return lanes > 1 ? `enable subgroups;\n${code}` : code;
}
