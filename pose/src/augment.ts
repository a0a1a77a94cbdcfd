import type { Rng } from 'wgrad';
import type { HalfBody } from './augmentation/halfBody.js';
import { recipeOptions } from './augmentation/recipes.js';
import { draw, type Spread } from './augmentation/spread.js';
import type { Crop } from './crop.js';

/** How training shows a person; `recipeOptions` has what the public codes do. */
export interface AugmentOptions {
  /** The sides are multiplied by it. */
  readonly scale: Spread;
  /** The turn in degrees. */
  readonly rotation: Spread;
  readonly rotationProbability: number;
  readonly mirrorProbability: number;
  /** Each colour channel is multiplied by U(1 - colour, 1 + colour) and limited to what a pixel can hold. */
  readonly colour: number;
  /** Whether a label outside the crop counts, or weighs nothing. */
  readonly outside: 'keep' | 'drop';
  readonly halfBody?: HalfBody;
  /** By which share of the padded box's sides the crop moves. */
  readonly shift?: { readonly probability: number; readonly share: Spread };
  /** Whether a rectangle of noise hides a part of everybody. */
  readonly occlusion?: boolean;
  /** Width of the crops by their height, default 1; what is drawn does not depend on it. */
  readonly aspect?: number;
}

/** Turns, sizes and mirror images of the official RLE code, of whole people. */
export const rleAugmentation: AugmentOptions = recipeOptions('plain');

/**
 * A random variation of a crop: scaled, turned, mirrored. With uniform spreads it always draws four numbers, so that a
 * stream stays aligned whatever the options are.
 */
export function augmentCrop(crop: Crop, rng: Rng, options: AugmentOptions = rleAugmentation): Crop {
  const scale = draw(options.scale, rng);
  const turn = rng.uniform() < options.rotationProbability;
  const angle = (draw(options.rotation, rng) * Math.PI) / 180;
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
