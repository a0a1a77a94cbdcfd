import type { Bindable, Capabilities, Launch, LaunchContext, View } from '../../tensor/backend.js';
import { GROUP, grid } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { normaliseAxes, type Shape, sizeOf } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { permuted } from '../layout/permute.js';
import { readStrided, readView } from '../layout/strided.js';
import reduce, { LOADS, type ReduceGroup, type ReducerCode, type ReduceStage } from '../wgsl/reduce.wgsl.js';

const reductions = /* @__PURE__ */ programs(
  ({ label }: Reducer, { first, last, lanes, group }: ReduceStage) =>
    `${label} ${first ? 'elements' : 'states'} to ${last ? 'result' : 'states'}, ${lanes}${group ? ` ${group.across}x${group.down}` : ''}`,
  reduce,
);

/** What every reduction accepts. */
export interface ReduceAttrs {
  /** Axes to reduce; negative ones count from the end. Default: all. */
  readonly axes: number | readonly number[] | undefined;
  /** Keeps reduced axes with extent 1. */
  readonly keepDims: boolean;
}

export const REDUCE_DEFAULTS: ReduceAttrs = { axes: undefined, keepDims: false };

/** A family member: how people call it, its WGSL, and the 32-bit words of a state. */
export interface Reducer extends ReducerCode {
  readonly label: string;
  readonly stateWords: number;
}

/** An array seen as [outer, reduce, inner]. */
export interface Collapsed {
  readonly outer: number;
  readonly reduce: number;
  readonly inner: number;
}

/** Threads that fill the device: a big GPU hides memory latency with some 10^5, a CPU driver wants few long loops. */
export const FILLING_THREADS = { gpu: 1 << 16, software: 1 << 12, reference: 1 };
/** Elements that a thread merges at least before a further stage pays. */
const SHORTEST_LOOP = 64;

export function reducedShape(op: string, shape: Shape, { axes, keepDims }: ReduceAttrs): Shape {
  const reduced = new Set(normaliseAxes(op, axes, shape.length));
  return keepDims ? shape.map((n, d) => (reduced.has(d) ? 1 : n)) : shape.filter((_, d) => !reduced.has(d));
}

/** The launches of `y = reduce(x)` over axes: stages until one chunk is left, in a fixed order. */
export function reduceLaunches(
  reducer: Reducer,
  x: Tensor,
  y: Bindable,
  axes: ReduceAttrs['axes'],
  context: LaunchContext,
): Launch[] {
  const { data, launches, ...collapsed } = arrange(reducer.label, x, axes, context);
  return [...launches, ...stages(reducer, data, y, collapsed, context)];
}

/** The elements of `x` as row-major [outer, reduce, inner], and the launch that this takes, if any. */
export function arrange(
  op: string,
  x: Tensor,
  axes: ReduceAttrs['axes'],
  { scratch }: LaunchContext,
): Collapsed & { readonly data: Bindable; readonly launches: Launch[] } {
  const { order, ...collapsed } = collapse(op, x.shape, axes);
  if (!order) return { ...collapsed, data: x, launches: [] };
  const data = scratch(x.size, x.dtype);
  return { ...collapsed, data, launches: [readStrided(op, x, data, permuted(x.shape, order))] };
}

/** What a reference loops over: the elements as row-major [outer, reduce, inner]. */
export function collapsedView(op: string, x: View, axes: ReduceAttrs['axes']): Collapsed & Pick<View, 'data'> {
  const { order, ...collapsed } = collapse(op, x.shape, axes);
  if (!order) return { ...collapsed, data: x.data };
  const ordered: View = { shape: order.map((d) => x.shape[d]), data: x.data.slice() };
  readView(x, ordered, permuted(x.shape, order));
  return { ...collapsed, data: ordered.data };
}

/**
 * Axes of extent 1 aside, reduced axes that are neighbours need no copy; others are moved to the end first, in `order`.
 */
