import type { DecodeOptions } from '../heatmaps/decodeHeatmaps.js';
import type { Debias } from '../heatmaps/softArgmax.js';

export type Rgb = readonly [red: number, green: number, blue: number];

/** What the numbers that go into a model and come out of it mean; a property of its weights. */
export interface Conventions {
  /** Height and width of the network's input in pixels. */
  readonly size: readonly [height: number, width: number];
  /** The input is `(rgb / 255 - mean) / std`. */
  readonly mean: Rgb;
  readonly std: Rgb;
  /** The order of its channels; `rgb` where it is absent. */
  readonly channels?: 'rgb' | 'bgr';
  /** The crop is the person's box times this, extended to the input's aspect. */
  readonly padding: number;
  /** An output x is the input's column `(x + origin) * width - pixel`, and y likewise; pixel centres are integers. */
  readonly origin: number;
  readonly pixel: number;
  /** Inputs and heatmaps by unbiased data processing (see `PeakOptions`). */
  readonly udp?: boolean;
  /** Millimetres per unit of depth behind the first joint; absent in 2-D. */
  readonly depth?: number;
  /** Whether the coordinates see the features' direction alone, `W x / |x| + b`. */
  readonly normalise: boolean;
  /** How coordinates are read off heatmaps; absent without those. */
  readonly maps?: MapDecoding;
}

/**
 * How coordinates are read off heatmaps: the peak, a quarter of a pixel towards its higher neighbours or by DARK with a kernel
 * of so many pixels (see `decodeHeatmaps`), or the mean.
 */
export type MapDecoding =
  | { readonly decode: 'peak'; readonly refine?: 'dark'; readonly kernel?: number }
  /** Inverse temperature and bias of `softArgmax`. */
  | { readonly decode: 'mean'; readonly beta: number; readonly debias: Debias };

/** How heatmaps are read whose peaks are the joints. */
export function readingOf({ pixel, udp, maps }: Conventions): DecodeOptions {
  const { refine, kernel } = maps?.decode === 'peak' ? maps : {};
  return { pixel, udp, refine, kernel };
}
