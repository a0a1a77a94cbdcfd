import type { Box, SpatialLabels } from '../dataset.js';
import type { Keypoints } from '../metrics/oks.js';
import type { JointSchema } from '../schema.js';

/** What a file calls a picture, a person or a category: most give numbers, some names. */
export type Id = number | string;

/** One picture of an annotation file; evaluation needs only its id. */
export interface Picture {
  readonly id: Id;
  /** Its path as the file gives it, from wherever the pictures are. */
  readonly file?: string;
  readonly size?: readonly [width: number, height: number];
  /** The part of the data set that it belongs to. */
  readonly split?: string;
}

/** A kind of annotated objects. */
export interface Category {
  readonly name?: string;
  /** The names of its joints. */
  readonly joints?: readonly string[];
  /** Pairs of joints that a line connects; joints count from 0. */
  readonly skeleton?: readonly (readonly [number, number])[];
}

/** One annotated person, in pixels: the centre of the top left one is (0, 0). */
export interface Annotation {
  readonly id: Id;
  readonly image: Id;
  readonly category: Id;
  /** `x, y, v` joint by joint, [3K]; v is 0 without a label, 1 for a hidden joint, 2 for one that is seen. */
  readonly keypoints: Keypoints;
  /** From edge to edge, `[x, y, width, height]`; around the joints where the file has no box. */
  readonly box: Box;
  /** The rectangle that crops are made of, between centres of pixels; absent: `box`, as far as the picture goes. */
  readonly frame?: Box;
  /** How much larger than that the crop is; absent: `PADDING`. */
  readonly padding?: number;
  /** Area of the person's segment in square pixels. */
  readonly area?: number;
  /** Marks several people in one annotation: any number of results may match it, and it counts for nothing. */
  readonly crowd: boolean;
  /** How many joints have a label. */
  readonly labelled: number;
  /** The rectangle around the head, which PCKh divides by. */
  readonly headBox?: Box;
  /** A detector's confidence. */
  readonly score?: number;
  readonly spatial?: SpatialLabels;
}

/** Pixels as the picture is stored, or turned upright as its EXIF orientation says. */
export const ORIENTATIONS = ['upright', 'stored'] as const;
export type Orientation = (typeof ORIENTATIONS)[number];

/**
 * What an annotation file says, whatever its form: training takes its people, prediction their boxes, and evaluation
 * their labels.
 */
export interface Annotations {
  /** Names the file in messages. */
  readonly file: string;
  readonly pictures: ReadonlyMap<Id, Picture>;
  readonly categories: ReadonlyMap<Id, Category>;
  readonly people: readonly Annotation[];
  /** K, the number of joints of every person; 0 where nobody has any. */
  readonly joints: number;
  /** What the joints are, where the form of the file defines it. */
  readonly schema?: JointSchema;
  /** How pictures are read whose size does not tell it. */
  readonly orientation: Orientation;
  /** What the reader left out, as counts by reason. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** What else a user should know of how the file was read, a sentence each. */
  readonly notes?: readonly string[];
}

/** The person as messages name it. */
export function nameOf({ id, image }: Annotation, { pictures }: Annotations): string {
  return `${pictures.get(image)?.file ?? `image ${image}`} (annotation ${id})`;
}
