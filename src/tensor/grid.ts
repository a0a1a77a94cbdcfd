import type { Bindable, Launch, Program } from './backend.js';

/** Threads of a workgroup of the kernels that give one thread to each element (or four). */
export const GROUP = 256;
/** The most workgroups that one dispatch may have along an axis, on every adapter. */
export const MAX_GROUPS = 65535;

/** Workgroups for `threads` threads, which `threadEntry` numbers over x, then y. */
export function grid(threads: number): readonly [number, number, number] {
  const groups = Math.ceil(threads / GROUP);
  const x = Math.min(groups, MAX_GROUPS);
  return [x, Math.ceil(groups / x), 1];
}

/** The launch of most kernels: `threads` threads, each of which makes one element, or four; see `threadEntry`. */
export function launchThreads(
  threads: number,
  program: Program,
  read: readonly Bindable[],
  write: readonly Bindable[],
  params?: readonly number[],
): Launch {
  return { program, read, write, params, grid: grid(threads) };
}

/** The beginning of an entry point for `grid(threads)`: numbers the threads as `i`, and ends those from `count` on. */
export function threadEntry(i: string, count?: string): string {
  return /* wgsl */ `@compute @workgroup_size(${GROUP})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let ${i} = id.y * groups.x * ${GROUP}u + id.x;${count === undefined ? '' : `\n  if (${i} >= ${count}) { return; }`}`;
}
