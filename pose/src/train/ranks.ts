import type { Ranks as RanksOfSteps, Wire } from 'wgrad/ranks';

/** The processes that share a run, as one of them sees them; the communicator of `wgrad-mpi` is one. */
export interface Ranks extends RanksOfSteps {
  /** Puts the sum, mean or maximum over all ranks in place of each element of an array or of a tree of tensors. */
  allReduce(values: unknown, by: 'sum' | 'mean' | 'max', options?: { readonly wire?: Wire }): Promise<void>;
  /** Gives all ranks the elements that rank 0 has. */
  broadcast(values: unknown): Promise<void>;
  /** What each rank has to say. */
  gather(text: string): Promise<string[]>;
}

/** A process that shares its run with no other. */
export const ALONE: Ranks = {
  rank: 0,
  size: 1,
  allReduce: async () => {},
  allReduceNow: () => {},
  broadcast: async () => {},
  gather: async (text) => [text],
};

/** The part of each batch that one of several ranks takes, in the order of the ranks. */
export interface Share extends Pick<Ranks, 'rank' | 'size'> {
  /** Ranks take equal shares of every part of a batch, whose batch norms see all of it; default: they take whole parts. */
  readonly syncBatchNorm?: boolean;
}

/** All of it. */
export const WHOLE: Share = { rank: 0, size: 1 };

/** How a rank's share of a batch goes through its network: so many parts one after the other, of so many images each. */
export function partsOf(
  { batch, accumulate }: { readonly batch: number; readonly accumulate: number },
  { size, syncBatchNorm = false }: Share = WHOLE,
): { readonly parts: number; readonly rows: number } {
  const parts = syncBatchNorm ? accumulate : accumulate / size;
  return { parts, rows: batch / size / parts };
}
