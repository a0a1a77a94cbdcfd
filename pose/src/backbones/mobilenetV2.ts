import { checkpoint, type Device, type Rng, scope, type Tensor } from 'wgrad';
import {
  type batchNorm,
  type conv2d,
  convNorm,
  kaimingNormal,
  type ResnetMode,
  convUnit as unit,
  type WeightInit,
} from 'wgrad/nn';

/** Sandler et al. (2018), table 2: expansion, channels, blocks and the stride of the first of them. */
export const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** The stride of each inverted residual block. */
const STRIDES = STAGES.flatMap(([, , blocks, stride]) => Array.from({ length: blocks }, (_, b) => (b ? 1 : stride)));

/** Channels come in multiples of this. */
const DIVISOR = 8;

export interface MobilenetV2Options {
  /** Factor on the channels of all layers; those of the last layer never become fewer. 1 is the published network. */
  readonly width?: number;
}

/** Depthwise unit, linear 1x1 convolution and its norm; in an expanding block a 1x1 unit comes first. */
type BlockParams = {
  conv:
    | { 0: unit.ConvUnitParams; 1: conv2d.Conv2dParams; 2: batchNorm.BatchNormParams }
    | { 0: unit.ConvUnitParams; 1: unit.ConvUnitParams; 2: conv2d.Conv2dParams; 3: batchNorm.BatchNormParams };
};
type BlockState = {
  conv:
    | { 0: unit.ConvUnitState; 2: batchNorm.BatchNormState }
    | { 0: unit.ConvUnitState; 1: unit.ConvUnitState; 3: batchNorm.BatchNormState };
};

/** Parameters under torchvision's names, filters as [R, S, C / groups, K]: stem, inverted residual blocks, last unit. */
export type MobilenetV2Params = { features: (unit.ConvUnitParams | BlockParams)[] };
/** Running statistics under torchvision's names. */
export type MobilenetV2State = { features: (unit.ConvUnitState | BlockState)[] };

/** Draws parameters and running statistics of a new MobileNetV2: torchvision's without `classifier`. */
export function init(
  rng: Rng,
  device: Device,
  { width = 1 }: MobilenetV2Options = {},
): { params: MobilenetV2Params; state: MobilenetV2State } {
  const weightInit: WeightInit = (r, d, shape) => kaimingNormal(r, d, shape, { fan: 'fanOut' });
  const layer = (inputs: number, outputs: number, kernel: number, groups = 1) =>
    unit.init(rng, device, { inputs, outputs, kernel, groups, bias: false, weightInit });
  const block = (inputs: number, outputs: number, expansion: number): { params: BlockParams; state: BlockState } => {
    const hidden = inputs * expansion;
    const expand = expansion === 1 ? undefined : layer(inputs, hidden, 1);
    const depthwise = layer(hidden, hidden, 3, hidden);
    const project = layer(hidden, outputs, 1);
    const [filter, norm, statistics] = [project.params[0], project.params[1], project.state[1]];
    if (!expand) {
      return {
        params: { conv: { 0: depthwise.params, 1: filter, 2: norm } },
        state: { conv: { 0: depthwise.state, 2: statistics } },
      };
    }
    return {
      params: { conv: { 0: expand.params, 1: depthwise.params, 2: filter, 3: norm } },
      state: { conv: { 0: expand.state, 1: depthwise.state, 3: statistics } },
    };
  };

  let channels = divisible(32 * width);
  const made: { params: unit.ConvUnitParams | BlockParams; state: unit.ConvUnitState | BlockState }[] = [
    layer(3, channels, 3),
  ];
  for (const [expansion, c, blocks] of STAGES) {
    for (let b = 0; b < blocks; b++) {
      const outputs = divisible(c * width);
      made.push(block(channels, outputs, expansion));
      channels = outputs;
    }
  }
  made.push(layer(channels, divisible(1280 * Math.max(1, width)), 1));
  return { params: { features: made.map((m) => m.params) }, state: { features: made.map((m) => m.state) } };
}

/**
 * Features of NHWC images, [N, H, W, 3] to [N, H/32, W/32, C] (rounded up), C = 1280 as published.
 *
 * Training updates the running statistics in place: continue with the returned state.
 */
export function apply(
  params: MobilenetV2Params,
  state: MobilenetV2State,
  x: Tensor,
  mode: ResnetMode,
): [features: Tensor, state: MobilenetV2State] {
  const block = mode.checkpoint ? checkpoint(invertedResidual) : invertedResidual;
  let h = x;
  const features = params.features.map((p, i) => {
    const s = state.features[i];
    const [y, next] = scope(() => {
      if ('conv' in p) return block(p, s as BlockState, h, STRIDES[i - 1], mode);
      return unit.apply(p, s as unit.ConvUnitState, h, { ...mode, stride: i === 0 ? 2 : 1, activation: 'relu6' });
    });
    h = y;
    return next;
  });
  return [h, { features }];
}

/** Channels of the features that `apply` gives. */
export function channelsOf({ features }: MobilenetV2Params): number {
  return (features[features.length - 1] as unit.ConvUnitParams)[0].weight.shape[3];
}

/**
 * A 1x1 convolution to more channels, a 3x3 one on each channel alone, a 1x1 one to fewer channels without ReLU; x is
 * added where the shape stays.
 */
function invertedResidual(
  { conv }: BlockParams,
  { conv: state }: BlockState,
  x: Tensor,
  stride: number,
  mode: ResnetMode,
): [Tensor, BlockState] {
  if (!('3' in conv)) {
    const s = state as Extract<BlockState['conv'], { 2: unknown }>;
    const [h, depthwise] = unit.apply(conv[0], s[0], x, { ...mode, stride, activation: 'relu6' });
    const [y, bn] = projected(conv[1], conv[2], s[2], h, x, stride, mode);
    return [y, { conv: { 0: depthwise, 2: bn } }];
  }
  const s = state as Extract<BlockState['conv'], { 3: unknown }>;
  const [expanded, expand] = unit.apply(conv[0], s[0], x, { ...mode, stride: 1, activation: 'relu6' });
  const [h, depthwise] = unit.apply(conv[1], s[1], expanded, { ...mode, stride, activation: 'relu6' });
  const [y, bn] = projected(conv[2], conv[3], s[3], h, x, stride, mode);
  return [y, { conv: { 0: expand, 1: depthwise, 3: bn } }];
}

function projected(
  filter: conv2d.Conv2dParams,
  bn: batchNorm.BatchNormParams,
  state: batchNorm.BatchNormState,
  h: Tensor,
  x: Tensor,
  stride: number,
  { training }: ResnetMode,
): [Tensor, batchNorm.BatchNormState] {
  const keepsShape = stride === 1 && x.shape[3] === filter.weight.shape[3];
  return convNorm.apply(filter, bn, state, h, {}, { training, residual: keepsShape ? x : undefined });
}

/** The nearest multiple of 8, but at least 8 and at least nine tenths of the number, as the authors round. */
export function divisible(channels: number): number {
  const rounded = Math.max(DIVISOR, Math.floor((channels + DIVISOR / 2) / DIVISOR) * DIVISOR);
  return rounded < 0.9 * channels ? rounded + DIVISOR : rounded;
}
