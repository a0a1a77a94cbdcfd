import type { Box, PoseSample } from '../dataset.js';
import type { Annotation } from './annotations.js';

/** One labelled person before the picture is decoded. */
export interface AnnotatedPerson extends Omit<PoseSample, 'image' | 'clean' | 'picture'> {
  /** Path of the picture. */
  readonly path: string;
  /** The picture's size, if the annotation tells it. */
  readonly size?: readonly [width: number, height: number];
}

/**
 * The box between the centres of its corner pixels, limited to the picture. `[x, y, w, h]` counts from edge to edge, so
 * its last pixel is `x + w - 1` (as in the official code and mmpose). Undefined where the box lies outside the picture.
 */
export function boxInPixels([x, y, w, h]: Box, width: number, height: number): Box | undefined {
  const [left, top] = [Math.max(0, x), Math.max(0, y)];
  const right = Math.min(width - 1, x + Math.max(0, w - 1));
  const bottom = Math.min(height - 1, y + Math.max(0, h - 1));
  return right > left && bottom > top ? [left, top, right - left, bottom - top] : undefined;
}

/**
 * The rectangle that crops of a person are made of, between centres of pixels, in training and prediction alike; undefined
 * where it has no extent or nothing of it is in a picture of this size.
 */
export function frameOf(
  { frame, box }: Pick<Annotation, 'frame' | 'box'>,
  size: readonly [width: number, height: number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
): Box | undefined {
  if (!frame) return boxInPixels(box, ...size);
  return Math.max(frame[2], frame[3]) > 0 ? frame : undefined;
}

/** The labels `x, y, v` of K joints. Joints with v = 0 weigh nothing; hidden ones (v = 1) count fully. */
export function jointsOf(keypoints: ArrayLike<number>): Pick<AnnotatedPerson, 'joints' | 'weights'> {
  const count = keypoints.length / 3;
  const joints = Float64Array.from({ length: 2 * count }, (_, i) => keypoints[3 * (i >> 1) + (i % 2)]);
  const weights = Float64Array.from({ length: count }, (_, k) => Number(keypoints[3 * k + 2] > 0));
  return { joints, weights };
}
