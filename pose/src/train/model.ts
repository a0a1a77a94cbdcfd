import { type Device, Rng, scope, type Tensor } from 'wgrad';
import { head, type Labels, type LogSNodes, type RealNvpParams, realNvp, regressor } from 'wgrad/rle';
import * as backbone from '../backbones/backbone.js';
import * as heatmapHead from '../heatmaps/heatmapHead.js';
import * as heatmapRegressor from '../heatmaps/heatmapRegressor.js';
import type { Dims } from '../targets.js';
import type { TrainConfig } from './config.js';
import { LOSSES, type SpatialFlows } from './losses.js';
import type { ModelOutput } from './modelOutput.js';

/**
 * A network under the official RLE code's names. `fc_coord` or the layers of heatmaps give coordinates; `fc_sigma` and
 * `flow` (in 3-D `flow2d` and `flow3d`) exist if the loss needs them.
 */
export type ModelParams = {
  preact: backbone.BackboneParams;
  fc_coord?: head.HeadParams['fc_coord'];
  fc_sigma?: head.HeadParams['fc_sigma'];
  flow?: RealNvpParams;
} & Partial<SpatialFlows> &
  Partial<heatmapHead.HeatmapHeadParams>;
/** What determines the network and its first weights. */
export type ModelConfig = Pick<TrainConfig, 'seed' | 'model' | 'head' | 'width' | 'stem' | 'loss' | 'dims'>;
/** Running statistics of its batch norms. */
export type ModelState = { preact: backbone.BackboneState } & Partial<heatmapHead.HeatmapHeadState>;

/**
 * A backbone, its head and what the loss adds, drawn from the run's seed. The side of heatmaps is a quarter of the
 * input's, which the features of an HRNet have already.
 */
export function initModel(
  device: Device,
  { seed, model, head: headName, width, stem, loss, dims }: ModelConfig,
  joints: number,
): { params: ModelParams; state: ModelState } {
  // A scope frees what the head has but the loss or the maps do not need.
  return scope(() => {
    const rng = new Rng(seed, INIT_STREAM);
    const { sigma, flow } = LOSSES[loss];
    const made = backbone.init(rng.split(0), device, model, { width, stem: stem === '7x7' ? 7 : 3, weights: 'torch' });
    const inputs = backbone.channelsOf(made.params);
    const { fc_coord, fc_sigma } = head.init(rng.split(1), device, { inputs, joints, dims });
    const params: ModelParams = { preact: made.params };
    const state: ModelState = { preact: made.state };
    if (headName === 'direct') params.fc_coord = fc_coord;
    else {
      const doublings = Math.log2(backbone.strideOf(made.params) / MAP_STRIDE);
      const channels = model.startsWith('resnet') ? MAP_CHANNELS * width : undefined;
      const maps = heatmapHead.init(rng.split(3), device, { inputs, joints, doublings, channels });
      Object.assign(params, maps.params);
      Object.assign(state, maps.state);
    }
    if (sigma) params.fc_sigma = fc_sigma;
    if (flow) params[dims === 3 ? 'flow2d' : 'flow'] = realNvp({ dims: 2 }).init(rng.split(2), device);
    if (flow && dims === 3) params.flow3d = realNvp({ dims: 3 }).init(rng.split(4), device);
    return { params, state };
  });
}

/** Pixels of the input for one of a heatmap, along one side. */
const MAP_STRIDE = 4;

/** Channels of a heatmap head for each channel of the first stage: 256 for the published width of 64. */
const MAP_CHANNELS = 4;

/** The stream of the run's seed that weights are drawn from; batches have others. */
const INIT_STREAM = 0;

/**
 * What the network answers for images [B, H, W, 3]. In training, batch norms use the batch's statistics and update the
 * running ones: continue with the returned state.
 * @param checkpoint compute the blocks of a ResNet again for their gradient instead of keeping them
 * @param dims D of a direct head
 */
export function applyModel(
  params: ModelParams,
  state: ModelState,
  images: Tensor,
  training: boolean,
  checkpoint = false,
  dims: Dims = 2,
): [output: ModelOutput, state: ModelState] {
  const { preact, fc_coord, fc_sigma } = params;
  const mode = { training, checkpoint };
  if (!fc_coord) {
    // `initModel` made the layers of heatmaps where it made no `fc_coord`.
    const regressor = params as heatmapRegressor.HeatmapRegressorParams;
    return heatmapRegressor.apply(regressor, state as heatmapRegressor.HeatmapRegressorState, images, mode);
  }
  // In these settings heads are plain: they do not normalise the features.
  return regressor.apply({ preact, fc_coord, fc_sigma }, state, images, { ...mode, normalise: false, dims }, backbone);
}

/**
 * The run's loss of an output, a scalar.
 * @param nodes where log s is estimated, if it counts
 */
export function lossOf(
  { loss, q }: Pick<TrainConfig, 'loss' | 'q'>,
  params: ModelParams,
  output: ModelOutput,
  labels: Labels,
  nodes?: LogSNodes,
): Tensor {
  const { flow, flow2d, flow3d } = params;
  // `initModel` made the flow, or the two, for the losses that read it.
  const learned = flow2d && flow3d ? { flow2d, flow3d } : (flow as RealNvpParams);
  return LOSSES[loss].value(output, labels, { flow: learned, q, nodes });
}
