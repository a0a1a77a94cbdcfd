import { type Device, globalAveragePool, type Rng, reshape, scope, type Tensor } from 'wgrad';
import { linear, type ResnetMode, xavierUniform } from 'wgrad/nn';
import * as backbone from '../backbones/backbone.js';
import * as heatmapHead from './heatmapHead.js';

/**
 * A backbone and the heatmap head under the official code's names, and a layer of sigmas where a likelihood needs them.
 */
export type HeatmapRegressorParams = { preact: backbone.BackboneParams } & heatmapHead.HeatmapHeadParams & {
    fc_sigma?: { linear: linear.LinearParams };
  };
export type HeatmapRegressorState = { preact: backbone.BackboneState } & heatmapHead.HeatmapHeadState;

export interface HeatmapRegressorShape extends Omit<heatmapHead.HeatmapHeadShape, 'inputs'> {
  /** A new backbone, or one that is trained already. */
  readonly preact: { readonly params: backbone.BackboneParams; readonly state: backbone.BackboneState };
  /** Whether a sigma is predicted for each coordinate, default no. */
  readonly sigma?: boolean;
}

/** Draws parameters and running statistics of a network whose output is heatmaps. */
export function init(
  rng: Rng,
  device: Device,
  { preact, sigma = false, ...shape }: HeatmapRegressorShape,
): { params: HeatmapRegressorParams; state: HeatmapRegressorState } {
  const inputs = backbone.channelsOf(preact.params);
  const head = heatmapHead.init(rng, device, { ...shape, inputs });
  const params: HeatmapRegressorParams = { preact: preact.params, ...head.params };
  if (sigma) {
    const layer = linear.init(rng, device, {
      inputs,
      outputs: 2 * shape.joints,
      weightInit: (r, d, s) => xavierUniform(r, d, s, 0.01),
    });
    params.fc_sigma = { linear: layer };
  }
  return { params, state: { preact: preact.state, ...head.state } };
}

export interface HeatmapPrediction {
  /** [B, H, W, K]; `softArgmax` or, on the host, `decodeHeatmaps` turns them into coordinates. */
  readonly maps: Tensor;
  /**
   * [B, K, 2], where there is a layer of sigmas; with `mu = softArgmax(maps)` it is the prediction that `rle` takes.
   */
  readonly logit?: Tensor;
}

/**
 * Heatmaps of images [B, H, W, 3], and logits of sigma from the pooled features, `sigma = sigmoid(W mean(x) + b)`. The
 * authors of RLE took the logits from the classification head of an HRNet, which this network does not have.
 *
 * Training updates the running statistics in place: continue with the returned state.
 */
export function apply(
  { preact, deconv_layers, final_layer, fc_sigma }: HeatmapRegressorParams,
  state: HeatmapRegressorState,
  images: Tensor,
  mode: ResnetMode,
): [prediction: HeatmapPrediction, state: HeatmapRegressorState] {
  return scope(() => {
    const [features, body] = backbone.apply(preact, state.preact, images, mode);
    const [maps, head] = heatmapHead.apply({ deconv_layers, final_layer }, state, features, mode);
    const next = { preact: body, ...head };
    if (!fc_sigma) return [{ maps }, next];
    const flat = linear.apply(fc_sigma.linear, globalAveragePool(features));
    return [{ maps, logit: reshape(flat, { shape: [flat.shape[0], flat.shape[1] / 2, 2] }) }, next];
  });
}
