import type { HalfBody } from './halfBody.js';
import type { Spread } from './spread.js';

/** How training varies what it shows of a person; `recipeOptions` has the settings of the public codes. */
export interface AugmentOptions {
  /** Factor on the sides of the crop. */
  readonly scale: Spread;
  /** The turn in degrees. */
  readonly rotation: Spread;
  readonly rotationProbability: number;
  readonly mirrorProbability: number;
  /** Each colour channel is multiplied by U(1 - colour, 1 + colour) and limited to what a pixel can hold. */
  readonly colour: number;
  /** Whether a label outside the crop counts (`keep`) or weighs nothing (`drop`). */
  readonly outside: 'keep' | 'drop';
  readonly halfBody?: HalfBody;
  /** How often the crop moves, and by which share of the padded box's sides. */
  readonly shift?: { readonly probability: number; readonly share: Spread };
  /** Whether a rectangle of noise hides a part of everybody. */
  readonly occlusion?: boolean;
  /** Width of the crops divided by their height, default 1; it does not change which random numbers are drawn. */
  readonly aspect?: number;
}
