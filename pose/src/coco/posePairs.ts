import { DataError } from 'wgrad';
import type { Annotation, Annotations, Id } from '../datasets/annotations.js';
import type { Tally } from '../datasets/tally.js';
import type { CocoResult } from './results.js';

/** An annotated person and the prediction for it. */
export interface PosePair {
  readonly truth: Annotation;
  readonly result: CocoResult;
}

/** N pairs in the form that the metrics by joint take. */
export interface PairedPoses {
  /** [N, K, 2] in pixels, like `target`. */
  readonly prediction: Float64Array;
  readonly target: Float64Array;
  /** [N, K]: 1 where the joint has a label, else 0. */
  readonly weights: Float64Array;
}

/**
 * Finds the result for each annotated person who is no crowd and has labels: the best result whose `annotation_id`
 * names the person; otherwise the best result without such an id, if the image has only one such person. Metrics by
 * joint must know who is who, and a person without a result would have no distance.
 * @throws DataError naming the annotation that has no result, or the image whose results could belong to several people
 */
export function pairPoses(
  { file, people: annotated }: Annotations,
  results: readonly CocoResult[],
  resultsFile: string,
  told?: Tally,
): PosePair[] {
  const named = new Map<Id, CocoResult>();
  const unnamed = new Map<Id, CocoResult>();
  for (const result of results) {
    if (result.annotation === undefined) keepBest(unnamed, result.image, result);
    else {
      if (named.has(result.annotation)) told?.add('results for somebody who has a better one, or one as good before');
      keepBest(named, result.annotation, result);
    }
  }
  const people = annotated.filter(({ crowd, labelled }) => !crowd && labelled > 0);
  const perImage = new Map<Id, number>();
  for (const { image } of people) perImage.set(image, (perImage.get(image) ?? 0) + 1);
  return people.map((truth) => {
    const result = named.get(truth.id) ?? unnamed.get(truth.image);
    if (!result) {
      throw new DataError(
        `${resultsFile}: no result for annotation ${truth.id} (image ${truth.image}) of ${file}; predict every person`,
      );
    }
    const candidates = perImage.get(truth.image) ?? 0;
    if (result.annotation === undefined && candidates > 1) {
      throw new DataError(
        `${resultsFile}: image ${truth.image} has ${candidates} annotated people; say with "annotation_id" which of them ` +
          'each result is for, or use the metric coco, which finds out',
      );
    }
    return { truth, result };
  });
}

/** Joins the coordinates of pairs into one array for each side. */
export function stackPairs(pairs: readonly PosePair[], joints: number): PairedPoses {
  const prediction = new Float64Array(pairs.length * joints * 2);
  const target = new Float64Array(prediction.length);
  const weights = new Float64Array(pairs.length * joints);
  pairs.forEach(({ truth, result }, n) => {
    for (let k = 0; k < joints; k++) {
      const at = n * joints + k;
      for (const d of [0, 1]) {
        prediction[2 * at + d] = result.keypoints[3 * k + d];
        target[2 * at + d] = truth.keypoints[3 * k + d];
      }
      weights[at] = Number(truth.keypoints[3 * k + 2] > 0);
    }
  });
  return { prediction, target, weights };
}

function keepBest(best: Map<Id, CocoResult>, key: Id, result: CocoResult): void {
  const other = best.get(key);
  if (!other || result.score > other.score) best.set(key, result);
}
