import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import type { Annotations, Id, Picture } from '../datasets/annotations.js';
import { whyNotRead } from '../datasets/jsonAnnotations.js';
import { PicturePaths } from '../datasets/picturePaths.js';
import type { Tally } from '../datasets/tally.js';
import type { Keypoints } from '../metrics/oks.js';
import { covarianceOf, type ExpectedLabels } from '../uncertainty/expectedLabels.js';

/** One predicted person of a COCO results file. */
export interface CocoResult {
  readonly image: Id;
  readonly category: Id;
  readonly keypoints: Keypoints;
  readonly score: number;
  /** Area of its box in square pixels, or of the rectangle around all its keypoints. */
  readonly area: number;
  /** `annotation_id`: the annotated person whose box the network was given, if it was given annotated boxes. */
  readonly annotation?: Id;
  /** `mean` and `covariance`: where labels are expected, in pixels; only read if asked for. */
  readonly expected?: ExpectedLabels;
}

/** How results are read. */
export interface ResultOptions {
  /**
   * Whether results must have an uncertainty: `covariance: [xx, xy, yy, ...]`, about `mean: [x, y, ...]` or, without it, about
   * the keypoints.
   */
  readonly uncertain?: boolean;
  /** Counts what was taken otherwise than it is written. */
  readonly told?: Tally;
}

/**
 * The COCO results `[{image_id or file_name, category_id?, keypoints, score, bbox?}, ...]` that a file's JSON holds. As in
 * COCO's API, the first result decides for all whether areas come from `bbox` or from the rectangle around the keypoints. A
 * result is of the picture with its `image_id`, unless its `file_name` agrees better with the path of another (see
 * `PicturePaths`). Where only one category is annotated, results of others are taken for it.
 * @throws DataError naming file, result and field for whatever is missing or no number, and for an image, category or
 * annotation that the ground truth does not have
 */
export function resultsOf(
  list: unknown,
  file: string,
  truth: Annotations,
  { uncertain = false, told }: ResultOptions = {},
): CocoResult[] {
  if (!Array.isArray(list)) {
    throw new DataError(`${file}: ${whyNotRead(list) ?? 'expected a list of results [{...}, ...]'}`);
  }
  const entries = list.map((value: unknown, i) => new JsonEntry(value, file, `[${i}]`));
  const boxed = entries.length > 0 && entries[0].has('bbox') && entries[0].list('bbox').length > 0;
  const imageOf = new Map(truth.people.map(({ id, image }) => [id, image]));
  const pictures = new ResultPictures(truth);
  return entries.map((entry) => {
    const image = pictures.of(entry, told);
    const category = categoryOf(entry, truth, told);
    // Without annotations K is unknown, and there is nothing to compare keypoints with.
    const keypoints = entry.numbers('keypoints', truth.joints ? 3 * truth.joints : entry.list('keypoints').length);
    const annotation = entry.has('annotation_id') ? entry.id('annotation_id') : undefined;
    if (annotation !== undefined && imageOf.get(annotation) !== image) {
      throw entry.error('annotation_id', `expected the id of an annotation of image ${image} in ${truth.file}`);
    }
    const area = boxed ? boxArea(entry.numbers('bbox', 4)) : extent(keypoints);
    if (!Number.isFinite(area)) throw entry.error(boxed ? 'bbox' : 'keypoints', 'expected a finite area', area);
    return {
      ...{ image, category, keypoints, area, annotation },
      score: entry.number('score'),
      expected: uncertain ? readExpected(entry, keypoints) : undefined,
    };
  });
}

/** Which annotated picture a result is of. */
class ResultPictures {
  readonly #truth: Annotations;
  readonly #named: readonly Picture[];
  readonly #paths: PicturePaths;

  constructor(truth: Annotations) {
    this.#truth = truth;
    this.#named = [...truth.pictures.values()].filter(({ file }) => file !== undefined);
    this.#paths = new PicturePaths(this.#named.map((picture) => picture.file as string));
  }

  of(entry: JsonEntry, told: Tally | undefined): Id {
    const id = entry.has('image_id') ? entry.id('image_id') : undefined;
    const isKnown = id !== undefined && this.#truth.pictures.has(id);
    const path = entry.has('file_name') ? entry.text('file_name') : typeof id === 'string' ? id : undefined;
    const found = path === undefined ? [] : this.#paths.agreeing(path).map(({ index }) => this.#named[index]);
    if (isKnown && (found.length === 0 || found.some((picture) => picture.id === id))) return id;
    if (found.length === 1) {
      if (isKnown) told?.add('results whose image_id is of another picture than the file_name, which counts');
      return found[0].id;
    }
    if (found.length > 1) {
      const [first, second] = found.map(({ file }) => file);
      throw entry.error(
        'file_name',
        `expected a path that is one of ${this.#truth.file}, which has ${first} and ${second}`,
      );
    }
    throw entry.error('image_id', `expected the id of an image of ${this.#truth.file}`);
  }
}

function categoryOf(entry: JsonEntry, { categories, file }: Annotations, told: Tally | undefined): Id {
  const [only, ...others] = categories.keys();
  const category = entry.has('category_id') ? entry.id('category_id') : only;
  if (categories.has(category)) return category;
  if (others.length > 0 || only === undefined) {
    throw entry.error('category_id', `expected one of ${file} (${[...categories.keys()].join(', ')})`);
  }
  told?.add(`results of category ${category} taken for the only one, ${only}`);
  return only;
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
