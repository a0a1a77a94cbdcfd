import type { Rng } from 'wgrad';
import { CLOTH, COOL, HAIR, pick, SKIN, scaleRgb, WARM } from './colours.js';
import type { Rgb } from './shape.js';

/** What one side wears. */
export interface SideOutfit {
  readonly sleeve: Rgb;
  readonly leg: Rgb;
  readonly shoe: Rgb;
  readonly glove: Rgb;
}

/** What a figure looks like. */
export interface Outfit {
  readonly left: SideOutfit;
  readonly right: SideOutfit;
  readonly skin: Rgb;
  readonly hair: Rgb;
  readonly hairStyle: 'short' | 'long' | 'cap';
  readonly shirt: Rgb;
  readonly trousers: Rgb;
  readonly stripe?: Rgb;
  readonly stripes: number;
  /** Stripe, number or logo that the chest alone bears. */
  readonly emblem: Rgb;
  readonly emblemStyle: 'sash' | 'disc' | 'zip';
  /** How far sleeves and trousers reach: 1 to the elbow or knee, 2 to the wrist or ankle. */
  readonly sleeveLength: number;
  readonly legLength: number;
  readonly skirt: boolean;
}

/**
 * Draws an outfit. The person's left wears warm colours and the right cool ones: on shoes and gloves always, on sleeves and
 * trouser legs too for a share `twoTone` of figures. Brightness is drawn apart, so grey pixels do not tell the sides.
 */
export function sampleOutfit(rng: Rng, twoTone: number): Outfit {
  const shirt = pick(rng, CLOTH);
  const parted = rng.uniform() < twoTone;
  // A figure in two colours wears one piece on its trunk: a third colour at the hips would only be noise.
  const trousers = parted ? scaleRgb(shirt, 0.85) : pick(rng, CLOTH);
  const side = (palette: readonly Rgb[]): SideOutfit => {
    const colour = scaleRgb(pick(rng, palette), 0.7 + 0.6 * rng.uniform());
    const accent = scaleRgb(pick(rng, palette), 0.8 + 0.5 * rng.uniform());
    return {
      sleeve: parted ? colour : shirt,
      leg: parted ? scaleRgb(colour, 0.85 + 0.3 * rng.uniform()) : trousers,
      shoe: accent,
      glove: accent,
    };
  };
  const left = side(WARM);
  const right = side(COOL);
  return {
    left,
    right,
    skin: scaleRgb(pick(rng, SKIN), 0.9 + 0.2 * rng.uniform()),
    hair: pick(rng, HAIR),
    hairStyle: (['short', 'short', 'long', 'cap'] as const)[rng.int(4)],
    shirt,
    trousers,
    stripe: rng.uniform() < 0.3 ? pick(rng, CLOTH) : undefined,
    stripes: 3 + rng.int(3),
    emblem: rng.uniform() < 0.5 ? [0.97, 0.95, 0.9] : [0.98, 0.83, 0.2],
    emblemStyle: (['sash', 'disc', 'zip'] as const)[rng.int(3)],
    sleeveLength: rng.uniform() < 0.55 ? 1.85 : 0.5 + 0.4 * rng.uniform(),
    legLength: rng.uniform() < 0.65 ? 1.9 : 0.6 + 0.5 * rng.uniform(),
    skirt: rng.uniform() < 0.12,
  };
}
