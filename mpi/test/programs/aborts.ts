import { communicator } from 'wgrad-mpi';

// The last rank gives up while the others wait for it.

const ranks = await communicator();
if (ranks.rank === ranks.size - 1) {
  process.stderr.write(`rank ${ranks.rank} gives up\n`);
  ranks.abort(7);
}
await ranks.barrier();
