import { defineConfig } from 'vitest/config';

/** A test that has not ended after so many milliseconds, on a computer that has much else to do, never would. */
const timeout = 600_000;

const project = (name: string, parallel: boolean, globalSetup: string[] = [], folders = [name]) => ({
  test: {
    name,
    include: folders.map((folder) => `test/${folder}/**/*.test.ts`),
    testTimeout: timeout,
    hookTimeout: timeout,
    fileParallelism: parallel,
    globalSetup,
  },
});

export default defineConfig({
  test: {
    projects: [
      // They keep to themselves: a process for each of their files would be half of their time.
      { test: { ...project('unit', true).test, isolate: false } },
      project('integration', false),
      project('e2e', false),
      project('hosts', true, ['test/support/make-machine-image.ts']),
      project('cloud', true, [], ['cloud', 'cloud-api']),
    ],
  },
});
