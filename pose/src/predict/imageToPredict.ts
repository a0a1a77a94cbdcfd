import type { Box } from '../dataset.js';
import { fileStem } from '../fileName.js';

/** A person to be looked at. */
export interface PersonBox {
  readonly box: Box;
  /** COCO's; 1 is "person". */
  readonly category: number;
  /** Of a detection. */
  readonly score?: number;
  /** The annotation that the box is from. */
  readonly annotation?: number;
}

/** An image and the people in it; without a list the whole image is one person's box. */
export interface ImageToPredict {
  /** Where it is from, for whoever decodes it, for messages and for the name of its results. */
  readonly path: string;
  readonly id: number;
  readonly people?: readonly PersonBox[];
}

/** `000000000785.jpg` is 785. */
export function numberOf(path: string): number | undefined {
  const stem = fileStem(path);
  const id = /^\d+$/.test(stem) ? Number(stem) : Number.NaN;
  return Number.isSafeInteger(id) ? id : undefined;
}
