import { DataError } from 'wgrad';
import type { StateTensor } from 'wgrad/io';
import { alternatingMasks } from 'wgrad/rle';
import type { NamedState } from './naming.js';

/** The masks of a flow as a file holds them: [couplings, D], 1 = passes unchanged. */
export function flowMask(dims: number, couplings: number): StateTensor {
  return { shape: [couplings, dims], data: Float32Array.from(alternatingMasks(dims, couplings).flat()) };
}

/**
 * Checks a file's masks. wgrad's flow always has the alternating masks of the public codes; with others the same
 * weights would silently give other densities.
 * @throws DataError if the masks are others
 */
export function requireMask(found: StateTensor, what: string): void {
  const [couplings, dims] = found.shape;
  const isTable = found.shape.length === 2 && dims > 0 && couplings > 0;
  if (isTable && flowMask(dims, couplings).data.every((value, i) => value === Number(found.data[i]))) return;
  throw new DataError(`${what} holds other masks than the alternating ones of RLE; wgrad does not load this flow`);
}

/**
 * What the flows of mmpose and YOLO26-pose store besides their layers: the mean and covariance of the base density, and the
 * masks. Empty without a flow for labels in the plane.
 */
export function flowBuffers(own: NamedState): [string, StateTensor][] {
  const first = own.get('flow.t.0.0.weight');
  if (!first) return [];
  const dims = first.shape[1];
  const couplings = [...own.keys()].filter((name) => /^flow\.t\.\d+\.0\.weight$/.test(name)).length;
  const identity = Float32Array.from({ length: dims * dims }, (_, i) => (i % (dims + 1) === 0 ? 1 : 0));
  return [
    ['loc', { shape: [dims], data: new Float32Array(dims) }],
    ['cov', { shape: [dims, dims], data: identity }],
    ['mask', flowMask(dims, couplings)],
  ];
}
