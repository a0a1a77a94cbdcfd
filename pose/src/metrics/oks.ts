import type { Box } from '../dataset.js';

/** Keypoints in COCO's format: `x, y, v` joint by joint, flat [3K]; v is a visibility in labels, a score in results. */
export type Keypoints = readonly number[];

/** What OKS needs of an annotated person. */
export interface OksTruth {
  readonly keypoints: Keypoints;
  /** Area of the person's segment in square pixels. */
  readonly area: number;
  /** Only used where no joint has a label. */
  readonly box: Box;
}

/**
 * Object keypoint similarity, `mean_k exp(-(dx_k^2 + dy_k^2) / (2 area (2 sigma_k)^2))`, of a predicted and an
 * annotated person, in [0, 1]: over the joints with a label (v > 0). If no joint has one, all joints count, and (dx,
 * dy) is how far each predicted joint lies outside the box doubled in size. As in COCO's API.
 * @param sigmas [K]: the schema's `oksSigmas`
 */
export function oks(
  { keypoints: truth, area, box }: OksTruth,
  prediction: Keypoints,
  sigmas: readonly number[],
): number {
  let labelled = 0;
  let sum = 0;
  for (let k = 0; k < sigmas.length; k++) {
    if (truth[3 * k + 2] <= 0) continue;
    const dx = prediction[3 * k] - truth[3 * k];
    const dy = prediction[3 * k + 1] - truth[3 * k + 1];
    labelled++;
    sum += closeness(dx, dy, sigmas[k], area);
  }
  if (labelled > 0) return sum / labelled;
  const [x, y, width, height] = box;
  for (let k = 0; k < sigmas.length; k++) {
    const dx = outside(prediction[3 * k], x - width, x + 2 * width);
    const dy = outside(prediction[3 * k + 1], y - height, y + 2 * height);
    sum += closeness(dx, dy, sigmas[k], area);
  }
  return sum / sigmas.length;
}

/**
 * OKS of two predictions over all joints, with the mean of their areas, as non-maximum suppression needs it (mmpose's
 * `oks_iou`).
 */
export function poseOks(
  a: { readonly keypoints: Keypoints; readonly area: number },
  b: { readonly keypoints: Keypoints; readonly area: number },
  sigmas: readonly number[],
): number {
  let sum = 0;
  for (let k = 0; k < sigmas.length; k++) {
    const dx = a.keypoints[3 * k] - b.keypoints[3 * k];
    const dy = a.keypoints[3 * k + 1] - b.keypoints[3 * k + 1];
    sum += closeness(dx, dy, sigmas[k], (a.area + b.area) / 2);
  }
  return sum / sigmas.length;
}

/** The epsilon is NumPy's spacing(1), as in COCO's API; with it an area of 0 gives 1 or 0 instead of NaN. */
function closeness(dx: number, dy: number, sigma: number, area: number): number {
  return Math.exp(-(dx ** 2 + dy ** 2) / (2 * sigma) ** 2 / (area + Number.EPSILON) / 2);
}

const outside = (value: number, low: number, high: number): number => Math.max(0, low - value, value - high);
