import { threadEntry } from '../../tensor/grid.js';
import { lines } from './tile.wgsl.js';

/** One reduction: how an element becomes a state, how two states become one, and what the last state says. */
export interface ReducerCode {
  /** Type of the elements as they are bound: a scalar type that `vec4<>` takes. */
  readonly element: string;
  readonly state: string;
  readonly result: string;
  /**
   * WGSL functions `lift(x: Element, r: u32) -> State` (`r` is the place along the reduced axis), `merge(a: State, b: State) -> State`
   * and `finish(s: State, count: u32) -> Result`.
   */
  readonly functions: string;
}

/** The columns, and the places along the reduced axis, that the threads of a workgroup have. */
export interface ReduceGroup {
  readonly across: number;
  readonly down: number;
  /** What neighbouring threads have, so that they read neighbouring words: other columns, or other places of one. */
  readonly neighbours: 'columns' | 'places';
}

export interface ReduceStage {
  /** Reads elements (first stage) or states. */
  readonly first: boolean;
  /** Writes results (last stage) or states. */
  readonly last: boolean;
  /** `inner`: a thread reduces 4 neighbouring columns; `reduced`: 4 neighbours along the reduced axis at a time. */
  readonly lanes: 'one' | 'inner' | 'reduced';
  /** Threads that merge what they have in workgroup memory; without it each makes a chunk of its own. */
  readonly group?: ReduceGroup;
}

/** Loads that a thread has on their way at once: what hides the time that memory takes is bytes on their way, of all threads together. */
export const LOADS = 4;

/**
 * Reduces `x[outer, reduce, inner]` to `y[outer, chunks, inner]`. A thread merges places along the reduced axis that
 * lie equally far apart, in order, and loads `LOADS` at a time. With a `group` its workgroup then merges those of a column as a tree.
 *
 * Alone, thread `c inner + i` starts at that word and strides by `chunks inner`, so that neighbours read neighbouring words whatever
 * the extents. Every thread has at least one element, so a reduction needs no identity.
 */
export default function reduce({ element, state, result, functions }: ReducerCode, stage: ReduceStage): string {
  const { first, last, lanes, group } = stage;
  const input = first ? (lanes === 'one' ? element : `vec4<${element}>`) : state;
  const four = lanes === 'one' ? [0] : [0, 1, 2, 3];
  const place = (r: string, l: number) => (lanes === 'reduced' ? `4 * (${r}) + ${l}` : r);
  const lifted = (v: string, r: string, l: number) =>
    first ? `lift(${lanes === 'one' ? v : `${v}[${l}]`}, ${place(r, l)})` : v;
  const merges = (v: string, r: string) => lines(four.length, (l) => `s${l} = merge(s${l}, ${lifted(v, r, l)});`);
  const done = (s: string) => (last ? `finish(${s}, p.count)` : s);
  // So many that only full loads are left; what is loaded too much is in a cache.
  const firstLoads = `let head = ((p.reduce - r - 1) / places) % ${LOADS} + 1;
  ${lines(LOADS, (n) => `let v${n} = x[at + min(${n}, head - 1) * step];`)}`;
  const kept = lanes === 'inner' ? 4 : 1;
  return /* wgsl */ `
struct Params { reduce: u32, chunks: u32, inner: u32, end: u32, count: u32 }
@group(0) @binding(0) var<storage, read> x: array<${input}>;
@group(0) @binding(1) var<storage, read_write> y: array<${last ? result : state}>;
@group(0) @binding(2) var<uniform> p: Params;
${functions}
${group ? together(group, kept * group.across * group.down, state) : ALONE}
  ${group ? firstLoads : 'let head = 1u; let v0 = x[at];'}
  ${lines(four.length, (l) => `var s${l} = ${lifted('v0', 'r', l)};`)}
  ${group ? lines(LOADS - 1, (n) => `if (head > ${n + 1}) { ${merges(`v${n + 1}`, `r + ${n + 1} * places`)} }`) : ''}
  at += head * step;
  r += head * places;
  for (; r + ${LOADS - 1} * places < p.reduce; r += ${LOADS} * places) {
    ${lines(LOADS, (n) => `let v${n} = x[at + ${n} * step];`)}
    ${lines(LOADS, (n) => merges(`v${n}`, `r + ${n} * places`))}
    at += ${LOADS} * step;
  }
  ${
    group
      ? ''
      : `for (; r < p.reduce; r += places) {
    let v = x[at];
    ${merges('v', 'r')}
    at += step;
  }`
  }
  ${lanes === 'reduced' ? 's0 = merge(merge(s0, s1), merge(s2, s3));' : ''}
  ${group ? tree(group, kept) : ''}
  ${kept === 1 ? `y[t] = ${done('s0')};` : lines(kept, (l) => `y[4 * t + ${l}] = ${done(`s${l}`)};`)}
}`;
}

const ALONE = /* wgsl */ `
${threadEntry('t', 'p.end')}
  let places = p.chunks;
  let step = places * p.inner;
  let within = t % step;
  var r = within / p.inner;
  var at = t / step * p.reduce * p.inner + within;`;

/** Workgroups are numbered by columns, then chunks. Threads behind the last column merge that one, and store nothing. */
function together({ across, down, neighbours }: ReduceGroup, states: number, state: string): string {
  const [column, place] =
    neighbours === 'columns'
      ? [`thread % ${across}u`, `thread / ${across}u`]
      : [`thread / ${down}u`, `thread % ${down}u`];
  return /* wgsl */ `
var<workgroup> held: array<${state}, ${states}>;

@compute @workgroup_size(${across * down})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let number = group.y * groups.x + group.x;
  let chunk = number % p.chunks;
  let own = number / p.chunks * ${across}u + ${column};
  let column = min(own, p.end - 1);
  let place = ${place};
  let places = p.chunks * ${down}u;
  let step = places * p.inner;
  var r = chunk * ${down}u + place;
  var at = (column / p.inner * p.reduce + r) * p.inner + column % p.inner;`;
}

/** Merges the states of a column's places, and goes on with the thread that has the result. */
function tree({ across, down, neighbours }: ReduceGroup, kept: number): string {
  const other = `thread + half * ${neighbours === 'columns' ? across : 1}u`;
  return /* wgsl */ `
  ${lines(kept, (l) => `held[${kept} * thread + ${l}] = s${l};`)}
  for (var half = ${down / 2}u; half > 0; half /= 2) {
    workgroupBarrier();
    if (place < half) {
      ${lines(kept, (l) => `s${l} = merge(s${l}, held[${kept} * (${other}) + ${l}]); held[${kept} * thread + ${l}] = s${l};`)}
    }
  }
  if (place > 0 || own >= p.end) { return; }
  let t = (own / p.inner * p.chunks + chunk) * p.inner + own % p.inner;`;
}
