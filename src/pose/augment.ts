import type { Rng } from '../tensor/rng.js';
import type { Crop } from './crop.js';

/** How crops vary in training; the defaults are those of the official RLE code. */
export interface AugmentOptions {
  /** The sides are multiplied by U(low, high). */
  readonly scale: readonly [low: number, high: number];
  /** Largest turn in degrees; the turn is U(-rotation, rotation). */
  readonly rotation: number;
  readonly rotationProbability: number;
  readonly mirrorProbability: number;
  /** Each colour channel is multiplied by U(1 - colour, 1 + colour) and limited to what a pixel can hold; 3-D uses 0.2. */
  readonly colour: number;
}

export const rleAugmentation: AugmentOptions = {
  scale: [0.75, 1.25],
  rotation: 45,
  rotationProbability: 0.5,
  mirrorProbability: 0.5,
  colour: 0,
};

/** A random variation of a crop. Always draws four numbers, so that a stream stays aligned whatever the options are. */
export function augmentCrop(crop: Crop, rng: Rng, options: AugmentOptions = rleAugmentation): Crop {
  const [low, high] = options.scale;
  const scale = low + (high - low) * rng.uniform();
  const turn = rng.uniform() < options.rotationProbability;
  const angle = ((2 * rng.uniform() - 1) * options.rotation * Math.PI) / 180;
  const mirror = rng.uniform() < options.mirrorProbability;
  return {
    ...crop,
    width: crop.width * scale,
    height: crop.height * scale,
    angle: turn ? crop.angle + angle : crop.angle,
    mirrored: mirror ? !crop.mirrored : crop.mirrored,
  };
}

/** Random gains of red, green and blue. Always draws three numbers. */
export function augmentColour(
  rng: Rng,
  { colour }: Pick<AugmentOptions, 'colour'> = rleAugmentation,
): [number, number, number] {
  const gain = () => 1 + colour * (2 * rng.uniform() - 1);
  return [gain(), gain(), gain()];
}
