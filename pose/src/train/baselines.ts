import { meanPose } from '../meanPose.js';
import { fitRidge, THUMBNAIL, thumbnail } from '../ridge.js';
import { flipOrder, type JointSchema } from '../schema.js';
import type { Dims } from '../targets.js';
import { DEPTH_UNIT } from '../targets.js';
import { allocateBatch, fillRow } from './batches.js';
import type { LoadedData, LoadedSample } from './samples.js';
import { type ScoredPoses, scoreAll } from './scores.js';

/** Side of the input that thumbnails are computed from. */
const SIDE = 4 * THUMBNAIL;

/** Scores on the test half of the baselines, which a network must beat. */
export interface Baselines {
  /** The mean pose, which sees no pixel. */
  readonly meanPose: ScoredPoses;
  /** Ridge regression on 16x16 grey pixels: sees the image, but only linearly. Absent for fewer than 10 images. */
  readonly ridge?: ScoredPoses;
}

/** The most images that the baselines are fitted to; with their few parameters more would not help. */
const ENOUGH = 4000;

/**
 * Fits both baselines to upright crops of the training half and scores them on the test half.
 * @param dims 3: with depths, by the samples that have them
 */
export async function fitBaselines(
  { dataset: { schema }, train, test }: LoadedData,
  dims: Dims = 2,
): Promise<Baselines> {
  const count = Math.min(train.length, ENOUGH);
  const seen = await features(schema, count, (i) => train.sample(Math.floor((i * train.length) / count)));
  const unseen = await features(schema, test.length, (i) => test[i]);
  const joints = schema.joints.length;
  const [mu, depths] = [
    meanPose(seen.poses, seen.weights, joints),
    meanPose(seen.depths, seen.depthWeights, joints, 1),
  ];
  const judged = (plane: Float64Array, behind: Float64Array) =>
    scoreAll(schema, test, { mu: plane, space: dims === 3 ? inSpace(plane, behind) : undefined });
  const constant = (mean: Float64Array) =>
    Float64Array.from({ length: test.length * mean.length }, (_, i) => mean[i % mean.length]);
  const baselines = { meanPose: judged(constant(mu), constant(depths)) };
  if (train.length < 10) return baselines;
  // A joint without a label must not influence the fit, so it gets the mean pose's place.
  const poses = seen.poses.map((value, i) => (seen.weights[i >> 1] > 0 ? value : mu[i % mu.length]));
  const behind = seen.depths.map((value, i) => (seen.depthWeights[i] > 0 ? value : depths[i % joints]));
  const fitted = (values: Float64Array) => fitRidge(seen.thumbnails, values).predict(unseen.thumbnails);
  return { ...baselines, ridge: judged(fitted(poses), dims === 3 ? fitted(behind) : behind) };
}

/** Points [..., 3] of places [..., 2] and depths. */
function inSpace(plane: Float64Array, depths: Float64Array): Float64Array {
  return Float64Array.from({ length: 3 * depths.length }, (_, i) => {
    const point = Math.floor(i / 3);
    return i % 3 === 2 ? depths[point] : plane[2 * point + (i % 3)];
  });
}

async function features(
  schema: JointSchema,
  count: number,
  sampleAt: (i: number) => LoadedSample | Promise<LoadedSample>,
) {
  const joints = schema.joints.length;
  const order = flipOrder(schema);
  const row = allocateBatch(1, SIDE, joints);
  const thumbnails = new Float64Array(count * THUMBNAIL * THUMBNAIL);
  const poses = new Float64Array(count * joints * 2);
  const weights = new Float64Array(count * joints);
  // In the units of training, whatever the crop is.
  const depths = new Float64Array(count * joints);
  const depthWeights = new Float64Array(count * joints);
  for (let n = 0; n < count; n++) {
    const sample = await sampleAt(n);
    fillRow(row, 0, sample, sample.crop, SIDE, order);
    const size = THUMBNAIL * THUMBNAIL;
    thumbnail(row.images, SIDE, SIDE, thumbnails.subarray(n * size, (n + 1) * size));
    poses.set(row.target, n * joints * 2);
    weights.set(row.weight, n * joints);
    if (!sample.spatial) continue;
    depths.set(
      sample.spatial.depths.map((depth) => depth / DEPTH_UNIT),
      n * joints,
    );
    depthWeights.set(row.weight, n * joints);
  }
  return { thumbnails, poses, weights, depths, depthWeights };
}
