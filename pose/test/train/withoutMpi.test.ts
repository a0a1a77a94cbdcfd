import { expect, test } from 'vitest';
import { OPEN_MPI, OTHERS, RANKS, runAlone, runEach } from '../../../mpi/test/mpirun.js';

const MAIN = 'pose/src/cli/main.ts';
const ARGS = ['train', '--distributed', '--workers', '0', '--backend', 'cpu'];
const env = { WGRAD_MPI: '/nowhere/libmpi.so' };
/** Far more than any of these takes. */
const LIMIT = { timeout: 600_000 };

const line = expect.stringMatching(
  /^wgrad-pose: WGRAD_MPI=\/nowhere\/libmpi\.so: .*install Open MPI: sudo apt-get install/,
);

test('without MPI, --distributed is one line', LIMIT, async () => {
  const { code, said } = await runAlone(MAIN, ARGS, { env });
  expect({ code, lines: said.trimEnd().split('\n') }).toEqual({ code: 2, lines: [line] });
});

test.runIf(RANKS.length > 0).each([OPEN_MPI, ...OTHERS])(
  'without MPI, three ranks of $mpi say so once',
  LIMIT,
  async (launcher) => {
    const { code, said } = await runEach(Array(3).fill({ file: MAIN, args: ARGS, env }), { launcher });
    const lines = said.split('\n').filter((text) => text.startsWith('wgrad-pose: '));
    expect({ code, lines }).toEqual({ code: 2, lines: [line] });
  },
);
