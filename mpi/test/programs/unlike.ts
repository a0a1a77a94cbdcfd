import { communicator } from 'wgrad-mpi';

// Each rank gives one element more than the one before it; those that see it say so and end all.

const ranks = await communicator();
try {
  await ranks.allReduce(new Float32Array(4 + ranks.rank), 'sum');
} catch (error) {
  process.stderr.write(`${(error as Error).name}: ${(error as Error).message}\n`);
  ranks.abort(2);
}
await ranks.barrier();
