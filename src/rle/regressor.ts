import { globalAveragePool } from '../kernels/pool/globalAveragePool.js';
import * as resnet from '../nn/resnet.js';

import type { Rng } from '../tensor/rng.js';
import { scope } from '../tensor/scope.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import { type RealNvpOptions, type RealNvpParams, realNvp } from './flows/realNvp.js';
import * as head from './head.js';
import type { Prediction } from './prediction.js';

/** A ResNet, the RLE head and the flow of its loss under the official code's names: `preact.conv1.weight`, `flow.t.0...` */
export type RegressorParams = { preact: resnet.ResnetParams } & head.HeadParams & { flow: RealNvpParams };
/** The running statistics of the backbone. */
export type RegressorState = { preact: resnet.ResnetState };

/** Options of `regressor.init`: those of the backbone, the numbers of joints and coordinates, and the flow. */
export interface RegressorShape extends resnet.ResnetOptions {
  /** K. */
  readonly joints: number;
  /** D, default 2. */
  readonly dims?: number;
  readonly flow?: Omit<RealNvpOptions, 'dims'>;
}

/** The network below the head, such as `resnet`: it computes features, with parameters P and running statistics S. */
export interface Backbone<P, S> {
  apply(params: P, state: S, images: Tensor, mode: resnet.ResnetMode): [features: Tensor, state: S];
}

/** Options of `regressor.apply`. */
export interface RegressorMode extends resnet.ResnetMode, head.HeadOptions {}

/** Draws parameters and running statistics of a new pose regressor. */
export function init(
  rng: Rng,
  device: Device,
  { joints, dims = 2, flow, ...backbone }: RegressorShape,
): { params: RegressorParams; state: RegressorState } {
  const { params: preact, state } = resnet.init(rng, device, backbone);
  const inputs = resnet.channelsOf(preact);
  const params = {
    preact,
    ...head.init(rng, device, { inputs, joints, dims }),
    flow: realNvp({ dims, ...flow }).init(rng, device),
  };
  return { params, state: { preact: state } };
}

/**
 * Coordinates and logits of images [N, H, W, 3]. The flow is not used here: only the loss needs it. Training updates
 * the running statistics in place: continue with the returned state.
 *
 * @param backbone the network that `preact` are the parameters of, default `resnet`
 * @returns mu and, where the head has `fc_sigma`, logit, each [N, K, D]
 */
export function apply(
  params: Omit<RegressorParams, 'flow'>,
  state: RegressorState,
  images: Tensor,
  mode: RegressorMode,
): [prediction: Required<Prediction>, state: RegressorState];
export function apply<P, S>(
  params: { preact: P } & head.PlainHeadParams,
  state: { preact: S },
  images: Tensor,
  mode: RegressorMode,
  backbone: Backbone<P, S>,
): [prediction: Prediction, state: { preact: S }];
export function apply<P, S>(
  params: { preact: P } & head.PlainHeadParams,
  state: { preact: S },
  images: Tensor,
  mode: RegressorMode,
  backbone: Backbone<P, S> = resnet as unknown as Backbone<P, S>,
): [prediction: Prediction, state: { preact: S }] {
  const [pooled, preact] = scope(() => {
    const [features, next] = backbone.apply(params.preact, state.preact, images, mode);
    return [globalAveragePool(features), next] as const;
  });
  return [head.apply(params, pooled, mode), { preact }];
}
