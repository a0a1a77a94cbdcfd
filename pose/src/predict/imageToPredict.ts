import type { Box } from '../dataset.js';
import { fileStem } from '../fileName.js';

/** A person whose pose is to be predicted. */
export interface PersonBox {
  readonly box: Box;
  /** COCO's category; 1 is "person". */
  readonly category: number;
  /** The detector's confidence. */
  readonly score?: number;
  /** The annotation that the box is from. */
  readonly annotation?: number;
}

/** An image and the people in it; without a list the whole image is one person's box. */
export interface ImageToPredict {
  /** Where the image comes from: the decoder, messages and the name of its results use it. */
  readonly path: string;
  readonly id: number;
  readonly people?: readonly PersonBox[];
}

/** The number in a file's name: 785 for `000000000785.jpg`. */
export function numberOf(path: string): number | undefined {
  const stem = fileStem(path);
  const id = /^\d+$/.test(stem) ? Number(stem) : Number.NaN;
  return Number.isSafeInteger(id) ? id : undefined;
}
