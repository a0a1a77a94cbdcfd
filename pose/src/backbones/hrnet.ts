import { type Device, formatShape, type Rng, ShapeError, scope, type Tensor } from 'wgrad';
import {
  type batchNorm,
  type conv2d,
  normal,
  type ResnetMode,
  residualBlock,
  resnet,
  convUnit as unit,
} from 'wgrad/nn';
import * as hrModule from './hrModule.js';

export interface HrnetOptions {
  /** Channels of the branch of highest resolution, doubled by each later one; 32 and 48 are published. */
  readonly width?: number;
  /** Channels of the stem and planes of its bottlenecks; 64 as published. */
  readonly stem?: number;
}

/** Modules of the stages with two, three and four branches (Sun et al., 2019). */
export const MODULES = { stage2: 1, stage3: 4, stage4: 3 } as const;

/**
 * The sides of images must be multiples of the lowest resolution's stride; otherwise the branches would differ in size
 * where they are added.
 */
const MULTIPLE = 32;

/** Parameters under the official names, which mmpose has too; filters as [R, S, C, K]. */
export type HrnetParams = {
  conv1: conv2d.Conv2dParams;
  bn1: batchNorm.BatchNormParams;
  conv2: conv2d.Conv2dParams;
  bn2: batchNorm.BatchNormParams;
  layer1: residualBlock.BlockParams[];
  transition1: { 0: unit.ConvUnitParams; 1: [unit.ConvUnitParams] };
  stage2: hrModule.HrModuleParams[];
  transition2: { 2: [unit.ConvUnitParams] };
  stage3: hrModule.HrModuleParams[];
  transition3: { 3: [unit.ConvUnitParams] };
  stage4: hrModule.HrModuleParams[];
};

/** Running statistics under the official names. */
export type HrnetState = {
  bn1: batchNorm.BatchNormState;
  bn2: batchNorm.BatchNormState;
  layer1: residualBlock.BlockState[];
  transition1: { 0: unit.ConvUnitState; 1: [unit.ConvUnitState] };
  stage2: hrModule.HrModuleState[];
  transition2: { 2: [unit.ConvUnitState] };
  stage3: hrModule.HrModuleState[];
  transition3: { 3: [unit.ConvUnitState] };
  stage4: hrModule.HrModuleState[];
};

/** Draws parameters and running statistics of a new HRNet, whose last module returns only the highest resolution. */
export function init(
  rng: Rng,
  device: Device,
  { width = 32, stem = 64 }: HrnetOptions = {},
): { params: HrnetParams; state: HrnetState } {
  const weightInit: conv2d.Conv2dOptions['weightInit'] = (r, d, shape) => normal(r, d, shape, 1e-3);
  const make = (inputs: number, outputs: number) =>
    unit.init(rng, device, { inputs, outputs, kernel: 3, bias: false, weightInit });
  const widths = [width, 2 * width, 4 * width, 8 * width];
  const modules = (name: keyof typeof MODULES, branches: number) => {
    const made = Array.from({ length: MODULES[name] }, (_, m) => {
      const outputs = name === 'stage4' && m === MODULES[name] - 1 ? 1 : branches;
      return hrModule.init(rng, device, { widths: widths.slice(0, branches), outputs, weightInit });
    });
    return { params: made.map((m) => m.params), state: made.map((m) => m.state) };
  };

  const first = make(3, stem);
  const second = make(stem, stem);
  const layer1 = [0, 1, 2, 3].map((b) =>
    residualBlock.init(rng, device, {
      inputs: b === 0 ? stem : 4 * stem,
      planes: stem,
      stride: 1,
      bottleneck: true,
      weightInit,
    }),
  );
  const high = make(4 * stem, widths[0]);
  const low = make(4 * stem, widths[1]);
  const stage2 = modules('stage2', 2);
  const third = make(widths[1], widths[2]);
  const stage3 = modules('stage3', 3);
  const fourth = make(widths[2], widths[3]);
  const stage4 = modules('stage4', 4);
  return {
    params: {
      conv1: first.params[0],
      bn1: first.params[1],
      conv2: second.params[0],
      bn2: second.params[1],
      layer1: layer1.map((b) => b.params),
      transition1: { 0: high.params, 1: [low.params] },
      stage2: stage2.params,
      transition2: { 2: [third.params] },
      stage3: stage3.params,
      transition3: { 3: [fourth.params] },
      stage4: stage4.params,
    },
    state: {
      bn1: first.state[1],
      bn2: second.state[1],
      layer1: layer1.map((b) => b.state),
      transition1: { 0: high.state, 1: [low.state] },
      stage2: stage2.state,
      transition2: { 2: [third.state] },
      stage3: stage3.state,
      transition3: { 3: [fourth.state] },
      stage4: stage4.state,
    },
  };
}

