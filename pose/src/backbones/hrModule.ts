import { add, type Device, type Rng, relu, scope, type Tensor } from 'wgrad';
import { type ResnetMode, residualBlock, resnet, convUnit as unit, upsampleNearest, type WeightInit } from 'wgrad/nn';

/** From a lower resolution one 1x1 unit; from a higher one a strided unit for each halving. */
type PathParams = unit.ConvUnitParams | unit.ConvUnitParams[];
type PathState = unit.ConvUnitState | unit.ConvUnitState[];

/** One exchange of HRNet: blocks of each resolution, then `fuse_layers.i.j`, the path from resolution j to i. */
export type HrModuleParams = { branches: residualBlock.BlockParams[][]; fuse_layers: Record<number, PathParams>[] };
export type HrModuleState = { branches: residualBlock.BlockState[][]; fuse_layers: Record<number, PathState>[] };

export interface HrModuleOptions {
  /** Channels of each resolution, the highest first. */
  readonly widths: readonly number[];
  /** How many of the resolutions the module returns. */
  readonly outputs: number;
  readonly weightInit: WeightInit;
}

/** Residual blocks of each branch. */
export const BLOCKS = 4;

/** Parameters and running statistics of one module. */
export function init(
  rng: Rng,
  device: Device,
  { widths, outputs, weightInit }: HrModuleOptions,
): { params: HrModuleParams; state: HrModuleState } {
  const make = (inputs: number, channels: number, kernel: number) =>
    unit.init(rng, device, { inputs, outputs: channels, kernel, bias: false, weightInit });
  const branches = widths.map((width) =>
    Array.from({ length: BLOCKS }, () =>
      residualBlock.init(rng, device, { inputs: width, planes: width, stride: 1, bottleneck: false, weightInit }),
    ),
  );
  const params: HrModuleParams = { branches: branches.map((b) => b.map((r) => r.params)), fuse_layers: [] };
  const state: HrModuleState = { branches: branches.map((b) => b.map((r) => r.state)), fuse_layers: [] };
  for (let i = 0; i < outputs; i++) {
    const [paths, states]: [Record<number, PathParams>, Record<number, PathState>] = [{}, {}];
    for (let j = 0; j < widths.length; j++) {
      if (j > i) {
        const up = make(widths[j], widths[i], 1);
        [paths[j], states[j]] = [up.params, up.state];
      } else if (j < i) {
        const down = Array.from({ length: i - j }, (_, k) => make(widths[j], widths[k === i - j - 1 ? i : j], 3));
        [paths[j], states[j]] = [down.map((u) => u.params), down.map((u) => u.state)];
      }
    }
    params.fuse_layers.push(paths);
    state.fuse_layers.push(states);
  }
  return { params, state };
}

/** `y_i = relu(sum_j path_ij(branch_j(x_j)))` for every resolution i that is returned; [N, H, W, C] each. */
export function apply(
  params: HrModuleParams,
  state: HrModuleState,
  xs: readonly Tensor[],
  mode: ResnetMode,
): [ys: Tensor[], state: HrModuleState] {
  const next: HrModuleState = { branches: [], fuse_layers: [] };
  const branches = xs.map((x, j) => {
    const [y, s] = resnet.stage('layer1', params.branches[j], state.branches[j], x, mode);
    next.branches.push(s);
    return y;
  });
  const ys = params.fuse_layers.map((paths, i) => {
    const [y, states] = scope(() => fuse(i, paths, state.fuse_layers[i], branches, mode));
    next.fuse_layers.push(states);
    return y;
  });
  return [ys, next];
}

function fuse(
  i: number,
  paths: Record<number, PathParams>,
  state: Record<number, PathState>,
  xs: readonly Tensor[],
  mode: ResnetMode,
): [Tensor, Record<number, PathState>] {
  const next: Record<number, PathState> = {};
  const terms = xs.map((x, j) => {
    if (j === i) return x;
    const [y, s] = j > i ? raise(paths[j], state[j], x, 2 ** (j - i), mode) : lower(paths[j], state[j], x, mode);
    next[j] = s;
    return y;
  });
  return [relu(terms.reduce((sum, term) => add(sum, term))), next];
}

function raise(
  params: PathParams,
  state: PathState,
  x: Tensor,
  scale: number,
  mode: ResnetMode,
): [Tensor, unit.ConvUnitState] {
  const options = { ...mode, stride: 1, activation: 'none' } as const;
  const [y, next] = unit.apply(params as unit.ConvUnitParams, state as unit.ConvUnitState, x, options);
  return [upsampleNearest(y, scale), next];
}

/** Strided units with ReLU between them. None follows the last unit, because the sum comes before the ReLU. */
function lower(params: PathParams, state: PathState, x: Tensor, mode: ResnetMode): [Tensor, unit.ConvUnitState[]] {
  const units = params as unit.ConvUnitParams[];
  let h = x;
  const next = units.map((p, k) => {
    const activation = k === units.length - 1 ? 'none' : 'relu';
    const [y, s] = unit.apply(p, (state as unit.ConvUnitState[])[k], h, { ...mode, stride: 2, activation });
    h = y;
    return s;
  });
  return [h, next];
}
