import { parentPort } from 'node:worker_threads';

/** A thread that ends, in one way or another, when it is asked to. */
parentPort?.on('message', ({ task }: { task: string }) => {
  if (task === 'exit') process.exit(7);
  setImmediate(() => {
    throw new Error('out of luck\nand more');
  });
});
