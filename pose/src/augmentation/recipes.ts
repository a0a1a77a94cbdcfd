import type { AugmentOptions } from './augmentOptions.js';
import { around } from './spread.js';

/** Ways to vary training images. */
export const RECIPES = ['plain', 'official', 'mmpose', 'h36m'] as const;
export type Recipe = (typeof RECIPES)[number];

/** How strongly a recipe varies the images. */
export interface Strength {
  /** Largest turn in degrees. */
  readonly rotation: number;
  /** Largest change of size, as a share. */
  readonly scaling: number;
  /** Largest change of each colour's brightness, as a share. */
  readonly colour: number;
}

/** The strengths that the recipes were published with. */
export const STRENGTHS: Readonly<Record<Recipe, Strength>> = {
  plain: { rotation: 45, scaling: 0.25, colour: 0 },
  official: { rotation: 45, scaling: 0.25, colour: 0 },
  mmpose: { rotation: 80, scaling: 0.5, colour: 0 },
  h36m: { rotation: 60, scaling: 0.3, colour: 0.2 },
};

/**
 * The options of a recipe:
 * - `plain`: half of the images are turned, half are mirrored, all vary in size; labels outside the crop count.
 * - `official`: the RLE code's for COCO, which is `plain` with crops of half a body; labels outside count.
 * - `mmpose`: its RLE configurations'; turns, sizes and shifts are normal, cut off at one standard deviation, and labels
 *   outside the crop weigh nothing.
 * - `h36m`: the RLE code's for Human3.6M; normal and limited, with colours and a rectangle of noise, and labels outside
 *   weigh nothing.
 */
export function recipeOptions(recipe: Recipe, strength: Strength = STRENGTHS[recipe]): AugmentOptions {
  const { rotation, scaling, colour } = strength;
  const plain: AugmentOptions = {
    scale: around(1, scaling),
    rotation: around(0, rotation),
    rotationProbability: 0.5,
    mirrorProbability: 0.5,
    colour,
    outside: 'keep',
  };
  switch (recipe) {
    case 'plain':
      return plain;
    case 'official':
      // The official code compares a normal random number with 0.5; it is below in 69 % of the cases.
      return {
        ...plain,
        halfBody: { probability: 0.3, joints: 4, upper: 3, lower: 3, upperFirst: 0.6915, padding: 1.5 },
      };
    case 'mmpose':
      return {
        ...plain,
        scale: around(1, scaling, { std: scaling }),
        rotation: around(0, rotation, { std: rotation }),
        rotationProbability: 0.6,
        outside: 'drop',
        halfBody: { probability: 0.3, joints: 9, upper: 2, lower: 3, upperFirst: 0.7, padding: 1.5 },
        shift: { probability: 0.3, share: around(0, 0.16, { std: 0.16 }) },
      };
    case 'h36m':
      return {
        ...plain,
        scale: around(1, scaling, { std: scaling, beyond: 'clip' }),
        rotation: around(0, rotation, { std: rotation / 2, beyond: 'clip' }),
        rotationProbability: 0.6,
        outside: 'drop',
        occlusion: true,
      };
  }
}
