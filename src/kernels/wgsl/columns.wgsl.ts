import { lines } from './tile.wgsl.js';
import { baseWords, wholeGroup } from './wholeGroup.wgsl.js';
import { laneTypes } from './windows.wgsl.js';

/** A workgroup over [rows, channels]: `across` threads along the channels, `down` along the rows. */
export interface ColumnTile {
  /** Channels that a thread takes. */
  readonly lanes: 1 | 4;
  readonly across: number;
  readonly down: number;
  /** Loads that a thread has on their way before it uses the first. */
  readonly loads: number;
}

/** The first parameters of these kernels. */
export const columnWords = `${baseWords}, M: u32, C: u32, chunks: u32, chunkRows: u32, groupRows: u32`;

/** The beginning of their entry points: the thread's place `at`, and whether its column is `inside`. */
export function columnEntry({ across, down }: ColumnTile): string {
  return /* wgsl */ `@compute @workgroup_size(${across * down})
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let group = ${wholeGroup};
  let at = threadAt(local, group);
  let inside = at.c < p.C;`;
}

/**
 * What kernels that reduce [M, C] over its rows share: the place of a thread, its chunk of rows, and `fold`, which merges
 * the states of a workgroup's threads per column in a fixed order. The kernel declares `merge(a: State, b: State) -> State`.
 */
export default function columns({ lanes, across, down }: ColumnTile): string {
  const { T } = laneTypes(lanes);
  return /* wgsl */ `
alias T = ${T};
const ACROSS = ${across}u;
const DOWN = ${down}u;
struct Thread { column: u32, row: u32, c: u32 }
fn threadAt(local: u32, group: vec3u) -> Thread {
  let column = local % ACROSS;
  return Thread(column, local / ACROSS, group.x * ACROSS + column);
}

var<workgroup> states: array<State, ${across * down}>;
fn fold(own: State, at: Thread) -> State {
  let mine = at.row * ACROSS + at.column;
  states[mine] = own;
  for (var half = DOWN / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (at.row < half) { states[mine] = merge(states[mine], states[mine + half * ACROSS]); }
  }
  workgroupBarrier();
  return states[at.column];
}`;
}

/**
 * Walks a thread's rows from `row` to `end`, so many at a time that what it reads of them, a value in each of `tensors`, makes the
 * tile's loads: `load` declares what is read of the `k`-th row, `use` works with it.
 */
export function walk(
  { loads }: ColumnTile,
  { row, end, tensors }: { readonly row: string; readonly end: string; readonly tensors: number },
  load: (at: string, k: number) => string,
  use: (at: string, k: number) => string,
): string {
  const at = (k: number) => (k === 0 ? row : `(${row} + ${k} * DOWN)`);
  const rows = (count: number) => `{
    ${lines(count, (k) => load(at(k), k))}
    ${lines(count, (k) => use(at(k), k))}
  }`;
  const most = Math.ceil(loads / tensors);
  return `${most > 1 ? `for (; ${at(most - 1)} < ${end}; ${row} += ${most} * DOWN) ${rows(most)}` : ''}
  for (; ${row} < ${end}; ${row} += DOWN) ${rows(1)}`;
}
