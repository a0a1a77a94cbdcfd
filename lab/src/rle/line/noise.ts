import type { Rng } from 'wgrad';
import { type Cells, cellsOf, drawCell, entropyOf } from '../../cells.js';

/** The noise r of a label lies between -REACH and REACH, in units of the spread at its x. */
export const REACH = 4;
/** Cells on which the density of r is constant. */
export const CELLS = 48;
const STEP = (2 * REACH) / CELLS;

/** How labels scatter: `y = curve(x) + scale(x) r`, x uniform on [-1, 1], r from `shape`. */
export interface Noise {
  readonly shape: Cells;
  /** The scale at x = 0. */
  readonly spread: number;
  /** The scale grows e^growth-fold from 0 to 1, and falls as much from 0 to -1. */
  readonly growth: number;
}

/** What the labels scatter around. */
export const curve = (x: number) => 0.8 * Math.sin(2.6 * x);

export const scaleAt = ({ spread, growth }: Noise, x: number) => spread * Math.exp(growth * x);

const bell = (r: number, mean: number, std: number) => Math.exp(-0.5 * ((r - mean) / std) ** 2) / std;

/** Densities of r to begin with, up to a factor. */
const SHAPES: Readonly<Record<string, (r: number) => number>> = {
  normal: (r) => bell(r, 0, 1),
  skewed: (r) => (r > -1 ? (r + 1) * Math.exp(-1.5 * (r + 1)) : 0),
  heavy: (r) => (1 + (r / 0.4) ** 2) ** -1.2,
  modes: (r) => 0.65 * bell(r, -1, 0.3) + 0.35 * bell(r, 1.4, 0.3),
};

export const centreOf = (cell: number) => (cell + 0.5) * STEP - REACH;
export const cellAt = (r: number) => Math.max(0, Math.min(CELLS - 1, Math.floor((r + REACH) / STEP)));

/** The shape of a name, or undefined. */
export function shapeOf(name: string): Cells | undefined {
  if (!Object.hasOwn(SHAPES, name)) return undefined;
  return fromHeights(Array.from({ length: CELLS }, (_, cell) => SHAPES[name](centreOf(cell))));
}

/** The density in proportion to heights, one per cell. */
export const fromHeights = (heights: ArrayLike<number>): Cells => cellsOf(heights, STEP);

/** The density of r. */
export const densityAt = ({ probabilities, size }: Cells, r: number) =>
  Math.abs(r) < REACH ? probabilities[cellAt(r)] / size : 0;

/** A drawing takes a character per cell in the address. */
const RADIX = 36;

/** Heights as text, the highest as z. */
export function formatHeights(heights: ArrayLike<number>): string {
  const most = Math.max(...Array.from(heights), Number.MIN_VALUE);
  return Array.from(heights, (h) => Math.round((Math.max(0, h) / most) * (RADIX - 1)).toString(RADIX)).join('');
}

/** Reads what `formatHeights` wrote; anything else is flat. */
export function parseHeights(text: string): number[] {
  const isHeights = new RegExp(`^[0-9a-z]{${CELLS}}$`).test(text);
  return isHeights ? Array.from(text, (c) => Number.parseInt(c, RADIX)) : new Array<number>(CELLS).fill(1);
}

/** Labelled points. */
export interface Points {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

export function drawLabels(noise: Noise, count: number, rng: Rng): Points {
  const x = Float32Array.from({ length: count }, () => 2 * rng.uniform() - 1);
  const y = x.map((at) => {
    const r = (drawCell(noise.shape, rng) + rng.uniform()) * STEP - REACH;
    return curve(at) + scaleAt(noise, at) * r;
  });
  return { x, y };
}

/**
 * The highest mean log-likelihood there is, in nats: minus the entropy of r and minus the mean of log scale, to which the growth
 * adds nothing, because it is as often up as down.
 */
export const bestLogLikelihood = ({ shape, spread }: Noise) => -entropyOf(shape) - Math.log(spread);
