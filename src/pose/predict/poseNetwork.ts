import { globalAveragePool } from '../../kernels/globalAveragePool.js';
import * as resnet from '../../nn/resnet.js';
import * as head from '../../rle/head.js';
import type { Device } from '../../tensor/backend.js';
import { scope } from '../../tensor/scope.js';
import type { PoseCheckpoint } from '../checkpoints/poseCheckpoint.js';
import { regressorOf } from '../checkpoints/regressorOf.js';
import type { FlipPoses } from '../flipTest.js';

/** What a network says of a batch of inputs [B, H, W, 3]: [B, K, 2] in units of the crop, from its middle. */
export type PoseNetwork = (images: Float32Array) => Promise<FlipPoses>;

/**
 * Puts a checkpoint's regressor on a device, to look at inputs that were made by its conventions. Of joints in space it
 * tells x and y.
 * @throws DataError where the checkpoint is no ResNet with an RLE or regression head
 */
export function poseNetwork(device: Device, checkpoint: PoseCheckpoint): PoseNetwork {
  const { params, state, head: mode } = regressorOf(device, checkpoint);
  const { size, origin } = checkpoint.conventions;
  const { preact, fc_coord, fc_sigma } = params;
  // Without sigmas the second layer is the first once more, and nobody reads what it says.
  const layers = { fc_coord, fc_sigma: fc_sigma ?? fc_coord };
  return async (images) => {
    const { mu, logit } = scope(() => {
      const input = device.tensor(images, [images.length / (3 * size[0] * size[1]), ...size, 3]);
      const [features] = resnet.apply(preact, state.preact, input, { training: false });
      return head.apply(layers, globalAveragePool(features), mode);
    });
    const [means, logits] = await Promise.all([mu.data(), logit.data()]);
    for (const tensor of [mu, logit]) tensor.dispose();
    return {
      mu: plane(means, mode.dims).map((x) => x + origin - 0.5),
      sigma: fc_sigma && plane(logits, mode.dims).map((a) => 1 / (1 + Math.exp(-a))),
    };
  };
}

/** The x and y of points [..., D]. */
function plane(points: ArrayLike<number>, dims: number): Float64Array {
  return Float64Array.from({ length: (points.length / dims) * 2 }, (_, i) => points[(i >> 1) * dims + (i & 1)]);
}
