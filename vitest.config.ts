import { defineConfig } from 'vitest/config';

// One process per file: a device lost in one suite cannot reach another. Two at a time: the software adapter takes all
// the cores that it finds, so more workers would only take turns.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
