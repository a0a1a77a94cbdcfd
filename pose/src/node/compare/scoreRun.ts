import { confidenceCorrelation } from '../../metrics/confidenceCorrelation.js';
import { riskCoverage } from '../../metrics/riskCoverage.js';
import { factsOf } from '../../train/dataFacts.js';
import type { Evaluation } from '../../train/evaluate.js';
import type { Session } from '../../train/session.js';
import { similarities } from '../../train/similarity.js';
import { RISKS, type RunConfidence, type RunResult } from './runResult.js';

/** The result of a run that was evaluated. */
export function resultOf(session: Session, evaluation: Evaluation): RunResult {
  const { pck10, pck20, pck50, error } = evaluation.scores;
  const confidence = confidenceOf(session, evaluation);
  const { calibrationError, sharpness } = evaluation.uncertainty?.score ?? {};
  return {
    config: session.config,
    data: factsOf(session.data.dataset),
    curve: curveOf(session),
    scores: {
      ...{ pck10, pck20, pck50, error },
      ...(confidence && { confidence }),
      ...(calibrationError !== undefined &&
        sharpness !== undefined && { calibration: { error: calibrationError, sharpness } }),
    },
  };
}

/** Held-out PCK@0.2 by epoch. */
export const curveOf = ({ progress }: Session): number[] => progress.history.map(({ pck20 }) => pck20);

function confidenceOf({ data }: Session, { predictions, scores }: Evaluation): RunConfidence | undefined {
  const { mu, confidence } = predictions;
  if (!confidence) return undefined;
  const { distances } = scores;
  const labelled = [...distances.keys()].filter((i) => !Number.isNaN(distances[i]));
  const { risk, aurc } = riskCoverage(
    labelled.map((i) => distances[i]),
    labelled.map((i) => confidence[i]),
  );
  const oks = similarities(data.dataset.schema, data.test, mu);
  return {
    ...confidenceCorrelation(confidence, distances, oks),
    aurc,
    risk: Array.from({ length: RISKS }, (_, i) => risk[Math.ceil(((i + 1) * risk.length) / RISKS) - 1]),
  };
}
