import type { Layers } from './layers.js';

/** A heatmap head's size, as `nn`'s `heatmapHead` has it. */
export interface HeatmapShape {
  /** Transposed convolutions, each of which doubles the resolution. */
  readonly doublings: number;
  /** Channels of each of them. */
  readonly channels: number;
}

/** Calls `layers` for each layer of a heatmap head, in order; returns K maps. */
export function heatmapLayers<X>(
  layers: Layers<X>,
  features: X,
  { doublings, channels }: HeatmapShape,
  inputs: number,
  joints: number,
): X {
  let x = features;
  for (let i = 0; i < doublings; i++) {
    const last = i === 0 ? inputs : channels;
    x = layers.relu(layers.deconvNorm(x, `deconv_layers.${3 * i}`, `deconv_layers.${3 * i + 1}`, last, channels));
  }
  return layers.pointwise(x, 'final_layer', doublings === 0 ? inputs : channels, joints);
}
