import { globalAveragePool } from '../../kernels/globalAveragePool.js';
import { reshape } from '../../kernels/reshape.js';
import * as linear from '../../nn/linear.js';
import * as resnet from '../../nn/resnet.js';
import * as head from '../../rle/head.js';
import * as realNvp from '../../rle/realNvp.js';
import type { Labels, Prediction } from '../../rle/standardise.js';
import type { Device } from '../../tensor/backend.js';
import { Rng } from '../../tensor/rng.js';
import { scope } from '../../tensor/scope.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { TrainConfig } from './config.js';
import { LOSSES } from './losses.js';

/** A network under the official RLE code's names; `fc_sigma` and `flow` are there if the loss wants them. */
export type ModelParams = {
  preact: resnet.ResnetParams;
  fc_coord: head.HeadParams['fc_coord'];
  fc_sigma?: head.HeadParams['fc_sigma'];
  flow?: realNvp.RealNvpParams;
};
/** Running statistics of its batch norms. */
export type ModelState = { preact: resnet.ResnetState };

/** What the network says of B images: coordinates in crop units [B, K, 2] and, if it has a sigma, its logits [B, K, 2]. */
export interface ModelOutput {
  readonly mu: Tensor;
  readonly logit?: Tensor;
}

/** A slim ResNet-18 with a 3x3 stem, a linear head and what the loss adds to it, drawn from the run's seed. */
export function initModel(
  device: Device,
  { seed, width, loss }: Pick<TrainConfig, 'seed' | 'width' | 'loss'>,
  joints: number,
): { params: ModelParams; state: ModelState } {
  const rng = new Rng(seed, INIT_STREAM);
  const { sigma, flow } = LOSSES[loss];
  const { params: preact, state } = resnet.init(rng.split(0), device, { width, stem: 3, weights: 'torch' });
  const { fc_coord, fc_sigma } = head.init(rng.split(1), device, { inputs: resnet.channelsOf(preact), joints });
  const params: ModelParams = { preact, fc_coord };
  if (sigma) params.fc_sigma = fc_sigma;
  if (flow) params.flow = realNvp.init(rng.split(2), device, { dims: 2 });
  return { params, state: { preact: state } };
}

/** The stream of the run's seed that weights are drawn from; batches have others. */
const INIT_STREAM = 0;

/**
 * Predictions for images [B, size, size, 3]. In training, batch norms use the batch's statistics and update the running
 * ones: go on with the returned state.
 */
export function applyModel(
  { preact, fc_coord, fc_sigma }: ModelParams,
  state: ModelState,
  images: Tensor,
  training: boolean,
): [output: ModelOutput, state: ModelState] {
  const [pooled, next] = scope(() => {
    const [features, after] = resnet.apply(preact, state.preact, images, { training });
    return [globalAveragePool(features), after] as const;
  });
  // The recipe's heads are plain: no normalisation of the features.
  const output: ModelOutput = fc_sigma
    ? head.apply({ fc_coord, fc_sigma }, pooled, { normalise: false })
    : { mu: asPoints(linear.apply(fc_coord.linear, pooled)) };
  return [output, { preact: next }];
}

function asPoints(flat: Tensor): Tensor {
  return reshape(flat, { shape: [flat.shape[0], flat.shape[1] / 2, 2] });
}

/** The run's loss of an output, a scalar. */
export function lossOf(
  { loss }: Pick<TrainConfig, 'loss'>,
  params: ModelParams,
  output: ModelOutput,
  labels: Labels,
): Tensor {
  // `initModel` made logit and flow for the losses that read them.
  return LOSSES[loss].value(output as Prediction, labels, params.flow as realNvp.RealNvpParams);
}
