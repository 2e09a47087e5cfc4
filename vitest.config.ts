import { defineConfig } from 'vitest/config';

const project = (
  name: string,
  timeout: number,
  parallel: boolean,
  globalSetup: string[] = [],
  folders = [name],
) => ({
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
      project('unit', 20_000, true),
      project('integration', 120_000, false),
      project('e2e', 300_000, false),
      project('hosts', 300_000, true, ['test/support/make-machine-image.ts']),
      project('cloud', 300_000, true, [], ['cloud', 'cloud-api']),
    ],
  },
});
