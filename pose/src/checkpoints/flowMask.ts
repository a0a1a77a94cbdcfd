import { DataError } from 'wgrad';
import type { StateTensor } from 'wgrad/io';
import { alternatingMasks } from 'wgrad/rle';

/** The masks of a flow as a file holds them: [couplings, D], 1 = passes unchanged. */
export function flowMask(dims: number, couplings: number): StateTensor {
  return { shape: [couplings, dims], data: Float32Array.from(alternatingMasks(dims, couplings).flat()) };
}

/**
 * Checks a file's masks. wgrad's flow always has the alternating masks of both public codes; with others the same
 * weights would silently give other densities.
 * @throws DataError if the masks are others
 */
export function requireMask(found: StateTensor, what: string): void {
  const [couplings, dims] = found.shape;
  const isTable = found.shape.length === 2 && dims > 0 && couplings > 0;
  if (isTable && flowMask(dims, couplings).data.every((value, i) => value === Number(found.data[i]))) return;
  throw new DataError(`${what} holds other masks than the alternating ones of RLE; wgrad does not load this flow`);
}
