import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderCommand } from '../../../src/shell/command.js';
import { copyHere, copyThere, isConnectionLoss } from '../../../src/tools/rsync/lines.js';
import { isMissing } from '../../support/engines.js';

const there = { config: '/exp/.logistician/ssh_config', machine: 'gpu1' };

describe('rsync', () => {
  it('brings folders home, each into its own, and deletes nothing', () => {
    const paths = ['/l/x/./run-1/data', '/l/x/./run 2/data'];
    const line = renderCommand(copyHere(there, paths, '/exp/runs/'));
    expect(line).toContain(`--rsh 'ssh -F /exp/.logistician/ssh_config'`);
    expect(line.endsWith(` gpu1:/l/x/./run-1/data ':/l/x/./run 2/data' /exp/runs/`)).toBe(true);
    for (const never of ['--delete', '--owner', '--group', '--archive', '--devices'])
      expect(line).not.toContain(never);
  });

  it('brings files there', () => {
    expect(renderCommand(copyThere('/data/a b/', there, '/l/inputs/a'))).toMatch(
      /^rsync .* --rsh 'ssh -F \S+' '\/data\/a b\/' gpu1:\/l\/inputs\/a$/,
    );
    expect(renderCommand(copyThere('/lfs/', there, '/l/lfs/', '6f/c1/6fc1\n'))).toMatch(
      /^printf %s '6f\/c1\/6fc1\n' \| rsync .* --files-from=- --rsh 'ssh -F \S+' \/lfs\/ gpu1:\/l\/lfs\/$/,
    );
  });

  it.skipIf(isMissing('rsync')).each(['/plain/ssh_config', '/two words/c', `/it's/c`, `/"quoted" c/c`])(
    'finds %s, by its own rules of quoting',
    (config) => {
      const bin = mkdtempSync(join(tmpdir(), 'logistician-'));
      writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nprintf '%s|' "$@" >&2\nexit 9\n`, { mode: 0o755 });
      const { argv } = copyThere('/etc/hostname', { config, machine: 'gpu1' }, '/tmp/x');
      const [program = '', ...words] = argv.map(String);
      const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
      const { stderr } = spawnSync(program, words, { env });
      rmSync(bin, { recursive: true });
      expect(stderr.toString().split('|').slice(0, 3)).toEqual(['-F', config, 'gpu1']);
    },
  );

  it.each([
    [255, true],
    [12, true],
    [23, false],
    [24, false],
    [1, false],
  ])('code %d speaks of the connection: %s', (code, is) => {
    expect(isConnectionLoss(code)).toBe(is);
  });
});
