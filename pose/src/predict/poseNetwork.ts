import { type Device, globalAveragePool, reshape, scope, type Tensor, tensorsOf } from 'wgrad';
import { linear } from 'wgrad/nn';
import { head } from 'wgrad/rle';
import * as backbone from '../backbones/backbone.js';
import type { Conventions } from '../checkpoints/conventions.js';
import { type LoadedNetwork, networkOf, requirePoseNetwork } from '../checkpoints/networkOf.js';
import type { PoseCheckpoint } from '../checkpoints/poseCheckpoint.js';
import * as heatmapHead from '../heatmaps/heatmapHead.js';
import { softArgmax } from '../heatmaps/softArgmax.js';
import { type NetworkAnswer, readAnswer } from '../networkAnswer.js';

/** What a network says of a batch of inputs [B, H, W, 3]: [B, K, D] in units of the crop, from its middle, or heatmaps. */
export type PoseNetwork = (images: Float32Array) => Promise<NetworkAnswer>;

/**
 * Puts a checkpoint's network on a device, to look at inputs that were made by its conventions.
 * @throws DataError where wgrad does not know the network, or it has no head
 */
export function poseNetwork(device: Device, checkpoint: PoseCheckpoint): PoseNetwork {
  requirePoseNetwork(checkpoint.path, checkpoint.architecture);
  const network = networkOf(device, checkpoint);
  const { size } = checkpoint.conventions;
  return async (images) => {
    const output = scope(() => {
      const input = device.tensor(images, [images.length / (3 * size[0] * size[1]), ...size, 3]);
      return outputOf(network, checkpoint.conventions, input);
    });
    return readOutput(output, checkpoint.conventions);
  };
}

/** Coordinates in crop units, or heatmaps whose peaks they are, and logits where there are sigmas. */
interface Output {
  readonly mu?: Tensor;
  readonly maps?: Tensor;
  readonly logit?: Tensor;
}

function outputOf(
  { params, state, head: mode }: LoadedNetwork,
  { pixel, maps: decoding }: Conventions,
  images: Tensor,
): Output {
  const { preact, fc_coord, fc_sigma, deconv_layers, final_layer } = params;
  const [features] = backbone.apply(preact, state.preact, images, { training: false });
  const points = (layer: linear.LinearParams, x: Tensor) => {
    const flat = linear.apply(layer, x);
    return reshape(flat, { shape: [flat.shape[0], flat.shape[1] / mode.dims, mode.dims] });
  };
  if (!deconv_layers || !final_layer) {
    const layers = { fc_coord, fc_sigma: fc_sigma ?? fc_coord } as head.HeadParams;
    const { mu, logit } = head.apply(layers, globalAveragePool(features), mode);
    return { mu, logit: fc_sigma && logit };
  }
  const [maps] = heatmapHead.apply({ deconv_layers, final_layer }, state, features, { training: false });
  const logit = fc_sigma && points(fc_sigma.linear, globalAveragePool(features));
  return decoding?.decode === 'mean' ? { mu: softArgmax(maps, { ...decoding, pixel }), logit } : { maps, logit };
}

async function readOutput(output: Output, conventions: Conventions): Promise<NetworkAnswer> {
  const answer = await readAnswer(output);
  for (const tensor of tensorsOf(output)) tensor.dispose();
  if ('maps' in answer) return answer;
  // The means of maps are in units of the crop already.
  const shift = conventions.maps ? 0 : conventions.origin - 0.5;
  const { mu, dims = 2 } = answer;
  return { ...answer, mu: mu.map((value, i) => (i % dims < 2 ? value + shift : value)) };
}
