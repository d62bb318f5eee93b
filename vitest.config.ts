import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    // PostgreSQL and Temporal need processor time beside the test files.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Projects with a higher group start after those with a lower one have ended.
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{api,workflows,activities,worker,shared,cli,sample}/**/*.test.ts'],
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'service',
          include: ['test/**/*.test.ts'],
          exclude: ['test/chaos/**'],
          globalSetup: 'test/global-setup.ts',
          // Each file has its own database and task queues, so files can share a process and what it has imported.
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'chaos',
          include: ['test/chaos/*.test.ts'],
          globalSetup: 'test/chaos/global-setup.ts',
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'chaos-long',
          include: ['test/chaos/long/*.test.ts'],
          globalSetup: 'test/chaos/global-setup.ts',
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
