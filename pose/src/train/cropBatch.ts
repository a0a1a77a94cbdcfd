import { type Occluder, paintOccluder } from '../augmentation/occlusion.js';
import { type Crop, encodeJoints, inputToImage } from '../crop.js';
import type { PoseSample } from '../dataset.js';
import { packRegion, sampledRegion } from '../region.js';
import { type Dims, dropOutside, encodeSpatialJoints } from '../targets.js';
import { colourRows } from '../warp.js';
import type { InputSize } from './inputSize.js';

/** Pieces of decoded images with their labels on the host; the device cuts the crops out of them. */
export interface CropBatch {
  /** What `warpPixels` takes: the pieces, where each is, and for each row its matrix [B, 6] and colours [B, 4, 3]. */
  readonly pixels: Uint32Array<ArrayBuffer>;
  readonly places: Uint32Array<ArrayBuffer>;
  readonly matrix: Float32Array<ArrayBuffer>;
  readonly colour: Float32Array<ArrayBuffer>;
  /** [B, K, 2] in crop units, or [B, K, 3] with depths (see `encodeSpatialJoints`). */
  readonly target: Float32Array<ArrayBuffer>;
  /** [B, K, 1], or [B, K, 3]: where x and y have a label, z need not. */
  readonly weight: Float32Array<ArrayBuffer>;
}

/** A sample as one row of a batch shows it. */
export interface CropRow {
  readonly sample: PoseSample;
  readonly crop: Crop;
  /** By how much red, green and blue are brighter; default: not at all. */
  readonly gains?: readonly [number, number, number];
  /** What hides a part of the picture. */
  readonly occluder?: Occluder;
  /** Whether labels outside the crop count (default) or weigh nothing. */
  readonly outside?: 'keep' | 'drop';
}

/**
 * A batch of `rows.length` or more rows; those beyond show nothing and have weight 0.
 * @param order `flipOrder` of the schema
 */
export function makeCropBatch(
  rows: readonly CropRow[],
  { height, width }: InputSize,
  order: Uint32Array,
  count = rows.length,
  dims: Dims = 2,
): CropBatch {
  const joints = order.length;
  const places = new Uint32Array(count * 3);
  const matrix = new Float32Array(count * 6);
  const colour = new Float32Array(count * 12);
  const [points, weights] = dims === 3 ? [3 * joints, 3 * joints] : [2 * joints, joints];
  const target = new Float32Array(count * points);
  const weight = new Float32Array(count * weights);
  let total = 0;
  const regions = rows.map(({ sample, crop, gains, outside }, row) => {
    const [a, b, c, d, e, f] = inputToImage(crop, width, height);
    const region = sampledRegion([a, b, c, d, e, f], width, height, sample.image);
    // Coordinates count from the piece's corner: small numbers lose less in float32.
    matrix.set([a, b, c - region.x, d, e, f - region.y], 6 * row);
    colour.set(colourRows(gains), 12 * row);
    places.set([total, region.height, region.width], 3 * row);
    total += region.height * region.width;
    const own = target.subarray(row * points, (row + 1) * points);
    const weigh = weight.subarray(row * weights, (row + 1) * weights);
    if (dims === 3) encodeSpatialJoints(sample, crop, order, own, weigh, outside ?? 'keep');
    else encodeJoints(sample.joints, sample.weights, crop, order, own, weigh);
    if (dims === 2 && outside === 'drop') dropOutside(own, weigh);
    return region;
  });
  const pixels = new Uint32Array(roundUp(total));
  rows.forEach(({ sample, occluder }, row) => {
    packRegion(sample.image, regions[row], pixels, places[3 * row]);
    if (occluder) paintOccluder(occluder, regions[row], pixels, places[3 * row]);
  });
  return { pixels, places, matrix, colour, target, weight };
}

/** A few sizes only, at most an eighth too large: buffers and bind groups of the device come again. */
function roundUp(count: number): number {
  const grain = Math.max(64, 2 ** (Math.floor(Math.log2(Math.max(count, 1))) - 3));
  return Math.max(1, Math.ceil(count / grain)) * grain;
}
