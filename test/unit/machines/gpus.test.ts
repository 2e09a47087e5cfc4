import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { here } from '../../../src/machines/connection.js';
import { BrokenGpus, findGpus, noteOfBeyond } from '../../../src/machines/gpus.js';
import { Executor } from '../../../src/shell/executor.js';
import { Journal } from '../../../src/shell/journal.js';
import { scratchFolder } from '../../support/repository.js';

describe('M7: the GPUs of this computer', () => {
  const tools = scratchFolder();
  const path = process.env.PATH;
  beforeAll(() => {
    process.env.PATH = `${tools}:${path}`;
  });
  afterAll(() => {
    process.env.PATH = path;
    rmSync(tools, { recursive: true });
  });

  const nothing = { ids: [], beyond: 0 };
  const engine = {
    version: '28.2.2',
    cpus: 4,
    memory: 8e9,
    architecture: 'x86_64',
    hasNvidia: true,
    users: 'own' as const,
  };
  const find = (nvidiaSmi: string, wish: 'auto' | 'none', hasNvidia = true) => {
    writeFileSync(join(tools, 'nvidia-smi'), `#!/bin/sh\n${nvidiaSmi}\n`, { mode: 0o755 });
    const executor = new Executor(new Journal(() => {}));
    return findGpus(executor, here('here'), { ...engine, hasNvidia }, wish);
  };

  it('are the numbers that nvidia-smi lists', async () => {
    expect(await find('echo "No NVML"; echo 0; echo 1', 'auto')).toEqual({ ids: ['0', '1'], beyond: 0 });
  });

  it('are told of, where Docker has no runtime for them, unless jobs want none or none works', async () => {
    const two = await find('echo 0; echo 1', 'auto', false);
    expect(two).toEqual({ ids: [], beyond: 2 });
    expect(noteOfBeyond(two)).toMatch(
      /^Docker has no NVIDIA runtime for this computer's 2 GPUs, so jobs run on the CPU/,
    );
    expect(await find('echo 0; echo 1', 'none', false)).toEqual(nothing);
    expect(await find('echo "No devices were found"; exit 6', 'auto', false)).toEqual(nothing);
    expect(noteOfBeyond(nothing)).toBeNull();
  });

  it.each([
    ['echo "No devices were found"; exit 6', 'ended with exit code 6: No devices were found'],
    ['echo "Failed to initialize NVML"', 'says: Failed to initialize NVML'],
  ])(
    'are told to be broken in its words, and asked for by no job that wants none: %s',
    async (says, words) => {
      const broken = await find(says, 'auto').catch((error) => error);
      expect(broken).toBeInstanceOf(BrokenGpus);
      expect(broken.message).toContain(words);
      expect(broken.suggestions).toContain('"gpus": "none"    # in parameters.json, for jobs without GPUs');
      expect(await find(says, 'none')).toEqual(nothing);
    },
  );
});
