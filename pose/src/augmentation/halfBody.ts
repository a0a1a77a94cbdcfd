import type { Rng } from 'wgrad';
import type { Box, PoseSample } from '../dataset.js';
import type { JointSchema } from '../schema.js';

/**
 * How training shows only the upper or the lower half of a person, so that the network learns people whom the picture's
 * edge cuts.
 */
export interface HalfBody {
  readonly probability: number;
  /** A person with fewer labelled joints than this is shown whole. */
  readonly joints: number;
  /** Labelled joints that a half needs to be shown. The upper half, if it is the second choice, needs only two. */
  readonly upper: number;
  readonly lower: number;
  /** Share of crops whose first choice is the upper half. */
  readonly upperFirst: number;
  /** How much larger the crop is than the half's tight box. */
  readonly padding: number;
}

/** The upper half, if it is the second choice, needs this many labelled joints. */
const FEWEST = 2;

/**
 * The tight box of a half's labelled joints, centred on their mean; undefined where the whole person is to be shown,
 * as those always are whose schema has no upper half. It always draws two random numbers. The rule is that of the official code; with `upper: 2` it is mmpose's.
 */
export function halfBodyBox(
  { joints, weights }: Pick<PoseSample, 'joints' | 'weights'>,
  { upperBody }: JointSchema,
  rng: Rng,
  options: HalfBody,
): Box | undefined {
  const isWanted = rng.uniform() < options.probability;
  const isUpperFirst = rng.uniform() < options.upperFirst;
  const labelled = [...weights.keys()].filter((k) => weights[k] > 0);
  if (!isWanted || upperBody.length === 0 || labelled.length < options.joints) return undefined;
  const upper = labelled.filter((k) => upperBody.includes(k));
  const lower = labelled.filter((k) => !upperBody.includes(k));
  if (isUpperFirst && upper.length >= options.upper) return boxAbout(joints, upper);
  if (lower.length >= options.lower) return boxAbout(joints, lower);
  return upper.length >= FEWEST ? boxAbout(joints, upper) : undefined;
}

function boxAbout(joints: Float64Array, chosen: readonly number[]): Box | undefined {
  const axis = (d: 0 | 1) => {
    const values = chosen.map((k) => joints[2 * k + d]);
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    return [mean, Math.max(...values) - Math.min(...values)] as const;
  };
  const [[x, width], [y, height]] = [axis(0), axis(1)];
  return Math.max(width, height) > 0 ? [x - width / 2, y - height / 2, width, height] : undefined;
}
