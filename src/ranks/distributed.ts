import { type Captured, captureWith, signatureOf } from '../autograd/capture.js';
import { StateLayout } from '../autograd/stateLayout.js';
import { withTrainingNorm } from '../nn/trainingNorm.js';
import { flatPieces } from '../tensor/arena.js';
import { scope } from '../tensor/scope.js';
import type { Tree } from '../tensor/tree.js';
import { HeldSteps } from './heldStep.js';
import { normOverRanks } from './normOverRanks.js';
import type { Ranks, Wire } from './ranks.js';

/** How the steps of several ranks are carried out. */
export interface DistributedOptions {
  /** Batch norms in training use the statistics of all ranks' batches, in the gradient too (PyTorch's `SyncBatchNorm`). */
  readonly syncBatchNorm?: boolean;
  /** How sums travel, but for single numbers; float16 halves the bytes, and rounds what each rank has to 11 digits. */
  readonly wire?: Wire;
  /** Call the function at every step instead of replaying a recorded one. */
  readonly eager?: boolean;
}

/** A step that ranks take together: each calls it with its own batch, and all of them at the same place of the program. */
export interface DistributedStep<S, B, R> {
  (state: S, batch: B): Promise<R>;
  /** As that of `capture`. */
  dispose(): void;
}

/** What a step has to return: the state as `capture` wants it, and results that become their sums over the ranks. */
export interface RankResult<S> {
  readonly state: S;
  /** Gradients lie in arenas best (`packParameters`): they travel in a few large pieces. */
  readonly summed: Tree;
}

/** Elements of a piece on its way, 4 MB: latency hardly matters, and little is left to exchange behind the last gradient. */
const PIECE = 2 ** 20;

/**
 * The first part of a training step, up to the gradients, for ranks that share the work: as `capture`, and afterwards
 * `summed` holds the sums over all ranks, the same bits on each. What follows, such as an optimiser's step, is computed by all.
 *
 *     const step = distributed(ranks, (state, batch) => {
 *       const [loss, gradients] = valueAndGrad(lossOf, { seed })(state.params, batch); // seed: a scalar of 1 / ranks.size, for means
 *       return { state, summed: { loss, gradients } };
 *     });
 *
 * The gradients that are complete first travel while the device computes the others. The device is not to be used between
 * the call and the end of its promise.
 *
 * @throws as `capture`; ShapeError if the function gives numbers to the device or reads some
 */
export function distributed<S, B, R extends RankResult<S>>(
  ranks: Ranks,
  step: (state: S, batch: B) => R,
  { syncBatchNorm = false, wire = 'float32', eager = false }: DistributedOptions = {},
): DistributedStep<S, B, R> {
  const steps = new HeldSteps(ranks, wire);
  const norm = normOverRanks(ranks, steps.meet);
  const together = syncBatchNorm ? (state: S, batch: B) => withTrainingNorm(norm, () => step(state, batch)) : step;
  /** The state is taken where nothing is recorded, too. */
  const once = (state: S, batch: B): R => {
    const result = together(state, batch);
    return { ...result, state: new StateLayout(result.state).renew(result.state, 'the distributed step') };
  };
  const captured: Captured<S, B, R> = captureWith(together, {}, steps.recorderOf);
  const prepared = new Set<string>();
  const run = async (state: S, batch: B): Promise<R> => {
    // Kernels are compiled, and constants uploaded, before commands are held that use them.
    const signature = signatureOf(batch);
    if (!prepared.has(signature)) await captured.compile(state, batch);
    prepared.add(signature);
    const result = eager ? steps.once(state, () => scope(() => once(state, batch))) : captured(state, batch);
    const pieces = flatPieces(result.summed, PIECE);
    try {
      await steps.play(pieces);
    } finally {
      for (const piece of pieces) piece.dispose();
    }
    return result;
  };
  return Object.assign(run, { dispose: captured.dispose });
}
