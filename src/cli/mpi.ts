import { spawnSync } from 'node:child_process';

/** The MPI whose `mpirun` is on the path, in its own words: `mpirun (Open MPI) 4.1.4`; null without one. */
export function mpiVersion(command = 'mpirun'): string | null {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? versionIn(stdout) : null;
}

/** The line of `mpirun --version` that has name and version. */
export function versionIn(said: string): string | null {
  const [first = ''] = said.split('\n');
  const version = /^\s*Version:\s*(\S+)/m.exec(said)?.[1];
  // MPICH's launcher has many lines and says in none of them what it belongs to.
  if (/^HYDRA/i.test(first)) return `MPICH (Hydra) ${version ?? ''}`.trim();
  return first.trim() || null;
}
