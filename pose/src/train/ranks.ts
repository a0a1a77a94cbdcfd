/** The processes that share a run, as one of them sees them; the communicator of `wgrad-mpi` is one. */
export interface Ranks {
  /** From 0 to `size - 1`. */
  readonly rank: number;
  readonly size: number;
  /** Puts the sum, mean or maximum over all ranks in place of each element of an array or of a tree of tensors. */
  allReduce(values: unknown, by: 'sum' | 'mean' | 'max'): Promise<void>;
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
  broadcast: async () => {},
  gather: async (text) => [text],
};

/** The part of each batch that one of several ranks takes: equal parts, in the order of the ranks. */
export type Share = Pick<Ranks, 'rank' | 'size'>;

/** All of it. */
export const WHOLE: Share = { rank: 0, size: 1 };
