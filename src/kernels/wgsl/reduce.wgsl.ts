import { threadEntry } from '../../tensor/grid.js';

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

export interface ReduceStage {
  /** Reads elements (first stage) or states. */
  readonly first: boolean;
  /** Writes results (last stage) or states. */
  readonly last: boolean;
  /** `inner`: a thread reduces 4 neighbouring columns; `reduced`: 4 neighbours along the reduced axis at a time. */
  readonly lanes: 'one' | 'inner' | 'reduced';
}

/**
 * Reduces `x[outer, reduce, inner]` to `y[outer, chunks, inner]`; thread (o, c, i) merges `r = c, c + chunks, ...` in this order.
 *
 * Neighbouring threads read neighbouring words whatever the extents, since thread `c inner + i` starts at that word and
 * strides by `chunks inner`. Every thread has at least one element, so a reduction needs no identity.
 */
export default function reduce({ element, state, result, functions }: ReducerCode, stage: ReduceStage): string {
  const { first, last, lanes } = stage;
  const four = lanes === 'one' ? ['v'] : ['v.x', 'v.y', 'v.z', 'v.w'];
  const input = first ? (lanes === 'one' ? element : `vec4<${element}>`) : state;
  const place = (l: number) => (lanes === 'reduced' ? `4 * r + ${l}` : 'r');
  const lifted = (l: number) => (first ? `lift(${four[l]}, ${place(l)})` : 'v');
  const done = (s: string) => (last ? `finish(${s}, p.count)` : s);
  const store = {
    one: `y[t] = ${done('s0')};`,
    inner: four.map((_, l) => `y[4 * t + ${l}] = ${done(`s${l}`)};`).join('\n  '),
    reduced: `y[t] = ${done('merge(merge(s0, s1), merge(s2, s3))')};`,
  };
  return /* wgsl */ `
struct Params { reduce: u32, chunks: u32, inner: u32, threads: u32, count: u32 }
@group(0) @binding(0) var<storage, read> x: array<${input}>;
@group(0) @binding(1) var<storage, read_write> y: array<${last ? result : state}>;
@group(0) @binding(2) var<uniform> p: Params;
${functions}

${threadEntry('t', 'p.threads')}
  let step = p.chunks * p.inner;
  let within = t % step;
  var r = within / p.inner;
  var at = t / step * p.reduce * p.inner + within;
  var v = x[at];
${four.map((_, l) => `  var s${l} = ${lifted(l)};`).join('\n')}
  for (r += p.chunks; r < p.reduce; r += p.chunks) {
    at += step;
    v = x[at];
${four.map((_, l) => `    s${l} = merge(s${l}, ${lifted(l)});`).join('\n')}
  }
  ${store[lanes]}
}`;
}
