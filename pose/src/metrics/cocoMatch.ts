import type { CocoTruth } from '../coco/areas.js';
import type { CocoResult } from '../coco/results.js';
import { oks } from './oks.js';

/** What becomes of a result: it found a person, it found none, or it does not count. */
export type Outcome = 'right' | 'wrong' | 'ignored';

/** The people and the results of one category in one image. */
export interface CocoImage {
  readonly truths: readonly CocoTruth[];
  /** The best results by falling score; equal scores stand in the file's order. */
  readonly results: readonly CocoResult[];
  /** OKS [results, truths]. */
  readonly similarity: readonly (readonly number[])[];
}

/** Areas in square pixels, both ends included. */
export type AreaRange = readonly [low: number, high: number];

/** In COCO's API a perfect OKS of 1 still reaches a threshold of 1. */
const HIGHEST_THRESHOLD = 1 - 1e-10;

/** Keeps the `most` best results of an image and compares each with each person. */
export function prepareImage(
  truths: readonly CocoTruth[],
  results: readonly CocoResult[],
  sigmas: readonly number[],
  most: number,
): CocoImage {
  const best = [...results].sort((a, b) => b.score - a.score).slice(0, most);
  const similarity = best.map(({ keypoints }) => truths.map((truth) => oks(truth, keypoints, sigmas)));
  return { truths, results: best, similarity };
}

/** Whether a person counts: it is no crowd, has labels, and its area is in the range. */
export function counts({ crowd, labelled, area }: CocoTruth, range: AreaRange): boolean {
  return !crowd && labelled !== 0 && isWithin(area, range);
}

/**
 * Gives each result, best score first, the free person that is most similar to it, if the similarity reaches the
 * threshold. People who count come before those who do not; of equally similar people the later one is taken; a crowd
 * can be taken any number of times. A result without a match is ignored if its own area is out of range.
 * @param lostId a match with the annotation of this id counts as none (see `cocoAp`)
 * @returns by threshold, the outcome of each result
 */
export function matchImage(
  { truths, results, similarity }: CocoImage,
  thresholds: readonly number[],
  range: AreaRange,
  lostId?: number,
): Outcome[][] {
  const counting = truths.map((truth) => counts(truth, range));
  const order = [...truths.keys()].sort((a, b) => Number(counting[b]) - Number(counting[a]));
  return thresholds.map((threshold) => {
    const taken = truths.map(() => false);
    return results.map((result, d) => {
      let best = Math.min(threshold, HIGHEST_THRESHOLD);
      let match = -1;
      for (const g of order) {
        if (taken[g] && !truths[g].crowd) continue;
        if (match >= 0 && counting[match] && !counting[g]) break;
        if (similarity[d][g] < best) continue;
        best = similarity[d][g];
        match = g;
      }
      if (match >= 0) taken[match] = true;
      if (match >= 0 && !counting[match]) return 'ignored';
      if (match >= 0 && truths[match].id !== lostId) return 'right';
      return isWithin(result.area, range) ? 'wrong' : 'ignored';
    });
  });
}

const isWithin = (area: number, [low, high]: AreaRange): boolean => area >= low && area <= high;
