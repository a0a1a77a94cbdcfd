// Open MPI, on which the tests of several ranks run. Nothing else needs it, so only `npm test` and `npm run setup` offer it.

import { spawnSync } from 'node:child_process';
import { canInstall, withApt } from './mesa.mjs';

const PACKAGES = ['openmpi-bin', 'libopenmpi-dev'];

/** What is said where it is missing: what is lost, and how to get it. */
export const WITHOUT_MPI =
  'no mpirun of Open MPI here, so distributed training is not tested on several ranks; ' +
  `to have it tested: ${adviceOn(process.platform)}`;

/** The command that installs Open MPI. */
export function adviceOn(platform) {
  if (platform === 'darwin') return 'brew install open-mpi';
  if (platform === 'win32') return 'use WSL, since Open MPI does not run on Windows';
  return `sudo apt-get install ${PACKAGES.join(' ')} (Debian, Ubuntu), sudo dnf install openmpi (Fedora)`;
}

/** Whether the `mpirun` on the path is Open MPI's. */
export function hasMpirun() {
  return /open.?mpi/i.test(spawnSync('mpirun', ['--version'], { encoding: 'utf8' }).stdout ?? '');
}

/** Whether MPICH is there beside it, as Debian's package `mpich` installs it: its `mpirun` has a name of its own there. */
export function hasMpich() {
  return /hydra/i.test(spawnSync('mpirun.mpich', ['--version'], { encoding: 'utf8' }).stdout ?? '');
}

/** Installs Open MPI where that needs nobody's leave but an answer; else says how to. @param agreed asks a question */
export async function ensureMpi(agreed) {
  if (hasMpirun()) return;
  if (!canInstall()) return console.log(`setup: ${WITHOUT_MPI}`);
  if (!(await agreed(`setup: no Open MPI here; installing it for the tests (${PACKAGES.join(', ')}, by apt-get).`)))
    return;
  try {
    withApt((apt) => apt('apt-get', ['install', '-y', '--no-install-recommends', ...PACKAGES]));
  } catch (error) {
    console.log(`setup: Open MPI could not be installed: ${error.message}`);
  }
}
