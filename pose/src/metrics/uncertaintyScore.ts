import { calibrationError, coverage, pitHistogram } from './calibration.js';
import { pearson, spearman } from './correlation.js';
import type { LabelPlaces } from './labelPlaces.js';
import { riskCoverage } from './riskCoverage.js';

/**
 * Whether predicted uncertainties are true, and whether they are useful. Lengths are in the unit of the predictions.
 */
export interface UncertaintyScore {
  /** The number of labelled joints. */
  readonly joints: number;
  /** Probabilities 0.05, 0.1, ..., 0.95. */
  readonly levels: readonly number[];
  /** Shares of the coordinates inside their central intervals of these probabilities: `levels` if calibrated. */
  readonly coverage: readonly number[];
  /** Shares of the joints inside their ellipses of these probabilities. */
  readonly ellipseCoverage: readonly number[];
  /** Shares of the probability integral transforms in ten equal bins: 0.1 each if calibrated. */
  readonly pit: readonly number[];
  /** Mean of |coverage - level|. */
  readonly calibrationError: number;
  /** Mean width of the intervals that ought to hold 90 % of the coordinates. */
  readonly sharpness: number;
  /** Mean distances of the surest 5 %, 10 %, ..., 100 % of the joints, and the same for a perfect ranking. */
  readonly risk: readonly number[];
  readonly idealRisk: readonly number[];
  /** Area under the risk-coverage curve, and the part of it that a perfect ranking would avoid. */
  readonly aurc: number;
  readonly excessAurc: number;
  /** Correlations of the predicted with the measured distance, which are minus those of confidence with error. */
  readonly pearson: number;
  readonly spearman: number;
}

const LEVELS = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);
const SHARES = [...LEVELS, 1];

/** Scores predicted uncertainties by where the labels lie in them; undefined where there is no label. */
export function uncertaintyScore({
  u,
  within,
  widths,
  expected,
  distances,
}: LabelPlaces): UncertaintyScore | undefined {
  const joints = distances.length;
  if (joints === 0) return undefined;
  const confidence = expected.map((distance) => -distance);
  const { risk, aurc, excess } = riskCoverage(distances, confidence);
  const ideal = riskCoverage(
    distances,
    distances.map((distance) => -distance),
  ).risk;
  const atShares = (curve: Float64Array) => SHARES.map((share) => curve[Math.max(0, Math.round(share * joints) - 1)]);
  return {
    joints,
    levels: LEVELS,
    coverage: LEVELS.map((level) => coverage(u, level)),
    ellipseCoverage: LEVELS.map((level) => within.filter((mass) => mass <= level).length / joints),
    pit: Array.from(pitHistogram(u)),
    calibrationError: calibrationError(u),
    sharpness: widths.reduce((sum, width) => sum + width, 0) / widths.length,
    risk: atShares(risk),
    idealRisk: atShares(ideal),
    aurc,
    excessAurc: excess,
    pearson: pearson(expected, distances),
    spearman: spearman(expected, distances),
  };
}
