/** Threads of a workgroup of the kernels that give one thread to each element (or four). */
export const GROUP = 256;
const MAX_GROUPS = 65535;

/** Workgroups for `threads` threads that are numbered over x, then y: `id.y * groups.x * 256 + id.x`. */
export function grid(threads: number): readonly [number, number, number] {
  const groups = Math.ceil(threads / GROUP);
  const x = Math.min(groups, MAX_GROUPS);
  return [x, Math.ceil(groups / x), 1];
}
