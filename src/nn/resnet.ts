import { checkpoint } from '../autograd/checkpoint.js';
import { ShapeError } from '../errors.js';
import { maxPool2d } from '../kernels/maxPool2d.js';
import type { Device } from '../tensor/backend.js';
import type { Rng } from '../tensor/rng.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import * as batchNorm from './batchNorm.js';
import * as conv2d from './conv2d.js';
import * as convNorm from './convNorm.js';
import { kaimingNormal, torchUniform } from './init.js';

/** He et al. (2016), table 1: blocks per stage, and convolutions per block. */
export const DEPTHS = {
  18: { blocks: [2, 2, 2, 2], bottleneck: false },
  34: { blocks: [3, 4, 6, 3], bottleneck: false },
  50: { blocks: [3, 4, 6, 3], bottleneck: true },
  101: { blocks: [3, 4, 23, 3], bottleneck: true },
  152: { blocks: [3, 8, 36, 3], bottleneck: true },
} as const;

export type Depth = keyof typeof DEPTHS;
export type Stage = 'layer1' | 'layer2' | 'layer3' | 'layer4';
export const STAGES: readonly Stage[] = ['layer1', 'layer2', 'layer3', 'layer4'];

export interface ResnetOptions {
  readonly depth?: Depth;
  /** Channels of the first stage, doubled by each later one; 64 is the published network. */
  readonly width?: number;
  /** Side of the first kernel: 7 as published, 3 for small images. */
  readonly stem?: 3 | 7;
  /** Filters from Kaiming's normal over fan-out, as torchvision draws them, or PyTorch's default for convolutions. */
  readonly weights?: 'torchvision' | 'torch';
}

type Unit = 1 | 2 | 3;
type Projection<C, N> = { readonly 0: C; readonly 1: N };

/** A residual block under torchvision's names: two 3x3 convolutions, or 1x1, 3x3 and 1x1 in a bottleneck. */
export type BlockParams = { [U in Unit as `conv${U}`]?: conv2d.Conv2dParams } & {
  [U in Unit as `bn${U}`]?: batchNorm.BatchNormParams;
} & { downsample?: Projection<conv2d.Conv2dParams, batchNorm.BatchNormParams> };
export type BlockState = { [U in Unit as `bn${U}`]?: batchNorm.BatchNormState } & {
  downsample?: { 1: batchNorm.BatchNormState };
};

/** Parameters under torchvision's state-dict names, filters as [R, S, C, K]. */
export type ResnetParams = { conv1: conv2d.Conv2dParams; bn1: batchNorm.BatchNormParams } & Record<
  Stage,
  BlockParams[]
>;
/** Running statistics under torchvision's state-dict names. */
export type ResnetState = { bn1: batchNorm.BatchNormState } & Record<Stage, BlockState[]>;

/** The parameters and running statistics of a new ResNet-18, -34, -50, -101 or -152, torchvision's without `fc`. */
export function init(
  rng: Rng,
  device: Device,
  { depth = 18, width = 64, stem = 7, weights = 'torchvision' }: ResnetOptions = {},
): { params: ResnetParams; state: ResnetState } {
  const layout = DEPTHS[depth];
  if (!layout) throw new ShapeError(`resnet: depth must be one of ${Object.keys(DEPTHS).join(', ')}, got ${depth}`);
  const weightInit: conv2d.Conv2dOptions['weightInit'] =
    weights === 'torch' ? torchUniform : (r, d, shape) => kaimingNormal(r, d, shape, { fan: 'fanOut' });
  const filter = (inputs: number, outputs: number, kernel: number) =>
    conv2d.init(rng, device, { inputs, outputs, kernel, bias: false, weightInit });

  const block = (inputs: number, planes: number, stride: number): [BlockParams, BlockState] => {
    const outputs = layout.bottleneck ? 4 * planes : planes;
    const sizes = layout.bottleneck
      ? ([
          [inputs, planes, 1],
          [planes, planes, 3],
          [planes, outputs, 1],
        ] as const)
      : ([
          [inputs, planes, 3],
          [planes, outputs, 3],
        ] as const);
    const params: BlockParams = {};
    const state: BlockState = {};
    sizes.forEach(([c, k, side], i) => {
      const unit = (i + 1) as Unit;
      const bn = batchNorm.init(device, k);
      params[`conv${unit}`] = filter(c, k, side);
      params[`bn${unit}`] = bn.params;
      state[`bn${unit}`] = bn.state;
    });
    if (stride !== 1 || inputs !== outputs) {
      const bn = batchNorm.init(device, outputs);
      params.downsample = { 0: filter(inputs, outputs, 1), 1: bn.params };
      state.downsample = { 1: bn.state };
    }
    return [params, state];
  };

  const bn1 = batchNorm.init(device, width);
  const params = { conv1: filter(3, width, stem), bn1: bn1.params } as ResnetParams;
  const state = { bn1: bn1.state } as ResnetState;
  let channels = width;
  STAGES.forEach((name, i) => {
    const planes = width * 2 ** i;
    const made = Array.from({ length: layout.blocks[i] }, (_, b) => {
      const one = block(channels, planes, strideOf(name, b));
      channels = layout.bottleneck ? 4 * planes : planes;
      return one;
    });
    params[name] = made.map(([p]) => p);
    state[name] = made.map(([, s]) => s);
  });
  return { params, state };
}