export function collapse(
  op: string,
  shape: Shape,
  axes: ReduceAttrs['axes'],
): Collapsed & { readonly order?: number[] } {
  const reduced = new Set(normaliseAxes(op, axes, shape.length));
  const extents = (from: number, to: number) => sizeOf(shape.slice(from, to));
  const wide = [...reduced].filter((d) => shape[d] > 1);
  if (wide.length === 0) return { outer: sizeOf(shape), reduce: 1, inner: 1 };
  const [first, end] = [wide[0], wide[wide.length - 1] + 1];
  const neighbours = shape.slice(first, end).every((n, i) => n === 1 || reduced.has(first + i));
  if (neighbours) return { outer: extents(0, first), reduce: extents(first, end), inner: extents(end, shape.length) };
  const kept = shape.flatMap((_, d) => (reduced.has(d) ? [] : [d]));
  const outer = kept.reduce((n, d) => n * shape[d], 1);
  return { outer, reduce: sizeOf(shape) / outer, inner: 1, order: [...kept, ...reduced] };
}

export function stages(
  reducer: Reducer,
  x: Bindable,
  y: Bindable,
  shape: Collapsed,
  { capabilities, scratch }: LaunchContext,
): Launch[] {
  const { outer, reduce: count, inner } = shape;
  const launches: Launch[] = [];
  let from = x;
  let length = count;
  for (let first = true; ; first = false) {
    const lanes = first ? lanesOf(shape) : 'one';
    const loop = lanes === 'reduced' ? length / 4 : length;
    const columns = lanes === 'inner' ? inner / 4 : inner;
    const group = capabilities.tier === 'gpu' ? groupFor({ first, lanes }, outer, columns, loop) : undefined;
    const ends = outer * columns;
    const chunks = group ? chunksOfGroups(group, first, ends, loop) : chunksFor(ends, loop, capabilities);
    const last = chunks === 1;
    const to = last ? y : scratch(outer * chunks * inner * reducer.stateWords);
    const stage = { first, last, lanes, group };
    const threads = group ? Math.ceil(ends / group.across) * chunks * GROUP : ends * chunks;
    launches.push({
      program: reductions(reducer, stage),
      read: [from],
      write: [to],
      params: [loop, chunks, columns, group ? ends : threads, count],
      grid: grid(threads),
    });
    if (last) return launches;
    from = to;
    length = chunks;
  }
}

function lanesOf({ reduce: count, inner }: Collapsed): ReduceStage['lanes'] {
  if (inner % 4 === 0) return 'inner';
  return inner === 1 && count % 4 === 0 ? 'reduced' : 'one';
}

function chunksFor(columns: number, loop: number, { tier }: Capabilities): number {
  const wanted = Math.ceil(FILLING_THREADS[tier] / columns);
  return Math.max(1, Math.min(wanted, Math.floor(loop / SHORTEST_LOOP)));
}

/** Words that neighbouring threads read at least in one go: 256 bytes of elements, 32 of the few states. */
const COLUMNS = { inner: 16, one: 32, states: 8 };

/**
 * On a GPU a workgroup reduces together, so that two stages are enough: each launch costs as much as some megabytes. Threads
 * stay alone where the columns are enough of them, or the places too few.
 */
function groupFor(
  { first, lanes }: Pick<ReduceStage, 'first' | 'lanes'>,
  outer: number,
  columns: number,
  loop: number,
): ReduceGroup | undefined {
  if (columns > 1 && outer * columns >= FILLING_THREADS.gpu) return undefined;
  const least = columns === 1 ? 1 : COLUMNS[first ? (lanes === 'inner' ? 'inner' : 'one') : 'states'];
  const down = Math.min(GROUP / least, 2 ** Math.floor(Math.log2(loop / LOADS)));
  if (down < 2) return undefined;
  return { across: GROUP / down, down, neighbours: columns === 1 ? 'places' : 'columns' };
}

/** Chunks of the first stage, so that groups fill the device and each thread has `LOADS` places; the second leaves one. */
function chunksOfGroups({ across, down }: ReduceGroup, first: boolean, ends: number, loop: number): number {
  if (!first) return 1;
  const wanted = Math.ceil(FILLING_THREADS.gpu / GROUP / Math.ceil(ends / across));
  return Math.max(1, Math.min(wanted, Math.floor(loop / (down * LOADS))));
}
