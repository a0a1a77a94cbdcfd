import type { Rng } from 'wgrad';

/** A random number in [low, high]: uniform, or normal about the middle if it has a standard deviation. */
export interface Spread {
  readonly low: number;
  readonly high: number;
  readonly std?: number;
  /**
   * What happens to a normal number outside [low, high]: `clip` moves it to the nearer end (official code), `redraw`
   * draws another (mmpose; default).
   */
  readonly beyond?: 'clip' | 'redraw';
}

/** A spread of `size` about `middle`. */
export function around(middle: number, size: number, shape: Pick<Spread, 'std' | 'beyond'> = {}): Spread {
  return { low: middle - size, high: middle + size, ...shape };
}

/** Draws one number; a uniform spread takes exactly one from the stream. */
export function draw({ low, high, std, beyond = 'redraw' }: Spread, rng: Rng): number {
  if (std === undefined) return low + (high - low) * rng.uniform();
  if (!(std > 0 && high > low)) return (low + high) / 2;
  for (;;) {
    const value = (low + high) / 2 + std * rng.normal();
    if (beyond === 'clip') return Math.min(high, Math.max(low, value));
    if (value >= low && value <= high) return value;
  }
}
