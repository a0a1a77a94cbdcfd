import type { Rng } from 'wgrad';
import type { Rgb } from './shape.js';

const hex = (colours: string): readonly Rgb[] =>
  colours
    .split(' ')
    .map((c): Rgb => [0, 2, 4].map((i) => Number.parseInt(c.slice(i, i + 2), 16) / 255) as unknown as Rgb);

/** Colours of what is worn on the left, on the right, and on the trunk. */
export const WARM = hex('e4572e f2a541 d7263d ff7f51 c44900 f6c453 e0607e b23a48');
export const COOL = hex('2e86ab 3bb273 1b4965 4fb0ae 4059ad 62b6cb 7a5ab5 118ab2');
export const CLOTH = hex('f4f1ea d9d3c7 2b2d42 1d1f21 7f8c8d a3b18a 6b705c 3d405b cdb4a0 8d99ae 5e548e 9c6644');
export const SKIN = hex('f3d0b5 e8b98f d49e73 b97c50 8d5a36 5f3a22');
export const HAIR = hex('1c1512 3a2618 5f3d22 a8743c d9b26a 8a8a8a 7a2e1d');
/** What stands and lies around: duller than clothes, as backgrounds mostly are. */
export const SURROUNDINGS = hex('8fa3ad b7b09c 6f7d5c 9a8b7a c9c4b8 57606a 7d6f82 a9b8a2 4a4f45 d8cfc0 6a5a4a 93a8c0');

export function pick(rng: Rng, palette: readonly Rgb[]): Rgb {
  return palette[rng.int(palette.length)];
}

/** Lighter for `gain` above 1, darker below; stays in [0, 1]. */
export function scaleRgb(colour: Rgb, gain: number): Rgb {
  return [Math.min(1, colour[0] * gain), Math.min(1, colour[1] * gain), Math.min(1, colour[2] * gain)];
}

export function mixRgb(a: Rgb, b: Rgb, t: number): Rgb {
  return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])];
}
