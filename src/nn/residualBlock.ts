import type { Rng } from '../tensor/rng.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import * as batchNorm from './batchNorm.js';
import * as conv2d from './conv2d.js';
import * as convNorm from './convNorm.js';
import type { WeightInit } from './init.js';

type Unit = 1 | 2 | 3;

/** A residual block under torchvision's names: two 3x3 convolutions, or 1x1, 3x3 and 1x1 in a bottleneck. */
export type BlockParams = { [U in Unit as `conv${U}`]?: conv2d.Conv2dParams } & {
  [U in Unit as `bn${U}`]?: batchNorm.BatchNormParams;
} & { downsample?: { readonly 0: conv2d.Conv2dParams; readonly 1: batchNorm.BatchNormParams } };
/** The running statistics of the batch norms of a block, under the names of torchvision. */
export type BlockState = { [U in Unit as `bn${U}`]?: batchNorm.BatchNormState } & {
  downsample?: { 1: batchNorm.BatchNormState };
};

/** Options of `residualBlock.init`. */
export interface BlockOptions {
  readonly inputs: number;
  /** Channels of the inner convolutions. A bottleneck has four times as many outputs, any other block as many. */
  readonly planes: number;
  readonly stride: number;
  readonly bottleneck: boolean;
  readonly weightInit: WeightInit;
}

/**
 * Parameters and running statistics of a block. The shortcut has a 1x1 convolution where input and output differ in
 * shape.
 */
export function init(
  rng: Rng,
  device: Device,
  { inputs, planes, stride, bottleneck, weightInit }: BlockOptions,
): { params: BlockParams; state: BlockState } {
  const filter = (c: number, k: number, kernel: number) =>
    conv2d.init(rng, device, { inputs: c, outputs: k, kernel, bias: false, weightInit });
  const outputs = bottleneck ? 4 * planes : planes;
  const sizes = bottleneck
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
  return { params, state };
}

/** `y = relu(F(x) + shortcut(x))`; the stride is on the first 3x3 convolution, as in torchvision (ResNet v1.5). */
export function apply(
  p: BlockParams,
  s: BlockState,
  x: Tensor,
  stride: number,
  { training }: Pick<batchNorm.BatchNormOptions, 'training'>,
): [Tensor, BlockState] {
  const next: BlockState = {};
  const units = ([1, 2, 3] as const).filter((u) => p[`conv${u}`]);
  const strided = units.length === 3 ? 2 : 1;
  let shortcut = x;
  if (p.downsample && s.downsample) {
    const [y, bn] = convNorm.apply(p.downsample[0], p.downsample[1], s.downsample[1], x, { stride }, { training });
    shortcut = y;
    next.downsample = { 1: bn };
  }
  let h = x;
  for (const u of units) {
    const filter = p[`conv${u}`]!;
    const conv = { stride: u === strided ? stride : 1, padding: (filter.weight.shape[0] - 1) / 2 };
    const residual = u === units.length ? shortcut : undefined;
    const [y, bn] = convNorm.apply(filter, p[`bn${u}`]!, s[`bn${u}`]!, h, conv, {
      training,
      activation: 'relu',
      residual,
    });
    h = y;
    next[`bn${u}`] = bn;
  }
  return [h, next];
}
