import type { EpochSummary, RunProgress } from './session.js';

/**
 * The figure by which epochs are ranked: PCK@0.2, in 3-D 1 / MPJPE; NaN where no held-out image has the labels for it.
 */
export function meritOf({ mpjpe, pck20 }: EpochSummary): number {
  return mpjpe ? 1 / mpjpe : pck20;
}

/** Whether the last epoch is the best so far: by its merit, or by its held-out loss while no epoch has a merit. */
export function isBestEpoch({ history, best }: Pick<RunProgress, 'history' | 'best'>): boolean {
  const last = history[history.length - 1];
  const merit = meritOf(last);
  if (!Number.isNaN(merit)) return merit > best;
  if (Number.isNaN(last.validLoss) || !history.every((epoch) => Number.isNaN(meritOf(epoch)))) return false;
  return history.slice(0, -1).every((epoch) => !(epoch.validLoss <= last.validLoss));
}