/**
 * Features of NHWC images, [N, H, W, 3] to [N, H/4, W/4, width] (Sun et al., 2019): four resolutions are computed side
 * by side and exchange features; the highest is the result.
 *
 * Training updates the running statistics in place: continue with the returned state.
 *
 * @throws ShapeError unless H and W are multiples of 32
 */
export function apply(
  params: HrnetParams,
  state: HrnetState,
  x: Tensor,
  mode: ResnetMode,
): [features: Tensor, state: HrnetState] {
  if (x.rank !== 4 || x.shape[1] % MULTIPLE !== 0 || x.shape[2] % MULTIPLE !== 0) {
    throw new ShapeError(
      `hrnet: images must be [N, H, W, 3] with H and W multiples of ${MULTIPLE}, got ${formatShape(x.shape)}; pad or resize them`,
    );
  }
  const next = {} as HrnetState;
  const [trunk, stem] = scope(() => {
    const [a, s1] = unit.apply({ 0: params.conv1, 1: params.bn1 }, { 1: state.bn1 }, x, { ...mode, stride: 2 });
    const [b, s2] = unit.apply({ 0: params.conv2, 1: params.bn2 }, { 1: state.bn2 }, a, { ...mode, stride: 2 });
    return [b, [s1[1], s2[1]]] as const;
  });
  [next.bn1, next.bn2] = stem;
  const [deep, layer1] = resnet.stage('layer1', params.layer1, state.layer1, trunk, mode);
  next.layer1 = layer1;

  const [high, highState] = unit.apply(params.transition1[0], state.transition1[0], deep, { ...mode, stride: 1 });
  const [low, lowState] = halve(params.transition1[1], state.transition1[1], deep, mode);
  next.transition1 = { 0: highState, 1: lowState };
  let branches: readonly Tensor[];
  [branches, next.stage2] = modulesInTurn(params.stage2, state.stage2, [high, low], mode);

  const [third, thirdState] = halve(params.transition2[2], state.transition2[2], branches[1], mode);
  next.transition2 = { 2: thirdState };
  [branches, next.stage3] = modulesInTurn(params.stage3, state.stage3, [...branches, third], mode);

  const [fourth, fourthState] = halve(params.transition3[3], state.transition3[3], branches[2], mode);
  next.transition3 = { 3: fourthState };
  [branches, next.stage4] = modulesInTurn(params.stage4, state.stage4, [...branches, fourth], mode);
  return [branches[0], next];
}

/** Channels of the features that `apply` gives. */
export function channelsOf({ transition1 }: HrnetParams): number {
  return transition1[0][0].weight.shape[3];
}

/** The unit that makes the next lower resolution. */
function halve(
  [params]: readonly [unit.ConvUnitParams],
  [state]: readonly [unit.ConvUnitState],
  x: Tensor,
  mode: ResnetMode,
): [Tensor, [unit.ConvUnitState]] {
  const [y, next] = unit.apply(params, state, x, { ...mode, stride: 2 });
  return [y, [next]];
}

function modulesInTurn(
  params: readonly hrModule.HrModuleParams[],
  state: readonly hrModule.HrModuleState[],
  xs: readonly Tensor[],
  mode: ResnetMode,
): [readonly Tensor[], hrModule.HrModuleState[]] {
  let branches = xs;
  const next = params.map((p, m) => {
    const [ys, s] = scope(() => hrModule.apply(p, state[m], branches, mode));
    branches = ys;
    return s;
  });
  return [branches, next];
}
