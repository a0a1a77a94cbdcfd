import type { Rng } from 'wgrad';
import { lsp14 } from '../schema.js';

/** How wrong the labels are. Lengths are in units of the longer side of the tight box. */
export interface LabelNoise {
  /** Mean absolute error per coordinate of a visible shoulder; the other joints follow their OKS sigmas. */
  readonly scale: number;
  /** How much larger the error of a hidden joint is. */
  readonly hidden: number;
  /** Share of joints that are off by several times as much. */
  readonly outliers: number;
  /** Share of limb pairs (legs, arms) whose left and right were mixed up. */
  readonly swaps: number;
  /**
   * Share of a limb by which its outer end is labelled too near to the body on average, exponentially distributed and at most
   * the whole limb: the error is skewed, most often small, and its direction is that of the limb.
   */
  readonly short: number;
}

/** Outermost joint first: the arms and legs that an annotator takes for each other. */
const LEGS = [
  [0, 5],
  [1, 4],
] as const;
const ARMS = [
  [6, 11],
  [7, 10],
] as const;

/** The outer and the inner end of each limb. */
const LIMBS = [
  [0, 1],
  [1, 2],
  [5, 4],
  [4, 3],
  [6, 7],
  [7, 8],
  [11, 10],
  [10, 9],
] as const;

const SHOULDER = 8;
const OUTLIER = 4;
/** No annotator clicks farther off than this. */
const FARTHEST = 0.25;

/**
 * Labels as annotators give them: `joint + b e` with e Laplace distributed per coordinate, where b grows with the joint's
 * OKS sigma, is larger where the joint is hidden, varies from image to image (log-normal), and is now and then four times
 * as large: heteroscedastic and heavy-tailed. Seldom the left and right arm or leg are swapped. Limbs may be labelled too short.
 * @param joints [28] in units of the image. @param hidden [14]. @param side longer side of the tight box, same unit.
 */
export function annotate(
  rng: Rng,
  joints: Float64Array,
  hidden: Uint8Array,
  side: number,
  noise: LabelNoise,
): Float64Array {
  const labels = Float64Array.from(joints);
  for (const pairs of [LEGS, ARMS]) {
    if (rng.uniform() >= noise.swaps) continue;
    for (const [a, b] of pairs) {
      for (let c = 0; c < 2; c++) {
        labels[2 * a + c] = joints[2 * b + c];
        labels[2 * b + c] = joints[2 * a + c];
      }
    }
  }
  const placed = labels.slice();
  const care = Math.exp(0.35 * rng.normal());
  for (let k = 0; k < hidden.length; k++) {
    let b = noise.scale * side * care * (lsp14.oksSigmas[k] / lsp14.oksSigmas[SHOULDER]);
    // Hands and feet move fast and are small: annotators are least sure of where a limb ends.
    if (k === 0 || k === 5 || k === 6 || k === 11) b *= 1.5;
    if (hidden[k]) b *= noise.hidden;
    if (rng.uniform() < noise.outliers) b *= OUTLIER;
    for (let c = 0; c < 2; c++) {
      const u = rng.uniform() - 0.5;
      const laplace = -Math.sign(u) * Math.log(1 - 2 * Math.min(Math.abs(u), 0.5 - 2 ** -24));
      labels[2 * k + c] += Math.min(FARTHEST * side, Math.max(-FARTHEST * side, b * laplace));
    }
  }
  if (noise.short === 0) return labels;
  for (const [outer, inner] of LIMBS) {
    const share = Math.min(1, -noise.short * Math.log(1 - rng.uniform()));
    for (let c = 0; c < 2; c++) labels[2 * outer + c] += share * (placed[2 * inner + c] - placed[2 * outer + c]);
  }
  return labels;
}
