import { encodeJoints } from '../crop.js';
import { placeLabels } from '../metrics/labelPlaces.js';
import { type UncertaintyScore, uncertaintyScore } from '../metrics/uncertaintyScore.js';
import { flipOrder, type JointSchema } from '../schema.js';
import type { ErrorDensity } from '../uncertainty/errorDensity.js';
import { type ExpectedLabels, expectedDistances, expectedLabels } from '../uncertainty/expectedLabels.js';
import type { Predictions } from './predict.js';
import type { LoadedSample } from './samples.js';

/** What a network expects of the labels of N samples, and what they are, in units of the crops. */
export interface TestedUncertainty {
  /** Of the errors of these predictions. */
  readonly errors: ErrorDensity;
  /** Of all N K joints, one after the other. */
  readonly labels: ExpectedLabels;
  /** [N, K]: root mean square distance of the label from the prediction, as predicted. */
  readonly expected: Float64Array;
  /** [N, K]: distance of the label as annotated; NaN where there is none. */
  readonly distances: Float64Array;
  /** Absent where no joint has a label and a finite prediction. */
  readonly score?: UncertaintyScore;
}

/**
 * Holds predicted uncertainties against the labels as they are annotated: where a data set knows better, the labels' noise
 * is part of what a likelihood learns.
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
  // A diverged network says nothing that could be scored.
  const isScored = distances.map((distance, i) => Number(Number.isFinite(distance) && Number.isFinite(expected[i])));
  const scored = (values: Float64Array) => values.filter((_, i) => isScored[i >> 1] > 0);
  return {
    ...{ errors, labels, expected, distances },
    score: uncertaintyScore(placeLabels(scored(mu), scored(sigma), scored(target), errors)),
  };
}
