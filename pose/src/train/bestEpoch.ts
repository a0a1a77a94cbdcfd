import type { EpochSummary } from './session.js';

/**
 * The figure by which epochs are ranked: PCK@0.2, in 3-D 1 / MPJPE; NaN where no held-out image has the labels for it.
 */
export function meritOf({ mpjpe, pck20 }: EpochSummary): number {
  return mpjpe ? 1 / mpjpe : pck20;
}

/**
 * The best epoch so far, counted from 1: that of the highest merit or, while no epoch has a merit, of the lowest held-out
 * loss; of equals the first. Undefined where no epoch has either. All of a run's files follow from its history in this way.
 */
export function bestEpochOf(history: readonly EpochSummary[]): number | undefined {
  const merits = history.map(meritOf);
  const hasMerit = merits.some((merit) => !Number.isNaN(merit));
  const ranks = hasMerit ? merits : history.map(({ validLoss }) => -validLoss);
  let best: number | undefined;
  for (const [i, rank] of ranks.entries()) {
    if (!Number.isNaN(rank) && !(best !== undefined && ranks[best] >= rank)) best = i;
  }
  return best === undefined ? undefined : best + 1;
}
