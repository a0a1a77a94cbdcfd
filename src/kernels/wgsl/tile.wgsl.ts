import { COMPONENTS } from './vec4.wgsl.js';
import { wholeGroup } from './wholeGroup.wgsl.js';

/**
 * The register tile that matmul and the convolutions share. A tile is `rows` x `4 lanes` outputs and belongs to `lanes`
 * invocations of one subgroup, or to a single invocation when `lanes` is 1. Each lane accumulates one vec4 column of all
 * rows; each lane also holds `rowsPerLane` rows of the left operand, which the others get by `subgroupBroadcast`.
 *
 * Loads are what costs: a tile of 16 x 32 does 64 vec4 multiply-adds per lane for 6 vec4 loads. Straight-line code is
 * printed because WGSL wants a constant lane for a broadcast and has no arrays of registers.
 */
export interface Tile {
  /** The adapter's fixed subgroup size, or 1 for adapters whose subgroups are unknown or unused. */
  readonly lanes: number;
  readonly rowsPerLane: number;
  /**
   * Where a tile is one invocation's: how many lie side by side in a workgroup of 64, 8 by default. With 1 all of them have
   * rows of their own and columns in common, which a product of few columns wants.
   */
  readonly across?: number;
}

const INVOCATIONS = 64;
const ACROSS = 8;

/** Tiles of a workgroup along columns and rows: one subgroup is one workgroup, single lanes come 8 x 8 or as they say. */
export function tilesPerGroup({ lanes, across = ACROSS }: Pick<Tile, 'lanes' | 'across'>): {
  readonly across: number;
  readonly down: number;
} {
  return lanes > 1 ? { across: 1, down: 1 } : { across, down: INVOCATIONS / across };
}

function tileRows({ lanes, rowsPerLane }: Tile): number {
  return lanes * rowsPerLane;
}

/** Rows and columns (in floats) that one workgroup computes. */
export function groupExtent(tile: Tile): { readonly rows: number; readonly columns: number } {
  const { across, down } = tilesPerGroup(tile);
  return { rows: tileRows(tile) * down, columns: 4 * tile.lanes * across };
}

export function tileLabel({ lanes, rowsPerLane, across }: Tile): string {
  return [lanes, rowsPerLane, ...(across === undefined ? [] : [across])].join('x');
}

export function enableSubgroups({ lanes }: Tile): string {
  return lanes > 1 ? 'enable subgroups;' : '';
}

/** The entry point's head; `group` is the workgroup's number in the whole launch and `lane` the place in the subgroup. */
export function entryPoint(tile: Tile): string {
  const { across, down } = tilesPerGroup(tile);
  const size = tile.lanes > 1 ? `${tile.lanes}` : `${across}, ${down}`;
  const lane = tile.lanes > 1 ? 'let lane = local.x;' : 'let lane = 0u;';
  return `@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let group = ${wholeGroup};
  ${lane}`;
}

/** First row of the invocation's tile; `y` is the workgroup's number along rows. */
export function firstRow(tile: Tile, y: string): string {
  const { down } = tilesPerGroup(tile);
  return tile.lanes > 1 ? `(${y}) * ${tileRows(tile)}u` : `((${y}) * ${down}u + local.y) * ${tileRows(tile)}u`;
}

/** The invocation's vec4 column; `x` is the workgroup's number along columns. */
export function vecColumn(tile: Tile, x: string): string {
  return tile.lanes > 1 ? `(${x}) * ${tile.lanes}u + lane` : `(${x}) * ${tilesPerGroup(tile).across}u + local.x`;
}

/** One statement per row that this lane holds; `i` numbers them, `row` is an expression relative to the tile's first. */
export function heldRows(tile: Tile, statement: (i: number, row: string) => string): string {
  return lines(tile.rowsPerLane, (i) => statement(i, tile.lanes > 1 ? `lane + ${i * tile.lanes}u` : `${i}u`));
}

/** One statement per row of the tile. */
export function allRows(tile: Tile, statement: (row: number) => string): string {
  return lines(tileRows(tile), statement);
}

/** `var acc0 ...`, one vec4 per row, all starting at `value`. */
export function accumulators(tile: Tile, value: string): string {
  return allRows(tile, (r) => `var acc${r} = ${value};`);
}

/**
 * `acc[r] += a[r] . b` over four steps of depth: `a0, a1, ...` are the held rows as vec4 along depth,
 * `b0 .. b3` the column's vec4 at each step.
 */
export function multiplyRows(tile: Tile): string {
  const out: string[] = [];
  for (let i = 0; i < tile.rowsPerLane; i++) {
    for (let lane = 0; lane < tile.lanes; lane++) {
      const r = i * tile.lanes + lane;
      out.push(`let row${r} = ${tile.lanes > 1 ? `subgroupBroadcast(a${i}, ${lane}u)` : `a${i}`};`);
      for (const [step, c] of COMPONENTS.entries()) out.push(`acc${r} = fma(vec4f(row${r}.${c}), b${step}, acc${r});`);
    }
  }
  return out.join('\n');
}

/** `b0 .. b3` from `c0 .. c3`, four columns as vec4 along depth: a transposition in registers. */
export function transposeColumns(): string {
  return COMPONENTS.map((c, step) => `let b${step} = vec4f(c0.${c}, c1.${c}, c2.${c}, c3.${c});`).join('\n');
}

/** `count` statements, one per line. */
export function lines(count: number, statement: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => statement(i)).join('\n');
}

/** How a buffer is declared: as vec4 where rows are whole vec4s, else as scalars. */
export function elementType(vec: boolean): string {
  return vec ? 'vec4f' : 'f32';
}

/** A vec4 of four consecutive elements, whatever they are; `at` counts elements, or vec4s if `vec`. */
export function four(buffer: string, at: string, vec: boolean): string {
  if (vec) return `${buffer}[${at}]`;
  return `vec4f(${[0, 1, 2, 3].map((e) => `${buffer}[${at} + ${e}u]`).join(', ')})`;
}

/**
 * A vec4 of four consecutive elements: `at` counts elements and is a multiple of four if `vec`. Without `vec` the
 * components from `left` on (an expression: how many are valid) are zero.
 */
export function load4(buffer: string, at: string, vec: boolean, left: string): string {
  if (vec) return `${buffer}[(${at}) / 4u]`;
  const parts = COMPONENTS.map((_, j) => `select(0.0, ${buffer}[(${at}) + ${j}u], ${j}u < (${left}))`);
  return `vec4f(${parts.join(', ')})`;
}

/** Stores a vec4 to four consecutive elements, without `vec` only the first `left`. */
export function store4(buffer: string, at: string, value: string, vec: boolean, left: string): string {
  if (vec) return `${buffer}[(${at}) / 4u] = ${value};`;
  return COMPONENTS.map((c, j) => `if (${j}u < (${left})) { ${buffer}[(${at}) + ${j}u] = (${value}).${c}; }`).join(' ');
}
