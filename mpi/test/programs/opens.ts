import { readFileSync } from 'node:fs';
import { communicator, findMpi } from 'wgrad-mpi';

// What a user is told: `opens.ts` prints the communicator or the error, `opens.ts find` the library, `opens.ts rewritten` how
// many kilobytes of the C library's code are no longer as they are in its file.

/** On Linux. */
function rewritten(): number {
  const regions = readFileSync('/proc/self/smaps', 'utf8').split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
  const code = regions.filter((region) => /^\S+ r-xp .*\/libc[.-]/.test(region));
  if (code.length === 0) throw new Error('no C library in /proc/self/smaps');
  return code.reduce((sum, region) => sum + Number(/Private_Dirty: +(\d+) kB/.exec(region)?.[1]), 0);
}

try {
  const ranks = await communicator();
  const { rank, size, library } = ranks;
  if (process.argv[2] === 'rewritten') {
    console.log(rewritten());
    await ranks.close();
  } else console.log(JSON.stringify(process.argv[2] === 'find' ? await findMpi() : { rank, size, library }));
} catch (error) {
  console.log(`${(error as Error).name}: ${(error as Error).message}`);
}
