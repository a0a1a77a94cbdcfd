import { type Device, scope, tensorsOf } from 'wgrad';
import type { LogSNodes } from 'wgrad/rle';
import { type NetworkAnswer, posesOf, readAnswer, shifted } from '../networkAnswer.js';
import { nextTurn } from '../nextTurn.js';
import { planeOf } from '../plane.js';
import { flipOrder, type JointSchema } from '../schema.js';
import { type EvaluationBatch, evaluationBatches } from './batches.js';
import type { TrainConfig } from './config.js';
import type { CropBatch } from './cropBatch.js';
import { uploadBatch } from './deviceBatch.js';
import { inputSize } from './inputSize.js';
import { logSNodesAt } from './logSNodesAt.js';
import { LOSSES } from './losses.js';
import { applyModel, lossOf, type ModelParams, type ModelState } from './model.js';
import { answerOf } from './modelOutput.js';
import type { LoadedSample } from './samples.js';
import { Team } from './team.js';

/** What the network predicts for N samples, on the host, in units of their upright crops. */
export interface Predictions {
  /** [N, K, 2]. */
  readonly mu: Float64Array;
  /** [N, K, 3]: the same with depths (see `encodeSpatialJoints`), of a network in 3-D. */
  readonly space?: Float64Array | undefined;
  /** [N, K, 2], if the network has a sigma. */
  readonly sigma?: Float64Array | undefined;
  /** [N, K]: `1 - mean sigma`, or the height of the heatmap's peak; absent where the network has neither. */
  readonly confidence?: Float64Array | undefined;
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
  /** The ranks that share the samples; each gets the predictions of all. Default: this one alone. */
  readonly team?: Team;
}

/** How samples are looked at. */
export interface LookOptions {
  /** Average with the prediction for the mirror image; only for data sets that are `mirrorable`. */
  readonly flipTest: boolean;
  /** That of the density of the network's errors. */
  readonly shift?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Predicts the poses of samples; batch norms use their running statistics.
 * @throws the reason of the signal, when it aborts
 */
export async function predict(
  network: Network,
  samples: readonly LoadedSample[],
  { flipTest, shift, signal }: LookOptions,
): Promise<Predictions> {
  const { device, schema, config, team = new Team() } = network;
  const order = flipOrder(schema);
  const joints = order.length;
  const { dims } = config;
  const points = new Float64Array(samples.length * joints * dims);
  const sigma = LOSSES[config.loss].sigma ? new Float64Array(points.length) : undefined;
  const confidence = sigma || config.head === 'heatmap' ? new Float64Array(samples.length * joints) : undefined;
  const nodes = logSNodesAt(device, config, joints, 'evaluation');
  const total = new Float64Array(1);
  const rows = config.batch / team.size;
  const batches = evaluationBatches(schema, samples, { ...config, batch: rows }, flipTest, team);
  try {
    // In each round every rank takes a batch; in the last one there may be fewer batches than ranks.
    for (let done = 0; done < samples.length; done += config.batch) {
      await nextTurn(); // the signal may have news
      signal?.throwIfAborted();
      const batch = await team.all(() => batches.next().value as EvaluationBatch | undefined);
      if (!batch) continue;
      const { first, count, upright, mirrored } = batch;
      const [{ loss, said }, turned] = await Promise.all([
        answer(network, upright, rows, nodes),
        mirrored && answer(network, mirrored, rows, nodes),
      ]);
      const poses = posesOf(shifted(said, shift), turned && shifted(turned.said, shift), order);
      points.set(poses.mu.subarray(0, count * joints * dims), first * joints * dims);
      if (poses.sigma) sigma?.set(poses.sigma.subarray(0, count * joints * dims), first * joints * dims);
      if (poses.confidence) confidence?.set(poses.confidence.subarray(0, count * joints), first * joints);
      // The loss is a mean over all rows; rows beyond the last sample add nothing to it.
      total[0] += loss * rows;
    }
    // Each rank has zeros where the others predicted.
    await team.sum(points, sigma, confidence, total);
  } finally {
    for (const t of tensorsOf(nodes)) t.dispose();
  }
  signal?.throwIfAborted();
  const loss = total[0] / samples.length;
  if (dims === 2) return { mu: points, sigma, confidence, loss };
  return { mu: planeOf(points, 3), space: points, sigma: sigma && planeOf(sigma, 3), confidence, loss };
}

interface Answer {
  readonly loss: number;
  readonly said: NetworkAnswer;
}

/** What a network says of a batch, and its loss, on the host. */
async function answer(
  { device, config, params, state }: Network,
  batch: CropBatch,
  rows: number,
  nodes: LogSNodes | undefined,
): Promise<Answer> {
  const { loss, output } = scope(() => {
    const { images, ...labels } = uploadBatch(device, batch, rows, inputSize(config));
    const [raw] = applyModel(params, state, images, false, false, config.dims);
    return { loss: lossOf(config, params, raw, labels, nodes), output: answerOf(config, raw) };
  });
  const [value, said] = await Promise.all([loss.item(), readAnswer(output)]);
  for (const t of tensorsOf([loss, output])) t.dispose();
  return { loss: value, said };
}
