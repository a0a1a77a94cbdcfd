import { DataError } from '../../src/errors.js';
import { allRows, type Row } from './rows.js';

/** Which rows a run is about. */
export interface Selection {
  /** Part of a family or a name. */
  readonly filter: string;
  /** `i/n`: every n-th row, from the i-th on. */
  readonly shard: string;
}

/**
 * The rows that are asked for and that the adapter can do in reasonable time.
 * @throws DataError if the shard is none, or nothing is left
 */
export function selectRows({ filter, shard }: Selection, software: boolean): Row[] {
  const [, part, of] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(shard) ?? [];
  if (!part || Number(part) > Number(of)) throw new DataError(`--shard ${shard}: expected I/N with I from 1 to N`);
  const rows = allRows().filter((row) => !(row.gpuOnly && software) && `${row.family} ${row.name}`.includes(filter));
  if (rows.length === 0) throw new DataError(`--filter ${filter}: no row contains it`);
  return rows.filter((_, i) => i % Number(of) === Number(part) - 1);
}
