/** How floats travel. */
export type Wire = 'float32' | 'float16';

/** The processes that take steps together, as one of them sees them; the communicator of `wgrad-mpi` is one. */
export interface Ranks {
  /** From 0 to `size - 1`. */
  readonly rank: number;
  readonly size: number;
  /** Puts the sum over all ranks in place of each element of an array or of a tree of tensors. */
  allReduce(values: unknown, by: 'sum', options?: { readonly wire?: Wire }): Promise<void>;
  /** The same for an array, while this process does nothing else: steps on the CPU backend are synchronous. */
  allReduceNow(values: Float64Array, by: 'sum'): void;
}
