import { meanPose } from '../meanPose.js';
import { fitRidge, THUMBNAIL, thumbnail } from '../ridge.js';
import { flipOrder, type JointSchema } from '../schema.js';
import { allocateBatch, fillRow } from './batches.js';
import type { LoadedData, LoadedSample } from './samples.js';
import { type ScoredPoses, score } from './scores.js';

/** Side of the input that thumbnails are averaged from. */
const SIDE = 4 * THUMBNAIL;

/** Scores on the test half of what a network must beat. */
export interface Baselines {
  /** Looks at no pixel. */
  readonly meanPose: ScoredPoses;
  /** Ridge regression on 16x16 grey pixels: sees the image, but only linearly. Absent for fewer than 10 images. */
  readonly ridge?: ScoredPoses;
}

/** Images that the baselines are fitted to at most: they have few parameters. */
const ENOUGH = 4000;

/** Fits both baselines to upright crops of the training half and scores them on the test half. */
export async function fitBaselines({ dataset: { schema }, train, test }: LoadedData): Promise<Baselines> {
  const count = Math.min(train.length, ENOUGH);
  const seen = await features(schema, count, (i) => train.sample(Math.floor((i * train.length) / count)));
  const unseen = await features(schema, test.length, (i) => test[i]);
  const mean = meanPose(seen.poses, seen.weights, schema.joints.length);
  const points = mean.length;
  const constant = Float64Array.from({ length: test.length * points }, (_, i) => mean[i % points]);
  const baselines = { meanPose: score(schema, test, constant) };
  if (train.length < 10) return baselines;
  // A joint without a label must not pull: the mean pose is the guess that does not.
  const poses = seen.poses.map((value, i) => (seen.weights[i >> 1] > 0 ? value : mean[i % points]));
  return { ...baselines, ridge: score(schema, test, fitRidge(seen.thumbnails, poses).predict(unseen.thumbnails)) };
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
  for (let n = 0; n < count; n++) {
    const sample = await sampleAt(n);
    fillRow(row, 0, sample, sample.crop, SIDE, order);
    const size = THUMBNAIL * THUMBNAIL;
    thumbnail(row.images, SIDE, SIDE, thumbnails.subarray(n * size, (n + 1) * size));
    poses.set(row.target, n * joints * 2);
    weights.set(row.weight, n * joints);
  }
  return { thumbnails, poses, weights };
}
