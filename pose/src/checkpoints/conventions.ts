import type { DecodeOptions } from '../heatmaps/decodeHeatmaps.js';
import type { Debias } from '../heatmaps/softArgmax.js';

export type Rgb = readonly [red: number, green: number, blue: number];

/** What the numbers mean that go into a network and come out of it; they depend on how its weights were trained. */
export interface Conventions {
  /** Height and width of the network's input in pixels. */
  readonly size: readonly [height: number, width: number];
  /** The input is `(rgb / 255 - mean) / std`. */
  readonly mean: Rgb;
  readonly std: Rgb;
  /** The order of its channels; `rgb` where it is absent. */
  readonly channels?: 'rgb' | 'bgr';
  /** The crop is the person's box times this, and its shorter side is then extended to the input's aspect. */
  readonly padding: number;
  /** An output x is the input's column `(x + origin) * width - pixel`, and y likewise; pixel centres are integers. */
  readonly origin: number;
  readonly pixel: number;
  /** Whether inputs and heatmaps follow unbiased data processing (see `PeakOptions`). */
  readonly udp?: boolean;
  /** Millimetres per unit of depth behind the first joint; absent in 2-D. */
  readonly depth?: number;
  /** Whether coordinates depend only on the direction of the features, `W x / |x| + b`. */
  readonly normalise: boolean;
  /** How coordinates are read from heatmaps; absent where the network has none. */
  readonly maps?: MapDecoding;
}

/**
 * How coordinates are read from heatmaps: from the peak, moved by a quarter of a pixel towards its higher neighbours or
 * by DARK with a kernel of so many pixels (see `decodeHeatmaps`), or from the mean.
 */
export type MapDecoding =
  | { readonly decode: 'peak'; readonly refine?: 'dark'; readonly kernel?: number }
  /** Inverse temperature and bias of `softArgmax`. */
  | { readonly decode: 'mean'; readonly beta: number; readonly debias: Debias };

/** How peaks are read from the heatmaps of a network with these conventions. */
export function readingOf({ pixel, udp, maps }: Conventions): DecodeOptions {
  const { refine, kernel } = maps?.decode === 'peak' ? maps : {};
  return { pixel, udp, refine, kernel };
}
