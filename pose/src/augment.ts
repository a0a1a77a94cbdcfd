import type { Rng } from 'wgrad';
import type { AugmentOptions } from './augmentation/augmentOptions.js';
import { recipeOptions } from './augmentation/recipes.js';
import { draw } from './augmentation/spread.js';
import type { Crop } from './crop.js';

/** The sizes, turns and mirror images that the official RLE code trains with; it always shows whole people. */
export const rleAugmentation: AugmentOptions = recipeOptions('plain');

/**
 * A random variation of a crop: scaled, turned, mirrored. With uniform spreads it always draws four random numbers, so
 * that what is drawn later does not depend on the options.
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
