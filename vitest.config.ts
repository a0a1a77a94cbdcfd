import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// One process per file: a device lost in one suite cannot reach another. Two at a time: the software adapter takes all
// the cores that it finds, so more workers would only take turns.
export default defineConfig({
  // Tests run the sources: what imports the packages by name gets them too.
  resolve: {
    alias: [
      { find: /^wgrad$/, replacement: source('./src/index.ts') },
      { find: /^wgrad\/(.+)$/, replacement: source('./src/$1/index.ts') },
      { find: /^wgrad-mpi$/, replacement: source('./mpi/src/index.ts') },
      { find: /^wgrad-pose$/, replacement: source('./pose/src/index.ts') },
      { find: /^wgrad-pose\/node$/, replacement: source('./pose/src/node/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'mpi/test/**/*.test.ts', 'pose/test/**/*.test.ts', 'lab/test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // What tests start in processes and threads of their own runs the sources too, whatever folder it runs in.
    env: { TSX_TSCONFIG_PATH: source('./tsconfig.json') },
    // Far beyond what any test takes on a quiet machine: none fails because a machine is slow.
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
