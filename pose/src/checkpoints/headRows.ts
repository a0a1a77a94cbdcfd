import { DataError } from 'wgrad';
import type { ArrayData, StateTensor } from 'wgrad/io';

/**
 * Splits the layer of a head whose rows are, joint by joint, D coordinates and D logits: [2 K D, ...] becomes two of [K
 * D, ...].
 * @throws DataError where the number of rows is no multiple of 2 D
 */
export function splitRows(joined: StateTensor, dims: number, what: string): [StateTensor, StateTensor] {
  const [rows = 0] = joined.shape;
  if (rows === 0 || rows % (2 * dims) !== 0) {
    throw new DataError(`${what} has ${rows} rows, expected a multiple of ${2 * dims}: x, y and two logits per joint`);
  }
  const half = (offset: number) => pickRows([joined], rows / 2, (row) => [0, joinedRow(row, dims) + offset]);
  return [half(0), half(dims)];
}

/** Joins coordinates and logits to one layer, the inverse of `splitRows`. */
export function joinRows(coordinates: StateTensor, logits: StateTensor, dims: number): StateTensor {
  return pickRows([coordinates, logits], 2 * coordinates.shape[0], (row) => {
    const within = row % (2 * dims);
    return [within < dims ? 0 : 1, Math.floor(row / (2 * dims)) * dims + (within % dims)];
  });
}

/** Where row `row` of the coordinates stands among the joined rows. */
function joinedRow(row: number, dims: number): number {
  return Math.floor(row / dims) * 2 * dims + (row % dims);
}

/** A tensor of `count` rows, each a row of one of the sources: `pick` says which source, and which row of it. */
function pickRows(
  sources: readonly StateTensor[],
  count: number,
  pick: (row: number) => readonly [source: number, row: number],
): StateTensor {
  const [{ shape, data }] = sources;
  const size = data.length / shape[0];
  // A damaged file may claim any number of empty rows.
  if (data.length === 0) return { shape: [count, ...shape.slice(1)], data };
  const out = new (data.constructor as new (length: number) => ArrayData)(count * size);
  for (let row = 0; row < count; row++) {
    const [source, from] = pick(row);
    for (let i = 0; i < size; i++) out[row * size + i] = sources[source].data[from * size + i];
  }
  return { shape: [count, ...shape.slice(1)], data: out };
}
