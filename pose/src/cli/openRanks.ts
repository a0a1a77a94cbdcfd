import { DataError } from 'wgrad';
import { ALONE, type Ranks } from '../train/ranks.js';

/** The ranks that `--distributed` asks for. */
export interface OpenRanks extends Ranks {
  /** The MPI library; null without one. */
  readonly library: string | null;
  /** Ends all ranks at once with an exit code. */
  abort(code: number): void;
  /** Ends MPI, once all ranks are here. */
  close(): Promise<void>;
}

/** This process alone. */
export const NO_RANKS: OpenRanks = {
  ...ALONE,
  library: null,
  abort: (code) => process.exit(code),
  close: async () => {},
};

/**
 * The ranks that `mpirun` has started; nothing but this loads MPI.
 * @throws DataError where wgrad-mpi or MPI is not installed, with how to install it
 */
export async function openRanks(): Promise<OpenRanks> {
  const { communicator } = await import('wgrad-mpi').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new DataError('--distributed: the package wgrad-mpi is not installed; npm install wgrad-mpi', { cause });
  });
  return communicator();
}
