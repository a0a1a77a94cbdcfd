import { cast, type Device, type Rng, scope, type Tensor } from 'wgrad';
import { batchNorm, constant, conv2d, convTranspose2d, normal, type WeightInit } from 'wgrad/nn';

/** Layers under the names that the official code and mmpose have: `deconv_layers.0.weight`, `.1` its batch norm, `.3`, ... */
export type HeatmapHeadParams = {
  deconv_layers: Record<number, conv2d.Conv2dParams | batchNorm.BatchNormParams>;
  final_layer: conv2d.Conv2dParams;
};
export type HeatmapHeadState = { deconv_layers: Record<number, batchNorm.BatchNormState> };

export interface HeatmapHeadShape {
  /** Channels of the features. */
  readonly inputs: number;
  /** K. */
  readonly joints: number;
  /** Transposed convolutions, each of which doubles the resolution; 3 on features of stride 32, 0 on an HRNet's. */
  readonly doublings?: number;
  /** Channels of each of them. */
  readonly channels?: number;
}

/** Modules from one transposed convolution to the next in the sequence: itself, its batch norm, a ReLU. */
const PERIOD = 3;

/** Draws weights as Xiao et al. (2018): from N(0, 0.001^2); only the last layer has a bias, which starts at 0. */
export function init(
  rng: Rng,
  device: Device,
  { inputs, joints, doublings = 3, channels = 256 }: HeatmapHeadShape,
): { params: HeatmapHeadParams; state: HeatmapHeadState } {
  const weightInit: WeightInit = (r, d, shape) => normal(r, d, shape, 1e-3);
  const params: HeatmapHeadParams['deconv_layers'] = {};
  const state: HeatmapHeadState['deconv_layers'] = {};
  let last = inputs;
  for (let i = 0; i < doublings; i++) {
    const at = PERIOD * i;
    params[at] = convTranspose2d.init(rng, device, {
      inputs: last,
      outputs: channels,
      kernel: 4,
      bias: false,
      weightInit,
    });
    const bn = batchNorm.init(device, channels);
    [params[at + 1], state[at + 1]] = [bn.params, bn.state];
    last = channels;
  }
  const final = conv2d.init(rng, device, { inputs: last, outputs: joints, kernel: 1, bias: false, weightInit });
  return {
    params: { deconv_layers: params, final_layer: { ...final, bias: constant(device, [joints], 0) } },
    state: { deconv_layers: state },
  };
}

/** The softmax over maps needs float32. */
const FLOAT32 = { dtype: 'float32' } as const;

/**
 * Heatmaps of SimpleBaseline (Xiao et al., 2018): transposed 4x4 convolutions of stride 2 with batch norm and ReLU,
 * then a 1x1 convolution to one map per joint. In training, continue with the returned state.
 *
 * @param x features [B, H, W, C]
 * @returns maps [B, 2^n H, 2^n W, K] for n doublings, in float32 even where the features are float16
 */
export function apply(
  { deconv_layers, final_layer }: HeatmapHeadParams,
  state: HeatmapHeadState,
  x: Tensor,
  { training }: Pick<batchNorm.BatchNormOptions, 'training'>,
): [maps: Tensor, state: HeatmapHeadState] {
  const next: HeatmapHeadState['deconv_layers'] = {};
  let h = x;
  for (let at = 0; deconv_layers[at]; at += PERIOD) {
    const filter = deconv_layers[at] as conv2d.Conv2dParams;
    const norm = deconv_layers[at + 1] as batchNorm.BatchNormParams;
    const [y, bn] = scope(() => {
      const raised = convTranspose2d.apply(filter, h, { stride: 2, padding: 1 });
      return batchNorm.apply(norm, state.deconv_layers[at + 1], raised, { training, activation: 'relu' });
    });
    [h, next[at + 1]] = [y, bn];
  }
  const maps = conv2d.apply(final_layer, h);
  return [maps.dtype === 'float32' ? maps : cast(maps, FLOAT32), { deconv_layers: next }];
}
