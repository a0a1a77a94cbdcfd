import type { HalfBody } from './halfBody.js';
import type { Spread } from './spread.js';

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
