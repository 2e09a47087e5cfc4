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
    // What a command said is in the message of the assertion that failed, which is all that a report of many has.
    chaiConfig: { truncateThreshold: 4000 },
    ...more,
  },
});

/** File after file in each process, which each of them leaves as it was. */
const inTurn = { isolate: false };

const withMachines = { ...inTurn, globalSetup: ['test/support/make-machine-image.ts'] };

export default defineConfig({
  test: {
    projects: [
      // They keep to themselves: a process for each of their files would be half of their time.
      project('unit', inTurn),
      project('integration', inTurn),
      project('e2e', inTurn),
      project('attack', withMachines),
      project('hosts', withMachines),
      project('cloud', inTurn, ['cloud', 'cloud-api']),
    ],
  },
});
