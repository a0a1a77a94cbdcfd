import { decodeJoints } from '../crop.js';
import { jointDistances, normLengths } from '../metrics/pck.js';
import { headSizes } from '../metrics/pckh.js';
import { type PoseScore, scorePoses } from '../metrics/scorePoses.js';
import { flipOrder, type JointSchema } from '../schema.js';
import type { LoadedSample } from './samples.js';
import { type SpaceScore, scoreInSpace } from './spaceScore.js';

/** How good predictions are, with the distances that the scores are computed from. */
export interface ScoredPoses extends PoseScore {
  /** [N, K]: distance to the true joint in units of the crop's side; NaN where the joint has no label. */
  readonly distances: Float64Array;
  /** [N, K]: 1 where the distance is below 0.2 of `normLengths`, 0 where not, NaN where the joint or that length has no label. */
  readonly correct: Float64Array;
  /** Of predictions in 3-D. */
  readonly space?: SpaceScore;
}

/** What `score` takes: all joints in the picture, and in space if the predictor gives depths. */
export interface PredictedPoses {
  /** [N, K, 2]. */
  readonly mu: Float64Array;
  /** [N, K, 3]. */
  readonly space?: Float64Array | undefined;
}

/** `score`, and the errors in space where predictions have depths. */
export function scoreAll(
  schema: JointSchema,
  samples: readonly LoadedSample[],
  { mu, space }: PredictedPoses,
): ScoredPoses {
  const scores = score(schema, samples, mu);
  return space ? { ...scores, space: scoreInSpace(schema, samples, space) } : scores;
}

/**
 * Scores predictions [N, K, 2] in crop units against the true joints of the samples; where the data set does not know
 * these, against the annotated ones.
 */
export function score(schema: JointSchema, samples: readonly LoadedSample[], mu: Float64Array): ScoredPoses {
  const count = schema.joints.length;
  const order = flipOrder(schema);
  const pixels = new Float64Array(mu.length);
  const truth = new Float64Array(mu.length);
  const weights = new Float64Array(samples.length * count);
  const sides = new Float64Array(samples.length);
  samples.forEach((sample, n) => {
    const at = n * count * 2;
    pixels.set(decodeJoints(mu.subarray(at, at + count * 2), sample.crop, order), at);
    truth.set(sample.clean ?? sample.joints, at);
    weights.set(sample.weights, n * count);
    sides[n] = Math.max(sample.crop.width, sample.crop.height);
  });
  const heads = samples.map(({ headBox }) => (headBox ? headSizes([headBox])[0] : Number.NaN));
  const boxes = samples.map(({ box }) => box);
  const lengths = normLengths(schema, truth, weights, boxes);
  const labelled = jointDistances(pixels, truth).map((distance, i) => (weights[i] > 0 ? distance : Number.NaN));
  const imageOf = (i: number) => Math.floor(i / count);
  return {
    ...scorePoses(schema, pixels, truth, weights, boxes, sides, heads.every(Number.isNaN) ? undefined : heads),
    distances: labelled.map((distance, i) => distance / sides[imageOf(i)]),
    correct: labelled.map((distance, i) => {
      const share = distance / lengths[imageOf(i)];
      return Number.isNaN(share) ? share : Number(share < 0.2);
    }),
  };
}
