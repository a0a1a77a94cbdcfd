import { DataError } from 'wgrad';

/** Whose protocol started this process: PMI is that of MPICH and of some Slurms, PMIx that of Open MPI and of others. */
export type Launcher = 'Open MPI' | 'PMI' | 'PMIx';

/**
 * Who started this process as one of several ranks; undefined for a process of its own.
 * @throws DataError if Slurm started several processes that cannot find each other
 */
export function launcherOf(env: Readonly<Record<string, string | undefined>>): Launcher | undefined {
  if (env.OMPI_COMM_WORLD_SIZE !== undefined) return 'Open MPI';
  if (env.PMI_RANK !== undefined || env.PMI_FD !== undefined) return 'PMI';
  if (env.PMIX_RANK !== undefined) return 'PMIx';
  const tasks = Number(env.SLURM_STEP_NUM_TASKS ?? 1);
  if (tasks > 1) {
    throw new DataError(
      `MPI: srun started ${tasks} processes and tells none of the others; start them with srun --mpi=pmix, or with mpirun`,
    );
  }
  return undefined;
}
