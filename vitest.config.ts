import { defineConfig } from 'vitest/config';

/** Unit and integration tests sit beside their code; behaviour in a browser sits in e2e/. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{packages,server,web,scripts}/**/*.test.ts',
            '{packages,server,web}/**/*.test.tsx',
          ],
          // They end what hangs; a crowded machine alone must not reach them.
          testTimeout: 180_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: 20_000 } },
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: 30_000 } },
          fileParallelism: false,
        },
      },
    ],
  },
});
