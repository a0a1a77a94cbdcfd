import { type Occluder, paintOccluder } from '../augmentation/occlusion.js';
import type { BrokenPicture } from '../brokenPictures.js';
import { type Crop, encodeJoints, inputToImage } from '../crop.js';
import type { PoseSample } from '../dataset.js';
import { packRegion, sampledRegion } from '../region.js';
import { type Dims, dropOutside, encodeSpatialJoints } from '../targets.js';
import { colourRows } from '../warp.js';
import type { InputSize } from './inputSize.js';

/** Pieces of decoded images with their labels on the host; the device cuts the crops from them. */
export interface CropBatch {
  /** What `warpPixels` takes: the pieces, where each is, and for each row its matrix [B, 6] and colours [B, 4, 3]. */
  readonly pixels: Uint32Array<ArrayBuffer>;
  readonly places: Uint32Array<ArrayBuffer>;
  readonly matrix: Float32Array<ArrayBuffer>;
  readonly colour: Float32Array<ArrayBuffer>;
  /** [B, K, 2] in crop units, or [B, K, 3] with depths (see `encodeSpatialJoints`). */
  readonly target: Float32Array<ArrayBuffer>;
  /** [B, K, 1], or [B, K, 3], because a joint with x and y may lack z. */
  readonly weight: Float32Array<ArrayBuffer>;
  /** What others stand in for, since it cannot be read. */
  readonly broken?: readonly BrokenPicture[];
}

/** What one row of a batch shows of a sample. */
export interface CropRow {
  readonly sample: PoseSample;
  readonly crop: Crop;
  /** Factors on red, green and blue; default: 1. */
  readonly gains?: readonly [number, number, number];
  /** A rectangle that hides a part of the picture. */
  readonly occluder?: Occluder;
  /** Whether labels outside the crop count (default) or weigh nothing. */
  readonly outside?: 'keep' | 'drop';
}

/**
 * A batch of at least `rows.length` rows; additional rows show nothing and have weight 0.
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
    // Coordinates count from the piece's corner, because small numbers are more accurate in float32.
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

/** Rounds up to one of few sizes, at most an eighth too large, so that buffers and bind groups are used again. */
function roundUp(count: number): number {
  const grain = Math.max(64, 2 ** (Math.floor(Math.log2(Math.max(count, 1))) - 3));
  return Math.max(1, Math.ceil(count / grain)) * grain;
}
