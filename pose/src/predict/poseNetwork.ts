import { type Device, scope, type Tensor, tensorsOf } from 'wgrad';
import { type head, regressor } from 'wgrad/rle';
import * as backbone from '../backbones/backbone.js';
import type { Conventions } from '../checkpoints/conventions.js';
import { type LoadedNetwork, networkOf, requirePoseNetwork } from '../checkpoints/networkOf.js';
import type { PoseCheckpoint } from '../checkpoints/poseCheckpoint.js';
import * as heatmapRegressor from '../heatmaps/heatmapRegressor.js';
import { softArgmax } from '../heatmaps/softArgmax.js';
import { type NetworkAnswer, readAnswer } from '../networkAnswer.js';

/**
 * What a network answers for a batch of inputs [B, H, W, 3]: [B, K, D] in crop units, counted from the middle, or
 * heatmaps.
 */
export type PoseNetwork = (images: Float32Array) => Promise<NetworkAnswer>;

/**
 * Puts a checkpoint's network on a device; its inputs must be made by the checkpoint's conventions. Kernels are compiled
 * ahead, in parallel, when the first inputs come.
 * @throws DataError where wgrad does not know the network, or it has no head
 */
export function poseNetwork(device: Device, checkpoint: PoseCheckpoint): PoseNetwork {
  requirePoseNetwork(checkpoint.path, checkpoint.architecture);
  const network = networkOf(device, checkpoint);
  const { size } = checkpoint.conventions;
  let isCompiled = false;
  return async (images) => {
    const answer = () => {
      const input = device.tensor(images, [images.length / (3 * size[0] * size[1]), ...size, 3]);
      return outputOf(network, checkpoint.conventions, input);
    };
    if (!isCompiled) await device.compile?.(() => void answer());
    isCompiled = true;
    return readOutput(scope(answer), checkpoint.conventions);
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
  if (!deconv_layers || !final_layer) {
    // `requirePoseNetwork` has made sure of a head; without maps it is this one.
    const layers = { preact, fc_coord: fc_coord as head.HeadParams['fc_coord'], fc_sigma };
    return regressor.apply(layers, state, images, { ...mode, training: false }, backbone)[0];
  }
  const layers = { preact, deconv_layers, final_layer, fc_sigma };
  const [{ maps, logit }] = heatmapRegressor.apply(layers, state, images, { training: false });
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
