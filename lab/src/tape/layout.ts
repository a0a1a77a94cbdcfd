import type { Trace } from './trace.js';

/** What is drawn of a tape: a node, or a watched tensor. */
export interface Vertex {
  /** The node's number on the tape; undefined for a watched tensor. */
  readonly node?: number;
  readonly title: string;
  readonly shape: string;
  /** The centre. */
  readonly x: number;
  readonly y: number;
}

/** A tensor's way from where it is made to a node that uses it. */
export interface Edge {
  /** The node that uses it. */
  readonly to: number;
  /** Points from the lower side of one box to the upper side of the other. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Layout {
  readonly vertices: readonly Vertex[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

export const BOX = { width: 118, height: 46 };
const GAP = { x: 18, y: 30 };
const MARGIN = 8;
/** Where an edge passes a row, it needs so much room. */
const PASSAGE = 14;
const ROUNDS = 12;

/** A box or, without a title, the place where an edge passes a row. */
interface Spot {
  readonly row: number;
  readonly width: number;
  readonly above: Spot[];
  readonly below: Spot[];
  readonly node?: number;
  readonly title?: string;
  readonly shape?: string;
  x: number;
}

/**
 * Lays a tape out in rows, what is made above what it is used for (Sugiyama et al. 1981): each node one row below the lowest of
 * its inputs, watched tensors just above their first use, and places within a row by what they are connected to.
 */
export function layOut(trace: Trace, tape: number): Layout {
  const spots = spotsOf(trace, tape);
  const edges = spots.flatMap((spot) =>
    spot.title === undefined ? [] : spot.below.map((next) => followed(spot, next)),
  );
  const rows: Spot[][] = [];
  for (const spot of spots) {
    rows[spot.row] ??= [];
    rows[spot.row].push(spot);
  }
  arrange(rows);
  const left = Math.min(...spots.map(({ x, width }) => x - width / 2));
  const right = Math.max(...spots.map(({ x, width }) => x + width / 2));
  const xOf = ({ x }: Spot) => x - left + MARGIN;
  const yOf = ({ row }: Spot) => MARGIN + BOX.height / 2 + row * (BOX.height + GAP.y);
  return {
    vertices: spots.flatMap((spot) => {
      const { node, title, shape = '' } = spot;
      return title === undefined ? [] : [{ node, title, shape, x: xOf(spot), y: yOf(spot) }];
    }),
    edges: edges.map((way) => ({
      to: way[way.length - 1].node as number,
      points: way.flatMap((spot, i) => {
        const half = BOX.height / 2;
        const sides = i === 0 ? [half] : i === way.length - 1 ? [-half] : [-half, half];
        return sides.map((side) => [xOf(spot), yOf(spot) + side] as const);
      }),
    })),
    width: right - left + 2 * MARGIN,
    height: rows.length * (BOX.height + GAP.y) - GAP.y + 2 * MARGIN,
  };
}

/** Boxes in rows, and the passages of edges between them. */
function spotsOf({ tapes, tensors }: Trace, tape: number): Spot[] {
  const { watched, nodes } = tapes[tape];
  const makers = new Map<number, number>();
  for (const [i, { outputs }] of nodes.entries()) for (const id of outputs) makers.set(id, i);
  const rowOf: number[] = [];
  for (const { inputs } of nodes) {
    const above = inputs.flatMap((id) => makers.get(id) ?? []).map((i) => rowOf[i]);
    rowOf.push(1 + Math.max(0, ...above));
  }
  const box = (row: number, title: string, id: number, node?: number): Spot => {
    return { row, width: BOX.width, above: [], below: [], node, title, shape: tensors[id], x: 0 };
  };
  const made = nodes.map(({ name, outputs }, i) => box(rowOf[i], name, outputs[0], i));
  const leaves = new Map<number, Spot>();
  for (const { id, name } of watched) {
    const users = nodes.flatMap(({ inputs }, i) => (inputs.includes(id) ? [rowOf[i]] : []));
    leaves.set(id, box(users.length === 0 ? 0 : Math.min(...users) - 1, name || 'input', id));
  }
  const passages: Spot[] = [];
  for (const [i, { inputs }] of nodes.entries()) {
    for (const id of new Set(inputs)) {
      const maker = makers.get(id);
      const from = maker === undefined ? leaves.get(id) : made[maker];
      if (from) passages.push(...connect(from, made[i]));
    }
  }
  return [...leaves.values(), ...made, ...passages];
}

/** Connects two boxes through a passage in each row between them. */
function connect(from: Spot, to: Spot): Spot[] {
  const passages: Spot[] = [];
  let last = from;
  for (let row = from.row + 1; row < to.row; row++) {
    const passage: Spot = { row, width: PASSAGE, above: [], below: [], x: 0 };
    join(last, passage);
    passages.push(passage);
    last = passage;
  }
  join(last, to);
  return passages;
}

function join(above: Spot, below: Spot): void {
  above.below.push(below);
  below.above.push(above);
}

/** An edge from its first box through passages to its last. */
function followed(from: Spot, first: Spot): Spot[] {
  const way = [from, first];
  for (let spot = first; spot.title === undefined; ) {
    spot = spot.below[0];
    way.push(spot);
  }
  return way;
}

/** Orders each row by the middle of what its spots are connected to, from above and from below in turn, and spreads it out. */
function arrange(rows: readonly Spot[][]): void {
  for (const row of rows)
    spread(
      row,
      row.map(() => 0),
    );
  for (let round = 0; round < ROUNDS; round++) {
    const isDown = round % 2 === 0;
    for (const row of isDown ? rows : [...rows].reverse()) {
      const wish = (spot: Spot) => middle(isDown ? spot.above : spot.below) ?? spot.x;
      row.sort((a, b) => wish(a) - wish(b));
      spread(row, row.map(wish));
    }
  }
}

function middle(spots: readonly Spot[]): number | undefined {
  return spots.length === 0 ? undefined : spots.reduce((sum, { x }) => sum + x, 0) / spots.length;
}

/** Puts the spots of a row as near to where they wish as their widths allow: the middle of pushing right and pushing left. */
function spread(row: readonly Spot[], wishes: readonly number[]): void {
  const apart = (i: number) => (row[i - 1].width + row[i].width) / 2 + GAP.x;
  const right = [...wishes];
  for (let i = 1; i < row.length; i++) right[i] = Math.max(right[i], right[i - 1] + apart(i));
  const left = [...wishes];
  for (let i = row.length - 1; i > 0; i--) left[i - 1] = Math.min(left[i - 1], left[i] - apart(i));
  row.forEach((spot, i) => {
    spot.x = (left[i] + right[i]) / 2;
  });
}
