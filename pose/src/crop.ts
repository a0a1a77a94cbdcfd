import { DataError } from 'wgrad';
import { type Affine, applyAffine, composeAffine, invertAffine } from './affine.js';
import type { Box } from './dataset.js';
import { mapExtent } from './heatmaps/mapGrid.js';

/**
 * The part of an image that the network sees: a rectangle in pixels (origin at the centre of the top left pixel),
 * turned by `angle` about its centre and mirrored if `mirrored`.
 *
 * Labels and predictions have crop units t in [-0.5, 0.5]^2:
 * `image = centre + R(angle) diag(mirrored ? -width : width, height) t`.
 */
export interface Crop {
  readonly centreX: number;
  readonly centreY: number;
  readonly width: number;
  readonly height: number;
  /** Radians; a positive angle turns the rectangle clockwise on the screen, since y points down. */
  readonly angle: number;
  readonly mirrored: boolean;
}

/** How much larger than the tight box a crop is, as in the official RLE code (`scale * 1.25`). */
export const PADDING = 1.25;

/**
 * The upright crop centred on a box: `padding` times the box, its short side first extended to `aspect` = width / height.
 * With aspect 1 that is the square of side `padding * max(width, height)`.
 * @throws DataError if the box has no extent.
 */
export function cropAround(box: Box, options: { padding?: number; aspect?: number } = {}): Crop {
  const { padding = PADDING, aspect = 1 } = options;
  const [x, y, w, h] = box;
  const width = padding * Math.max(w, h * aspect);
  if (!(width > 0 && Number.isFinite(width + x + y))) {
    throw new DataError(`crop: the box [${box.join(', ')}] has no extent; give [x, y, width, height] in pixels`);
  }
  return { centreX: x + w / 2, centreY: y + h / 2, width, height: width / aspect, angle: 0, mirrored: false };
}

/** The mirror image of a crop, for the flip test. */
export function mirrorCrop(crop: Crop): Crop {
  return { ...crop, mirrored: !crop.mirrored };
}

/** The map from crop units to image pixels. */
export function cropToImage(crop: Crop): Affine {
  const cos = Math.cos(crop.angle);
  const sin = Math.sin(crop.angle);
  const width = crop.mirrored ? -crop.width : crop.width;
  return [cos * width, -sin * crop.height, crop.centreX, sin * width, cos * crop.height, crop.centreY];
}

/**
 * The map from the pixels of a `width` x `height` input to image pixels. Column u has its centre at
 * `(u + pixel) / width - 0.5` in crop units. With `pixel` 0.5, mirroring is exactly `u -> width - 1 - u` and
 * `t_x -> -t_x`.
 * @param pixel 0.5, or 0 as in RLE's public codes
 * @param udp see `PeakOptions`
 */
export function inputToImage(crop: Crop, width: number, height: number, pixel = 0.5, udp = false): Affine {
  const [w, h] = [mapExtent(width, udp), mapExtent(height, udp)];
  return composeAffine(cropToImage(crop), [1 / w, 0, pixel / w - 0.5, 0, 1 / h, pixel / h - 0.5]);
}

/**
 * Labels in crop units; joint k of a mirrored crop is joint `order[k]` of the image.
 * @param joints [K, 2] in image pixels
 * @param weights [K]
 * @param order `flipOrder` of the schema
 * @param outJoints receives [K, 2]
 * @param outWeights receives [K]
 */
export function encodeJoints(
  joints: ArrayLike<number>,
  weights: ArrayLike<number>,
  crop: Crop,
  order: ArrayLike<number>,
  outJoints: Float32Array | Float64Array,
  outWeights: Float32Array | Float64Array,
): void {
  const toCrop = invertAffine(cropToImage(crop));
  for (let k = 0; k < weights.length; k++) {
    const source = crop.mirrored ? order[k] : k;
    const weight = weights[source];
    // A joint that is not annotated may hold anything, NaN included, which must not reach the loss.
    const [x, y] = weight > 0 ? applyAffine(toCrop, joints[2 * source], joints[2 * source + 1]) : [0, 0];
    outJoints[2 * k] = x;
    outJoints[2 * k + 1] = y;
    outWeights[k] = weight;
  }
}

/**
 * Takes predictions [K, 2] from crop units to image pixels, and puts the joints of a mirrored crop into their original
 * order.
 */
export function decodeJoints(prediction: ArrayLike<number>, crop: Crop, order: ArrayLike<number>): Float64Array {
  const toImage = cropToImage(crop);
  const joints = new Float64Array(prediction.length);
  for (let k = 0; 2 * k < joints.length; k++) {
    const [x, y] = applyAffine(toImage, prediction[2 * k], prediction[2 * k + 1]);
    const target = crop.mirrored ? order[k] : k;
    joints[2 * target] = x;
    joints[2 * target + 1] = y;
  }
  return joints;
}
