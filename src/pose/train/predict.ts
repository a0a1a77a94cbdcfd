import type { Device } from '../../tensor/backend.js';
import { scope } from '../../tensor/scope.js';
import { flipAverage } from '../flipTest.js';
import { flipOrder, type JointSchema } from '../schema.js';
import { evaluationBatches } from './batches.js';
import type { TrainConfig } from './config.js';
import type { CropBatch } from './cropBatch.js';
import { uploadBatch } from './deviceBatch.js';
import { LOSSES } from './losses.js';
import { applyModel, lossOf, type ModelParams, type ModelState } from './model.js';
import type { LoadedSample } from './samples.js';

/** What the network says of N samples, on the host, in units of their upright crops. */
export interface Predictions {
  /** [N, K, 2]. */
  readonly mu: Float64Array;
  /** [N, K, 2], if the network has a sigma. */
  readonly sigma?: Float64Array;
  /** Mean loss per image against the annotated joints, without the mirror images. */
  readonly loss: number;
}

/** What is needed to run a network. */
export interface Network {
  readonly device: Device;
  readonly schema: JointSchema;
  readonly config: TrainConfig;
  readonly params: ModelParams;
  readonly state: ModelState;
}

/**
 * Predicts the poses of samples with the running statistics of the batch norms.
 * @param flipTest average with what the network says of the mirror image; for data sets that are `mirrorable`
 */
export async function predict(
  network: Network,
  samples: readonly LoadedSample[],
  { flipTest }: { readonly flipTest: boolean },
): Promise<Predictions> {
  const upright = await pass(network, samples, false);
  if (!flipTest) return upright;
  const mirrored = await pass(network, samples, true);
  return { ...flipAverage(upright, mirrored, flipOrder(network.schema)), loss: upright.loss };
}

async function pass(network: Network, samples: readonly LoadedSample[], mirrored: boolean): Promise<Predictions> {
  const { schema, config } = network;
  const points = schema.joints.length * 2;
  const mu = new Float64Array(samples.length * points);
  const sigma = LOSSES[config.loss].sigma ? new Float64Array(mu.length) : undefined;
  let total = 0;
  for (const { first, count, batch } of evaluationBatches(schema, samples, config, mirrored)) {
    const output = forward(network, batch);
    const [means, logits, loss] = await Promise.all([output.mu.data(), output.logit?.data(), output.loss.item()]);
    for (const tensor of [output.mu, output.logit, output.loss]) tensor?.dispose();
    for (let i = 0; i < count * points; i++) mu[first * points + i] = means[i];
    for (let i = 0; logits && sigma && i < count * points; i++)
      sigma[first * points + i] = 1 / (1 + Math.exp(-logits[i]));
    // The loss is a mean over the rows, of which those beyond the last sample add nothing.
    total += loss * config.batch;
  }
  return { mu, sigma, loss: total / samples.length };
}

function forward({ device, config, params, state }: Network, batch: CropBatch) {
  return scope(() => {
    const { images, ...labels } = uploadBatch(device, batch, config.batch, config.size);
    const [output] = applyModel(params, state, images, false);
    return { ...output, loss: lossOf(config, params, output, labels) };
  });
}