/** Whether batch norms use and update the statistics of the batch (training) or the running ones. */
export interface ResnetMode extends Pick<batchNorm.BatchNormOptions, 'training'> {
  /** Gradients recompute what is inside of a block: less memory, one forward pass more. */
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
  mode: ResnetMode,
): [Tensor, batchNorm.BatchNormState] {
  return scope(() => {
    const [h, bn1] = convUnit(params.conv1, params.bn1, state.bn1, x, 2, { ...mode, activation: 'relu' });
    return [maxPool2d(h, { kernel: [3, 3], stride: [2, 2], padding: [1, 1] }), bn1];
  });
}

/** One stage: its blocks in turn, the first of which halves the image, except in `layer1`. */
export function stage(
  name: Stage,
  params: readonly BlockParams[],
  state: readonly BlockState[],
  x: Tensor,
  mode: ResnetMode,
): [Tensor, BlockState[]] {
  let h = x;
  const block = mode.checkpoint ? checkpoint(residualBlock) : residualBlock;
  const next = params.map((p, b) => {
    // A scope per block: what no VJP needs goes back to the pool before the next block allocates.
    const [y, s] = scope(() => block(p, state[b], h, strideOf(name, b), mode));
    h = y;
    return s;
  });
  return [h, next];
}

function strideOf(name: Stage, block: number): number {
  return block === 0 && name !== 'layer1' ? 2 : 1;
}

/** `y = relu(F(x) + shortcut(x))`; the stride is on the first 3x3 convolution, as in torchvision (ResNet v1.5). */
function residualBlock(
  p: BlockParams,
  s: BlockState,
  x: Tensor,
  stride: number,
  mode: ResnetMode,
): [Tensor, BlockState] {
  const next: BlockState = {};
  const units = ([1, 2, 3] as const).filter((u) => p[`conv${u}`]);
  const strided = units.length === 3 ? 2 : 1;
  let shortcut = x;
  if (p.downsample && s.downsample) {
    const [y, bn] = convUnit(p.downsample[0], p.downsample[1], s.downsample[1], x, stride, mode);
    shortcut = y;
    next.downsample = { 1: bn };
  }
  let h = x;
  for (const u of units) {
    const [y, bn] = convUnit(p[`conv${u}`]!, p[`bn${u}`]!, s[`bn${u}`]!, h, u === strided ? stride : 1, {
      ...mode,
      activation: 'relu',
      residual: u === units.length ? shortcut : undefined,
    });
    h = y;
    next[`bn${u}`] = bn;
  }
  return [h, next];
}

function convUnit(
  filter: conv2d.Conv2dParams,
  bn: batchNorm.BatchNormParams,
  state: batchNorm.BatchNormState,
  x: Tensor,
  stride: number,
  options: batchNorm.BatchNormOptions,
): [Tensor, batchNorm.BatchNormState] {
  const padding = (filter.weight.shape[0] - 1) / 2;
  return convNorm.apply(filter, bn, state, x, { stride, padding }, options);
}
