import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import type { Keypoints } from '../metrics/oks.js';
import { covarianceOf, type ExpectedLabels } from '../uncertainty/expectedLabels.js';
import type { CocoGroundTruth } from './groundTruth.js';

/** One predicted person of a COCO results file. */
export interface CocoResult {
  readonly image: number;
  readonly category: number;
  readonly keypoints: Keypoints;
  readonly score: number;
  /** Area of its box in square pixels, or of the rectangle around all its keypoints. */
  readonly area: number;
  /** `annotation_id`: the annotated person whose box the network was given, if it was given annotated boxes. */
  readonly annotation?: number;
  /** `mean` and `covariance`: where labels are expected, in pixels; only read if asked for. */
  readonly expected?: ExpectedLabels;
}

/**
 * The COCO results `[{image_id, category_id, keypoints, score, bbox?}, ...]` that a file's JSON holds. As in COCO's
 * API, the first result decides for all whether areas come from `bbox` or from the rectangle around the keypoints.
 * @param uncertain whether results must have an uncertainty: `covariance: [xx, xy, yy, ...]`, about `mean: [x, y, ...]`
 * or, without it, about the keypoints
 * @throws DataError naming file, result and field for whatever is missing or no number, and for an image, category or
 * annotation that the ground truth does not have
 */
export function resultsOf(list: unknown, file: string, truth: CocoGroundTruth, uncertain = false): CocoResult[] {
  if (!Array.isArray(list)) throw new DataError(`${file}: expected a list of results [{...}, ...]`);
  const entries = list.map((value: unknown, i) => new JsonEntry(value, file, `[${i}]`));
  const boxed = entries.length > 0 && entries[0].has('bbox') && entries[0].list('bbox').length > 0;
  const imageOf = new Map(truth.truths.map(({ id, image }) => [id, image]));
  return entries.map((entry) => {
    const image = entry.integer('image_id');
    if (!truth.images.has(image)) throw entry.error('image_id', `expected the id of an image of ${truth.file}`);
    const category = entry.integer('category_id');
    if (!truth.categories.has(category)) {
      throw entry.error('category_id', `expected one of ${truth.file} (${[...truth.categories.keys()].join(', ')})`);
    }
    // Without annotations K is unknown, and there is nothing to compare keypoints with.
    const keypoints = entry.numbers('keypoints', truth.joints ? 3 * truth.joints : entry.list('keypoints').length);
    const annotation = entry.has('annotation_id') ? entry.integer('annotation_id') : undefined;
    if (annotation !== undefined && imageOf.get(annotation) !== image) {
      throw entry.error('annotation_id', `expected the id of an annotation of image ${image} in ${truth.file}`);
    }
    return {
      image,
      category,
      keypoints,
      score: entry.number('score'),
      area: boxed ? boxArea(entry.numbers('bbox', 4)) : extent(keypoints),
      annotation,
      expected: uncertain ? readExpected(entry, keypoints) : undefined,
    };
  });
}

function readExpected(entry: JsonEntry, keypoints: Keypoints): ExpectedLabels {
  const joints = keypoints.length / 3;
  const covariance = Float64Array.from(entry.numbers('covariance', 3 * joints));
  for (let k = 0; k < joints; k++) {
    const [xx, xy, yy] = covarianceOf(covariance, k);
    if (xx > 0 && yy > 0 && xy * xy < xx * yy) continue;
    throw entry.error(
      `covariance[${3 * k}]`,
      'expected [xx, xy, yy] of a positive definite matrix',
      [xx, xy, yy].join(),
    );
  }
  const mean = entry.has('mean') ? entry.numbers('mean', 2 * joints) : keypoints.filter((_, i) => i % 3 < 2);
  return { mean: Float64Array.from(mean), covariance };
}

const boxArea = ([, , width, height]: readonly number[]): number => width * height;

function extent(keypoints: Keypoints): number {
  let left = Infinity;
  let right = -Infinity;
  let top = Infinity;
  let bottom = -Infinity;
  for (let i = 0; i < keypoints.length; i += 3) {
    left = Math.min(left, keypoints[i]);
    right = Math.max(right, keypoints[i]);
    top = Math.min(top, keypoints[i + 1]);
    bottom = Math.max(bottom, keypoints[i + 1]);
  }
  return (right - left) * (bottom - top);
}
