import { encodeJoints } from '../crop.js';
import { placeLabels } from '../metrics/labelPlaces.js';
import { type UncertaintyScore, uncertaintyScore } from '../metrics/uncertaintyScore.js';
import { flipOrder, type JointSchema } from '../schema.js';
import type { ErrorDensity } from '../uncertainty/errorDensity.js';
import { type ExpectedLabels, expectedDistances, expectedLabels } from '../uncertainty/expectedLabels.js';
import type { Predictions } from './predict.js';
import type { LoadedSample } from './samples.js';

/** Where a network expects the labels of N samples, and where they are, in units of the crops. */
export interface TestedUncertainty {
  /** The density of these predictions' errors. */
  readonly errors: ErrorDensity;
  /** The expected labels of all N K joints, one after the other. */
  readonly labels: ExpectedLabels;
  /** [N, K]: the root mean square distance of the label from the prediction, as predicted. */
  readonly expected: Float64Array;
  /** [N, K]: the distance of the annotated label from the prediction; NaN where there is no label. */
  readonly distances: Float64Array;
  /** Absent where no joint has a label and a finite prediction. */
  readonly score?: UncertaintyScore;
}

/**
 * Compares predicted uncertainties with the labels as annotated, even if the data set knows the true joints: a
 * likelihood also learns the labels' noise.
 * @param errors the density of the predictions' errors: `flipAveraged` for a flip test's
 */
export function testUncertainty(
  schema: JointSchema,
  samples: readonly LoadedSample[],
  { mu, sigma = new Float64Array(mu.length) }: Pick<Predictions, 'mu' | 'sigma'>,
  errors: ErrorDensity,
): TestedUncertainty {
  const order = flipOrder(schema);
  const count = order.length;
  const target = new Float64Array(mu.length);
  const weights = new Float64Array(samples.length * count);
  samples.forEach(({ joints, weights: own, crop }, n) => {
    const row = (values: Float64Array, size: number) => values.subarray(n * count * size, (n + 1) * count * size);
    encodeJoints(joints, own, crop, order, row(target, 2), row(weights, 1));
  });
  const labels = expectedLabels(mu, sigma, errors);
  const distances = weights.map((weight, i) =>
    weight > 0 ? Math.hypot(mu[2 * i] - target[2 * i], mu[2 * i + 1] - target[2 * i + 1]) : Number.NaN,
  );
  const expected = expectedDistances(labels, mu);
  // The answers of a diverged network cannot be scored.
  const isScored = distances.map((distance, i) => Number(Number.isFinite(distance) && Number.isFinite(expected[i])));
  const scored = (values: Float64Array) => values.filter((_, i) => isScored[i >> 1] > 0);
  return {
    ...{ errors, labels, expected, distances },
    score: uncertaintyScore(placeLabels(scored(mu), scored(sigma), scored(target), errors)),
  };
}
