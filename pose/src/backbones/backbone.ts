import { type Device, type Rng, ShapeError, type Tensor } from 'wgrad';
import { resnet } from 'wgrad/nn';
import * as hrnet from './hrnet.js';
import * as mobilenetV2 from './mobilenetV2.js';

/** The backbones: networks that turn images into the features that a pose estimator's head reads. */
export const BACKBONES = [
  'resnet18',
  'resnet34',
  'resnet50',
  'resnet101',
  'resnet152',
  'mobilenetv2',
  'hrnet-w32',
  'hrnet-w48',
] as const;
export type BackboneName = (typeof BACKBONES)[number];

export type BackboneParams = resnet.ResnetParams | mobilenetV2.MobilenetV2Params | hrnet.HrnetParams;
export type BackboneState = resnet.ResnetState | mobilenetV2.MobilenetV2State | hrnet.HrnetState;

/**
 * Draws parameters and running statistics of the network of that name, as published but without a classifier. A ResNet
 * may have another width and stem.
 */
export function init(
  rng: Rng,
  device: Device,
  name: BackboneName,
  resnetOptions: Omit<resnet.ResnetOptions, 'depth'> = {},
): { params: BackboneParams; state: BackboneState } {
  if (!BACKBONES.includes(name)) {
    throw new ShapeError(`backbone: '${name}' is none of ${BACKBONES.join(', ')}`);
  }
  if (name === 'mobilenetv2') return mobilenetV2.init(rng, device);
  if (name === 'hrnet-w32' || name === 'hrnet-w48') return hrnet.init(rng, device, { width: Number(name.slice(-2)) });
  return resnet.init(rng, device, { ...resnetOptions, depth: Number(name.slice('resnet'.length)) as resnet.Depth });
}

/**
 * Features of NHWC images; which network it is follows from the parameters. The stride is 32, and 4 for an HRNet.
 * Training updates the running statistics in place: continue with the returned state.
 */
export function apply(
  params: BackboneParams,
  state: BackboneState,
  x: Tensor,
  mode: resnet.ResnetMode,
): [features: Tensor, state: BackboneState] {
  if ('features' in params) return mobilenetV2.apply(params, state as mobilenetV2.MobilenetV2State, x, mode);
  if ('stage2' in params) return hrnet.apply(params, state as hrnet.HrnetState, x, mode);
  return resnet.apply(params, state as resnet.ResnetState, x, mode);
}

/** Channels of the features that `apply` gives. */
export function channelsOf(params: BackboneParams): number {
  if ('features' in params) return mobilenetV2.channelsOf(params);
  return 'stage2' in params ? hrnet.channelsOf(params) : resnet.channelsOf(params);
}

/** Pixels of the image per feature, along one side: 32, and 4 for an HRNet. */
export function strideOf(params: BackboneParams): number {
  return 'stage2' in params ? 4 : 32;
}
