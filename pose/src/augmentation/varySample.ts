import type { Rng } from 'wgrad';
import { augmentColour, augmentCrop } from '../augment.js';
import { type Crop, cropAround, PADDING } from '../crop.js';
import type { Box, PoseSample } from '../dataset.js';
import type { JointSchema } from '../schema.js';
import type { AugmentOptions } from './augmentOptions.js';
import { halfBodyBox } from './halfBody.js';
import { type Occluder, occluderIn } from './occlusion.js';
import { draw } from './spread.js';

/** One of the ways in which training shows a sample. */
export interface SampleVariation {
  readonly crop: Crop;
  /** Factors on red, green and blue. */
  readonly gains: readonly [number, number, number];
  readonly occluder?: Occluder;
}

/** Each kind of variation draws from a stream of its own, so that what one draws does not depend on the others. */
const HALF_BODY_STREAM = 1;
const SHIFT_STREAM = 2;
const OCCLUSION_STREAM = 3;

/**
 * Draws how a sample is shown: half of the body or all of it, moved, scaled, turned, mirrored, recoloured and partly
 * hidden.
 * @param places random numbers for places and turns, this sample's own
 * @param colours random numbers for colours, this sample's own
 */
export function varySample(
  sample: PoseSample,
  schema: JointSchema,
  places: Rng,
  colours: Rng,
  options: AugmentOptions,
): SampleVariation {
  const { aspect, halfBody, shift, occlusion } = options;
  const half = halfBody && halfBodyBox(sample, schema, places.split(HALF_BODY_STREAM), halfBody);
  const padding = half ? halfBody.padding : (sample.padding ?? PADDING);
  let box = half ?? sample.box;
  if (shift) box = shifted(box, padding, places.split(SHIFT_STREAM), shift);
  return {
    crop: augmentCrop(cropAround(box, { padding, aspect }), places, options),
    gains: augmentColour(colours, options),
    occluder: occlusion ? occluderIn(sample.box, sample.image, places.split(OCCLUSION_STREAM)) : undefined,
  };
}

/** Moves the box by shares of the sides that it has with padding. */
function shifted(
  [x, y, width, height]: Box,
  padding: number,
  rng: Rng,
  { probability, share }: NonNullable<AugmentOptions['shift']>,
): Box {
  if (rng.uniform() >= probability) return [x, y, width, height];
  const [right, down] = [draw(share, rng), draw(share, rng)];
  return [x + right * padding * width, y + down * padding * height, width, height];
}
