import type { Box } from '../dataset.js';
import type { Id, Orientation } from '../datasets/annotations.js';

/** A person whose pose is to be predicted. */
export interface PersonBox {
  readonly box: Box;
  /** The rectangle that the crop is made of, where it is another than the box (see `Annotation.frame`). */
  readonly frame?: Box;
  /** How much larger than that the crop is; absent: as the checkpoint was trained. */
  readonly padding?: number;
  /** COCO's category; 1 is "person". */
  readonly category: Id;
  /** The detector's confidence. */
  readonly score?: number;
  /** The annotation that the box is from. */
  readonly annotation?: Id;
}

/** An image and the people in it; without a list the whole image is one person's box. */
export interface ImageToPredict {
  /** Where the image comes from: the decoder and messages use it. */
  readonly path: string;
  readonly id: Id;
  /** What results call the image; absent: `path`. */
  readonly name?: string;
  /** The size that the boxes are for, and how the image is read where that does not tell it. */
  readonly size?: readonly [width: number, height: number];
  readonly orientation?: Orientation;
  readonly people?: readonly PersonBox[];
}
