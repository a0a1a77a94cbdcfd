import type { Device } from '../../tensor/backend.js';
import { scope } from '../../tensor/scope.js';
import { flipOrder, type JointSchema } from '../schema.js';
import { type Batch, evaluationBatches } from './batches.js';
import type { TrainConfig } from './config.js';
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
  unmirror(mirrored, flipOrder(network.schema));
  const average = (a: Float64Array, b: Float64Array) => a.map((value, i) => (value + b[i]) / 2);
  const sigma = upright.sigma && mirrored.sigma && average(upright.sigma, mirrored.sigma);
  return { mu: average(upright.mu, mirrored.mu), sigma, loss: upright.loss };
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

function forward({ device, schema, config, params, state }: Network, { images, target, weight }: Batch) {
  const { batch, size } = config;
  const joints = schema.joints.length;
  return scope(() => {
    const [output] = applyModel(params, state, device.tensor(images, [batch, size, size, 3]), false);
    const labels = {
      target: device.tensor(target, [batch, joints, 2]),
      weight: device.tensor(weight, [batch, joints, 1]),
    };
    return { ...output, loss: lossOf(config, params, output, labels) };
  });
}

/** Turns what was said of mirror images into what it means for the images: x changes its sign, left and right swap. */
function unmirror({ mu, sigma }: Predictions, order: Uint32Array): void {
  const swap = (values: Float64Array, sign: number) => {
    const points = order.length * 2;
    for (let row = 0; row < values.length; row += points) {
      const seen = values.slice(row, row + points);
      order.forEach((source, k) => {
        values[row + 2 * k] = sign * seen[2 * source];
        values[row + 2 * k + 1] = seen[2 * source + 1];
      });
    }
  };
  swap(mu, -1);
  if (sigma) swap(sigma, 1);
}
