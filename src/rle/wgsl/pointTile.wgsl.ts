import { withSubgroups } from '../../kernels/wgsl/narrow.wgsl.js';
import { lines } from '../../kernels/wgsl/tile.wgsl.js';

/**
 * The tile of the fused flow: `rows` points belong to `lanes` invocations, each of which computes vec4 columns of a hidden layer for
 * all of them. A lane owns `rows / lanes` of the points, or `lanes / rows` of them own the same one; what they know of it
 * (coordinates, hidden units of the layer before) they publish to the others, by subgroup broadcast or through workgroup memory.
 */
export interface PointTile {
  readonly lanes: number;
  readonly rows: number;
  /** Tiles of a workgroup. */
  readonly tiles: number;
  /** Without broadcast: turns of a loop that are printed one after another, to load for the second while the first multiplies. */
  readonly printed: number;
  /** The subgroup size that the kernel asks for. */
  readonly subgroup?: number;
  /** True: the lanes are one subgroup, which is the workgroup. */
  readonly broadcast: boolean;
}

/** Lanes that own the same point. */
export function ownersOf({ rows, lanes }: PointTile): number {
  return Math.max(1, lanes / rows);
}

/** One statement per point that a lane owns. */
export function owned({ rows, lanes }: PointTile, statement: (i: number) => string): string {
  return lines(Math.max(1, rows / lanes), statement);
}

/**
 * `first`, the tile's first point, and of each point i that the lane owns its number `p{i}`, whether there is such a point,
 * `inside{i}`, and whether it is the lane that stores what comes of it, `real{i}`.
 */
export function ownPoints(tile: PointTile): string {
  const stores = ownersOf(tile) > 1 ? ` && lane < ${tile.rows}u` : '';
  return `let first = (group.x * ${tile.tiles}u + tile) * ${tile.rows}u;
  ${owned(
    tile,
    (i) => `let row${i} = first + ${ownRow(tile, i)};
  let inside${i} = row${i} < params.points;
  let real${i} = inside${i}${stores};
  let p${i} = min(row${i}, params.points - 1u);`,
  )}`;
}

/** The number in the tile of the `i`-th point that the lane owns. */
export function ownRow(tile: PointTile, i: number): string {
  return ownersOf(tile) > 1 ? `lane % ${tile.rows}u` : `lane + ${i * tile.lanes}u`;
}

/** The kernel with the directives that stand before everything else. */
export function withDirectives({ broadcast, subgroup }: PointTile, code: string): string {
  return broadcast ? `enable subgroups;\n${code}` : withSubgroups(subgroup, code);
}

/** Declarations in front of the entry point: `values` vec4 per point are published, `sums` floats per point summed. */
export function sharedMemory({ lanes, rows, tiles, broadcast }: PointTile, values: number, sums: number): string {
  if (broadcast) return '';
  return `
var<workgroup> published: array<vec4f, ${2 * tiles * Math.max(rows, lanes) * values}>;
var<workgroup> partial: array<f32, ${Math.max(1, tiles * lanes * rows * sums)}>;`;
}

/** The entry point's head: `lane`, and `tile`, the tile's number within the workgroup. */
export function tileEntry({ lanes, tiles, broadcast }: PointTile): string {
  return `@compute @workgroup_size(${lanes * tiles})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x % ${lanes}u;
  let tile = local.x / ${lanes}u;
  ${broadcast ? '' : 'var turn = 0u;'}`;
}

/**
 * Publishes the vec4s `names(i)`, as many as `sharedMemory` has room for, of the points i that the lane owns: those of lane l's
 * i-th point in place `l + i lanes`. Workgroup
 * memory is used by turns, so that one barrier does: who writes again has passed the barrier behind which all have read.
 */
export function publish(tile: PointTile, names: (i: number) => readonly string[]): string {
  if (tile.broadcast) return '';
  const { rows, lanes, tiles } = tile;
  const count = names(0).length;
  const stores = owned(tile, (i) =>
    names(i)
      .map((name, n) => `published[shelf + (lane + ${i * lanes}u) * ${count}u + ${n}u] = ${name};`)
      .join(' '),
  );
  return `
  turn = 1u - turn;
  let shelf = (turn * ${tiles}u + tile) * ${Math.max(rows, lanes) * count}u;
  ${stores}
  workgroupBarrier();`;
}

/** An expression for the published vec4 `names(i)[n]` in place `row`; a place of an expression only without broadcast. */
export function ofRow(tile: PointTile, row: number | string, names: (i: number) => readonly string[], n = 0): string {
  const count = names(0).length;
  if (typeof row === 'string') return `published[shelf + ${row} * ${count}u + ${n}u]`;
  if (tile.broadcast) return `subgroupBroadcast(${names(Math.floor(row / tile.lanes))[n]}, ${row % tile.lanes}u)`;
  return `published[shelf + ${row * count + n}u]`;
}

/**
 * `target(i, d) = start(d) + sum over lanes of part(row, d)` for the points i that the lane owns and d < `count`, summed
 * in the order of the lanes.
 */
export function sumLanes(
  tile: PointTile,
  count: number,
  part: (row: number, d: number) => string,
  target: (i: number, d: number) => string,
): string {
  const { rows, lanes, broadcast } = tile;
  const out: string[] = [];
  if (broadcast) {
    for (let row = 0; row < rows; row++) {
      for (let d = 0; d < count; d++) {
        const to = target(Math.floor(row / lanes), d);
        out.push(`{ let total = subgroupAdd(${part(row, d)}); if (lane == ${row % lanes}u) { ${to} += total; } }`);
      }
    }
    return out.join('\n');
  }
  for (let row = 0; row < rows; row++) {
    for (let d = 0; d < count; d++) {
      out.push(`partial[(tile * ${lanes}u + lane) * ${rows * count}u + ${row * count + d}u] = ${part(row, d)};`);
    }
  }
  out.push(`workgroupBarrier();
  for (var other = 0u; other < ${lanes}u; other++) {
    let place = ((tile * ${lanes}u + other) * ${rows}u + ${ownRow(tile, 0)}) * ${count}u;
    ${lines(count, (d) => `${target(0, d)} += partial[place + ${d}u];`)}
  }
  workgroupBarrier();`);
  return out.join('\n');
}
