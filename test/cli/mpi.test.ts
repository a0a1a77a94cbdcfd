import { expect, test } from 'vitest';
import { format } from '../../src/cli/doctor.js';
import { mpiVersion, versionIn } from '../../src/cli/mpi.js';

test.each([
  ['mpirun (Open MPI) 4.1.4\n\nReport bugs to http://www.open-mpi.org/community/help/\n', 'mpirun (Open MPI) 4.1.4'],
  ['HYDRA build details:\n    Version:                                 4.0.2\n    CC: gcc\n', 'MPICH (Hydra) 4.0.2'],
  ['Intel(R) MPI Library for Linux* OS, Version 2021.11\n', 'Intel(R) MPI Library for Linux* OS, Version 2021.11'],
  ['', null],
])('what mpirun says of itself: %j', (said, version) => {
  expect(versionIn(said)).toBe(version);
});

test('no mpirun is no MPI', () => {
  expect(mpiVersion('mpirun-that-is-not-there')).toBeNull();
});

test('the doctor says which MPI there is, or how to install it', () => {
  const facts = { node: '20', platform: 'linux x64', cores: 2, memory: { total: 1, free: 1 }, webgpu: null };
  const diagnosis = { ...facts, adapter: null, backend: 'cpu', findings: [] } as const;
  expect(format({ ...diagnosis, mpi: 'mpirun (Open MPI) 4.1.4' })).toMatch(/^mpi +mpirun \(Open MPI\) 4\.1\.4$/m);
  expect(format({ ...diagnosis, mpi: null })).toMatch(/^mpi +none; .*sudo apt-get install openmpi-bin libopenmpi-dev/m);
});
