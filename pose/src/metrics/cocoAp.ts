import type { CocoTruth } from '../coco/areas.js';
import type { CocoResult } from '../coco/results.js';
import type { Id } from '../datasets/annotations.js';
import { type AreaRange, type CocoImage, counts, matchImage, type Outcome, prepareImage } from './cocoMatch.js';

/** The ten figures of COCO's keypoint evaluation, in [0, 1]; -1 where no annotated person counts. */
export interface CocoScores {
  readonly AP: number;
  readonly AP50: number;
  readonly AP75: number;
  /** Of people of 32^2 to 96^2 square pixels. */
  readonly APm: number;
  /** Of people from 96^2 square pixels on. */
  readonly APl: number;
  readonly AR: number;
  readonly AR50: number;
  readonly AR75: number;
  readonly ARm: number;
  readonly ARl: number;
}

export interface CocoApOptions {
  /** [K]: the schema's `oksSigmas`. */
  readonly sigmas: readonly number[];
  /** `pycocotools` treats a match with the annotation of id 0 as no match, because it marks "unmatched" by 0. */
  readonly variant?: 'exact' | 'pycocotools';
  /** How many results count per image and category. */
  readonly maxResults?: number;
}

/** OKS thresholds 0.5, 0.55, ..., 0.95, equal bit for bit to NumPy's linspace. */
const THRESHOLDS = Array.from({ length: 10 }, (_, i) => (i < 9 ? 0.5 + i * ((0.95 - 0.5) / 9) : 0.95));
const AT_50 = 0;
const AT_75 = 5;
/** Recalls 0, 0.01, ..., 1, at which precision is read. */
const RECALLS = Array.from({ length: 101 }, (_, i) => i * 0.01);

const ALL: AreaRange = [0, 1e5 ** 2];
const MEDIUM: AreaRange = [32 ** 2, 96 ** 2];
const LARGE: AreaRange = [96 ** 2, 1e5 ** 2];

/**
 * Average precision and recall by object keypoint similarity, as in COCO's keypoint evaluation:
 * `AP = mean over thresholds t and recalls r of max precision at recall >= r`, where a result is right if its OKS with
 * its match is at least t; `AR = mean_t recall`. Equal to pycocotools 2.0 up to rounding, except for annotations of id
 * 0 (see `variant`).
 */
export function cocoAp(
  truths: readonly CocoTruth[],
  results: readonly CocoResult[],
  { sigmas, variant = 'exact', maxResults = 20 }: CocoApOptions,
): CocoScores {
  const lostId = variant === 'pycocotools' ? 0 : undefined;
  const categories = imagesByCategory(truths, results, sigmas, maxResults).map((images) => ({
    images,
    ranks: rank(images),
  }));
  const [all, medium, large] = [ALL, MEDIUM, LARGE].map((range) => {
    const curves = categories
      .map((category) => precisionRecall(category, range, lostId))
      .filter((found) => found !== undefined);
    return THRESHOLDS.map((_, t) => curves.map((byThreshold) => byThreshold[t]));
  });
  const precision = (curves: readonly PrecisionRecall[]) => meanOf(curves.map((curve) => curve.precision));
  const recall = (curves: readonly PrecisionRecall[]) => meanOf(curves.map((curve) => curve.recall));
  return {
    AP: precision(all.flat()),
    AP50: precision(all[AT_50]),
    AP75: precision(all[AT_75]),
    APm: precision(medium.flat()),
    APl: precision(large.flat()),
    AR: recall(all.flat()),
    AR50: recall(all[AT_50]),
    AR75: recall(all[AT_75]),
    ARm: recall(medium.flat()),
    ARl: recall(large.flat()),
  };
}

/** The images of each category by rising id; among results of equal score, this order decides. */
function imagesByCategory(
  truths: readonly CocoTruth[],
  results: readonly CocoResult[],
  sigmas: readonly number[],
  most: number,
): CocoImage[][] {
  const categories = new Map<Id, Map<Id, { truths: CocoTruth[]; results: CocoResult[] }>>();
  const cell = ({ category, image }: CocoTruth | CocoResult) => {
    const images = categories.get(category) ?? new Map();
    categories.set(category, images);
    const found = images.get(image) ?? { truths: [], results: [] };
    images.set(image, found);
    return found;
  };
  for (const truth of truths) cell(truth).truths.push(truth);
  for (const result of results) cell(result).results.push(result);
  return [...categories.values()].map((images) =>
    [...images]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, image]) => prepareImage(image.truths, image.results, sigmas, most)),
  );
}

/** The results of one category. */
interface Category {
  readonly images: readonly CocoImage[];
  /**
   * By image and result, the result's place among all results by falling score. It is the same at every threshold, so
   * it is computed once.
   */
  readonly ranks: readonly (readonly number[])[];
}

function rank(images: readonly CocoImage[]): number[][] {
  const ranks = images.map(({ results }) => results.map(() => 0));
  const all = images.flatMap(({ results }, image) => results.map(({ score }, result) => ({ image, result, score })));
  all.sort((a, b) => b.score - a.score);
  for (const [place, { image, result }] of all.entries()) ranks[image][result] = place;
  return ranks;
}

interface PrecisionRecall {
  /** Mean over the recalls. */
  readonly precision: number;
  /** The recall of all results together. */
  readonly recall: number;
}

/** Precision and recall of one category at each threshold; undefined if no person counts. */
function precisionRecall(
  { images, ranks }: Category,
  range: AreaRange,
  lostId: number | undefined,
): PrecisionRecall[] | undefined {
  const people = images.reduce((sum, { truths }) => sum + truths.filter((truth) => counts(truth, range)).length, 0);
  if (people === 0) return undefined;
  const results = images.reduce((sum, image) => sum + image.results.length, 0);
  const ranked = THRESHOLDS.map(() => new Array<Outcome>(results));
  for (const [i, image] of images.entries()) {
    for (const [t, outcomes] of matchImage(image, THRESHOLDS, range, lostId).entries()) {
      for (const [d, outcome] of outcomes.entries()) ranked[t][ranks[i][d]] = outcome;
    }
  }
  return ranked.map((outcomes) => curve(outcomes, people));
}

function curve(outcomes: readonly Outcome[], people: number): PrecisionRecall {
  const precisions: number[] = [];
  const recalls: number[] = [];
  let right = 0;
  let wrong = 0;
  for (const outcome of outcomes) {
    if (outcome === 'right') right++;
    if (outcome === 'wrong') wrong++;
    precisions.push(right / (right + wrong + Number.EPSILON));
    recalls.push(right / people);
  }
  for (let i = precisions.length - 1; i > 0; i--) precisions[i - 1] = Math.max(precisions[i - 1], precisions[i]);
  let at = 0;
  let sum = 0;
  for (const recall of RECALLS) {
    while (at < recalls.length && recalls[at] < recall) at++;
    if (at < recalls.length) sum += precisions[at];
  }
  return { precision: sum / RECALLS.length, recall: right / people };
}

const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? -1 : values.reduce((sum, value) => sum + value, 0) / values.length;
