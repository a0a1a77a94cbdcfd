import { laneTypes } from './windows.wgsl.js';

/** A workgroup over [rows, channels]: `across` threads along the channels, `down` along the rows. */
export interface ColumnTile {
  /** Channels that a thread takes. */
  readonly lanes: 1 | 4;
  readonly across: number;
  readonly down: number;
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
