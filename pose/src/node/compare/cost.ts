import { shapesOnly } from 'wgrad';
import { countMacs, parameterCount } from 'wgrad/nn';
import type { TrainConfig } from '../../train/config.js';
import { inputSize } from '../../train/inputSize.js';
import { applyModel, initModel } from '../../train/model.js';

/** What a row's network costs, and its flow, which only training needs. */
export interface Cost {
  /** Of what is left for inference. */
  readonly parameters: number;
  readonly flowParameters: number;
  /** Multiply-accumulates of one image, by `countMacs`. */
  readonly macs: number;
  /** Absent until all runs are done. */
  readonly latency?: Latency;
}

/** Milliseconds from decoded pictures to joints, medians. */
export interface Latency {
  /** Of an image by itself. */
  readonly one: number;
  /** For each image of a batch as large as those of training. */
  readonly batched: number;
}

/** Counts on shapes alone; nothing is computed. */
export function costOf(config: TrainConfig, joints: number): Cost {
  const device = shapesOnly();
  const { params, state } = initModel(device, config, joints);
  const flowParameters = parameterCount(params.flow);
  const { height, width } = inputSize(config);
  const images = device.zeros([1, height, width, 3]);
  return {
    parameters: parameterCount(params) - flowParameters,
    flowParameters,
    macs: countMacs(() => applyModel(params, state, images, false)).total,
  };
}
