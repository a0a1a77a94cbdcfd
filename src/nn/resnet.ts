import { checkpoint } from '../autograd/checkpoint.js';
import { ShapeError } from '../errors.js';
import { maxPool2d } from '../kernels/pool/maxPool2d.js';

import { checkOptions, type Kinds } from '../tensor/options.js';
import type { Rng } from '../tensor/rng.js';
import { scope } from '../tensor/scope.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import * as batchNorm from './batchNorm.js';
import * as conv2d from './conv2d.js';
import * as convUnit from './convUnit.js';
import { kaimingNormal, torchUniform } from './init.js';
import * as residualBlock from './residualBlock.js';

/** He et al. (2016), table 1: blocks per stage, and convolutions per block. */
export const DEPTHS = {
  18: { blocks: [2, 2, 2, 2], bottleneck: false },
  34: { blocks: [3, 4, 6, 3], bottleneck: false },
  50: { blocks: [3, 4, 6, 3], bottleneck: true },
  101: { blocks: [3, 4, 23, 3], bottleneck: true },
  152: { blocks: [3, 8, 36, 3], bottleneck: true },
} as const;

/** The depths of ResNet: 18, 34, 50, 101 or 152. */
export type Depth = keyof typeof DEPTHS;
/** The name of one of the four stages of a ResNet. */
export type Stage = 'layer1' | 'layer2' | 'layer3' | 'layer4';
/** The stages of a ResNet, from the stem on. */
export const STAGES: readonly Stage[] = ['layer1', 'layer2', 'layer3', 'layer4'];

/** Options of `resnet.init`. */
export interface ResnetOptions {
  readonly depth?: Depth;
  /** Channels of the first stage, doubled by each later one; 64 is the published network. */
  readonly width?: number;
  /** Side of the first kernel: 7 as published, 3 for small images. */
  readonly stem?: 3 | 7;
  /** Filters from Kaiming's normal over fan-out, as torchvision draws them, or PyTorch's default for convolutions. */
  readonly weights?: 'torchvision' | 'torch';
}

/** Parameters under torchvision's state-dict names, filters as [R, S, C, K]. */
export type ResnetParams = { conv1: conv2d.Conv2dParams; bn1: batchNorm.BatchNormParams } & Record<
  Stage,
  residualBlock.BlockParams[]
>;
/** Running statistics under torchvision's state-dict names. */
export type ResnetState = { bn1: batchNorm.BatchNormState } & Record<Stage, residualBlock.BlockState[]>;

const OPTIONS: Kinds<ResnetOptions> = { depth: 'number', width: 'number', stem: 'number', weights: 'text' };

/** The parameters and running statistics of a new ResNet-18, -34, -50, -101 or -152, torchvision's without `fc`. */
export function init(
  rng: Rng,
  device: Device,
  options: ResnetOptions = {},
): { params: ResnetParams; state: ResnetState } {
  checkOptions('resnet.init', OPTIONS, options);
  const { depth = 18, width = 64, stem = 7, weights = 'torchvision' } = options;
  const layout = DEPTHS[depth];
  if (!layout) throw new ShapeError(`resnet: depth must be one of ${Object.keys(DEPTHS).join(', ')}, got ${depth}`);
  const weightInit: conv2d.Conv2dOptions['weightInit'] =
    weights === 'torch' ? torchUniform : (r, d, shape) => kaimingNormal(r, d, shape, { fan: 'fanOut' });
  const bn1 = batchNorm.init(device, width);
  const conv1 = conv2d.init(rng, device, { inputs: 3, outputs: width, kernel: stem, bias: false, weightInit });
  const params = { conv1, bn1: bn1.params } as ResnetParams;
  const state = { bn1: bn1.state } as ResnetState;
  let channels = width;
  STAGES.forEach((name, i) => {
    const planes = width * 2 ** i;
    const made = Array.from({ length: layout.blocks[i] }, (_, b) => {
      const { bottleneck } = layout;
      const one = residualBlock.init(rng, device, {
        inputs: channels,
        planes,
        stride: strideOf(name, b),
        bottleneck,
        weightInit,
      });
      channels = bottleneck ? 4 * planes : planes;
      return one;
    });
    params[name] = made.map((block) => block.params);
    state[name] = made.map((block) => block.state);
  });
  return { params, state };
}

/** Whether batch norms use and update the statistics of the batch (training) or the running ones. */
export interface ResnetMode extends Pick<batchNorm.BatchNormOptions, 'training'> {
  /**
   * The backward pass computes the inside of each block again instead of keeping it: less memory, one forward pass more.
   */
  readonly checkpoint?: boolean;
}

/**
 * Features of NHWC images, [N, H, W, 3] to [N, H/32, W/32, C] (rounded up), C = 8 width, or 32 width with bottlenecks.
 *
 * The parameters alone say which network it is. In training the running statistics are updated in place: go on with the
 * returned state.
 */
export function apply(
  params: ResnetParams,
  state: ResnetState,
  x: Tensor,
  mode: ResnetMode,
): [features: Tensor, state: ResnetState] {
  const [first, bn1] = stem(params, state, x, mode);
  const next = { bn1 } as ResnetState;
  let h = first;
  for (const name of STAGES) [h, next[name]] = stage(name, params[name], state[name], h, mode);
  return [h, next];
}

/** Channels of the features that `apply` gives. */
export function channelsOf(params: ResnetParams): number {
  const [block] = params.layer4;
  return (block.conv3 ?? block.conv2)!.weight.shape[3];
}

/** Everything before the first stage: strided convolution, batch norm, ReLU, strided 3x3 max pooling. */
export function stem(
  params: Pick<ResnetParams, 'conv1' | 'bn1'>,
  state: Pick<ResnetState, 'bn1'>,
  x: Tensor,
  { training }: ResnetMode,
): [Tensor, batchNorm.BatchNormState] {
  return scope(() => {
    const [h, next] = convUnit.apply({ 0: params.conv1, 1: params.bn1 }, { 1: state.bn1 }, x, { training, stride: 2 });
    return [maxPool2d(h, { kernel: [3, 3], stride: [2, 2], padding: [1, 1] }), next[1]];
  });
}

/** One stage: its blocks in turn, the first of which halves the image, except in `layer1`. */
export function stage(
  name: Stage,
  params: readonly residualBlock.BlockParams[],
  state: readonly residualBlock.BlockState[],
  x: Tensor,
  mode: ResnetMode,
): [Tensor, residualBlock.BlockState[]] {
  let h = x;
  const block = mode.checkpoint ? checkpoint(residualBlock.apply) : residualBlock.apply;
  const next = params.map((p, b) => {
    // Each block has a scope: what no VJP needs goes back to the pool before the next block allocates.
    const [y, s] = scope(() => block(p, state[b], h, strideOf(name, b), mode));
    h = y;
    return s;
  });
  return [h, next];
}

function strideOf(name: Stage, block: number): number {
  return block === 0 && name !== 'layer1' ? 2 : 1;
}
