import { setTimeout } from 'node:timers/promises';
import { isExpected, USER_ERROR } from './failRank.js';

/** Where launchers tell a process which it is of those on its machine. */
const HYDRA = 'MPI_LOCALRANKID';
const OTHERS = ['OMPI_COMM_WORLD_LOCAL_RANK', 'SLURM_LOCALID'];

/** Milliseconds in which a launcher that ends the other ranks with the first has done so. */
const UNTIL_ENDED = 10_000;

/**
 * Fails a rank that has no MPI to tell the others with. They have the same machine and so the same fault, which its first rank
 * says for all. MPICH's launcher, Hydra, waits for each, so they end in silence. Open MPI's ends them when the first has ended;
 * if they ended before it, it would be ended unheard. One that is left alone speaks after all.
 * @throws the error, for those who speak
 */
export async function failUnopened(error: unknown): Promise<never> {
  const isBehind = (name: string) => Number(process.env[name] ?? 0) > 0;
  if (isExpected(error) && isBehind(HYDRA)) process.exit(USER_ERROR);
  if (OTHERS.some(isBehind)) await setTimeout(UNTIL_ENDED);
  throw error;
}
