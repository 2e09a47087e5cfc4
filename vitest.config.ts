import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** A test that has not ended after so many milliseconds, on a computer that has much else to do, never would. */
const timeout = 600_000;

const project = (
  name: string,
  more: TestProjectInlineConfiguration['test'],
  folders = [name],
): TestProjectInlineConfiguration => ({
  test: {
    name,
    include: folders.map((folder) => `test/${folder}/**/*.test.ts`),
    exclude: process.env.LOGISTICIAN_TEST_ALL ? [] : ['test/**/*.slow.test.ts'],
    testTimeout: timeout,
    hookTimeout: timeout,
    ...more,
  },
});

/** File after file in one process, which each of them leaves as it was. */
const inTurn = { fileParallelism: false, isolate: false };

const withMachines = { globalSetup: ['test/support/make-machine-image.ts'] };

export default defineConfig({
  test: {
    projects: [
      // They keep to themselves: a process for each of their files would be half of their time.
      project('unit', { isolate: false }),
      project('integration', inTurn),
      project('e2e', inTurn),
      project('attack', withMachines),
      project('hosts', withMachines),
      project('cloud', {}, ['cloud', 'cloud-api']),
    ],
  },
});
