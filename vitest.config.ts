import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{api,workflows,activities,worker,shared,cli,sample,test}/**/*.test.ts'],
    globalSetup: 'test/global-setup.ts',
    // Files run side by side, each with a database of its own; the servers need room on the machine too.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
