import { JsonEntry } from 'wgrad/io';
import type { Box } from '../dataset.js';
import type { OksTruth } from '../metrics/oks.js';

/** One annotated person of a COCO keypoints file. */
export interface CocoTruth extends OksTruth {
  readonly id: number;
  readonly image: number;
  readonly category: number;
  /** Marks several people in one annotation: any number of results may match it, and it counts for nothing. */
  readonly crowd: boolean;
  /** `num_keypoints`: how many joints have a label. */
  readonly labelled: number;
  /** `head_box`, which PCKh divides by; COCO itself has no such field. */
  readonly headBox?: Box;
}

/** One picture of a COCO keypoints file; evaluation needs only its id. */
export interface CocoImage {
  readonly id: number;
  readonly file?: string;
  readonly size?: readonly [width: number, height: number];
  /** `split`, the part of the data set that the picture belongs to; COCO itself has no such field. */
  readonly split?: string;
}

/** The parts of a COCO keypoints file that metrics need. */
export interface CocoGroundTruth {
  readonly file: string;
  /** By id. */
  readonly images: ReadonlyMap<number, CocoImage>;
  /** Names of the joints by category, where the file has them. */
  readonly categories: ReadonlyMap<number, readonly string[] | undefined>;
  readonly truths: readonly CocoTruth[];
  /** K, the number of keypoints of every annotation; 0 in a file without annotations. */
  readonly joints: number;
}

/** CrowdPose annotates no segments; its evaluation takes this share of the box as the person's area. */
export const BOX_SHARE = 0.53;

/**
 * The annotations `{images, categories, annotations}` that a COCO keypoints file holds.
 * @param content the file's JSON
 * @param file its name, for messages
 * @param area where a person's area comes from: the annotation, or `0.53 w h` of the box (as CrowdPose's evaluation)
 * @throws DataError naming file, annotation and field for whatever is missing or no number, for an annotation of an image
 * or category that is not listed, and for two annotations of one id
 */
export function groundTruthOf(
  content: unknown,
  file: string,
  area: 'annotation' | 'box' = 'annotation',
): CocoGroundTruth {
  const root = new JsonEntry(content, file);
  const images = new Map(root.entries('images').map((image) => [image.integer('id'), readImage(image)] as const));
  const categories = new Map(
    root.entries('categories').map((category) => [category.integer('id'), jointNames(category)] as const),
  );
  const entries = root.entries('annotations');
  const joints = entries.length > 0 ? jointCount(entries[0]) : 0;
  const seen = new Set<number>();
  const truths = entries.map((entry) => {
    const truth = readTruth(entry, joints, area);
    if (!images.has(truth.image)) throw entry.error('image_id', 'expected the id of an image that the file lists');
    if (!categories.has(truth.category)) {
      throw entry.error(
        'category_id',
        `expected a category that the file lists (${[...categories.keys()].join(', ')})`,
      );
    }
    if (seen.has(truth.id)) throw entry.error('id', 'expected an id that no other annotation has');
    seen.add(truth.id);
    return truth;
  });
  return { file, images, categories, truths, joints };
}

function readImage(image: JsonEntry): CocoImage {
  return {
    id: image.integer('id'),
    file: image.has('file_name') ? image.text('file_name') : undefined,
    size: image.has('width') && image.has('height') ? [image.integer('width'), image.integer('height')] : undefined,
    split: image.has('split') ? image.text('split') : undefined,
  };
}

function readTruth(entry: JsonEntry, joints: number, area: 'annotation' | 'box'): CocoTruth {
  const keypoints = entry.numbers('keypoints', 3 * joints);
  const box = entry.numbers('bbox', 4) as unknown as Box;
  if (area === 'annotation' && !entry.has('area')) {
    throw entry.error('area', "expected the person's square pixels (or, with --area box, 0.53 of its box)");
  }
  return {
    id: entry.integer('id'),
    image: entry.integer('image_id'),
    category: entry.integer('category_id'),
    keypoints,
    box,
    area: area === 'box' ? box[2] * box[3] * BOX_SHARE : entry.number('area', 0),
    crowd: entry.has('iscrowd') && entry.number('iscrowd') !== 0,
    labelled: entry.has('num_keypoints')
      ? entry.integer('num_keypoints')
      : keypoints.filter((v, i) => i % 3 === 2 && v > 0).length,
    headBox: entry.has('head_box') ? (entry.numbers('head_box', 4) as unknown as Box) : undefined,
  };
}

function jointCount(entry: JsonEntry): number {
  const { length } = entry.list('keypoints');
  if (length === 0 || length % 3 !== 0) throw entry.error('keypoints', 'expected x, y, v for each joint');
  return length / 3;
}

function jointNames(category: JsonEntry): readonly string[] | undefined {
  if (!category.has('keypoints')) return undefined;
  return category.list('keypoints').map((name, k) => {
    if (typeof name !== 'string') throw category.error(`keypoints[${k}]`, 'expected the name of a joint', name);
    return name;
  });
}
