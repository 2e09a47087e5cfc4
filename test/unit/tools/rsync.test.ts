import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderCommand } from '../../../src/shell/command.js';
import { readComplaints } from '../../../src/tools/rsync/complaints.js';
import { copyHere, copyThere, isConnectionLoss } from '../../../src/tools/rsync/lines.js';
import { parseVersion } from '../../../src/tools/rsync/program.js';
import { isMissing } from '../../support/engines.js';

const usual = { isPlain: false };
const there = { config: '/exp/.logistician/ssh_config', machine: 'gpu1' };

describe('rsync', () => {
  it('brings folders home, each into its own, and deletes nothing', () => {
    const paths = ['run-1/data', 'run 2/data'];
    const line = renderCommand(copyHere(there, '/l/x y', paths, '/exp/runs/', usual));
    expect(line).toMatch(/^printf %s 'run-1\/data\nrun 2\/data\n' \| rsync .* --files-from=- /);
    expect(line).toContain(`--rsh 'ssh -F /exp/.logistician/ssh_config'`);
    expect(line.endsWith(` 'gpu1:/l/x y/' /exp/runs/`)).toBe(true);
    for (const never of ['--delete', '--owner', '--group', '--archive', '--devices'])
      expect(line).not.toContain(never);
  });

  it('brings files there', () => {
    expect(renderCommand(copyThere('/data/a b/', there, '/l/inputs/a', usual))).toMatch(
      /^rsync .* --rsh 'ssh -F \S+' '\/data\/a b\/' gpu1:\/l\/inputs\/a$/,
    );
    expect(renderCommand(copyThere('/lfs/', there, '/l/lfs/', usual, { list: '6f/c1/6fc1\n' }))).toMatch(
      /^printf %s '6f\/c1\/6fc1\n' \| rsync .* --files-from=- --rsh 'ssh -F \S+' \/lfs\/ gpu1:\/l\/lfs\/$/,
    );
  });

  it('L15: copies there what the machine has already', () => {
    const line = renderCommand(copyThere('/r/state', there, '/l/2/data/', usual, { alike: '/l/1/data' }));
    expect(line).toContain(' --copy-dest=/l/1/data --rsh ');
    expect(line).toContain(' --sparse ');
  });

  it.skipIf(isMissing('rsync')).each(['/plain/ssh_config', '/two words/c', `/it's/c`, `/"quoted" c/c`])(
    'finds %s, by its own rules of quoting',
    (config) => {
      const bin = mkdtempSync(join(tmpdir(), 'logistician-'));
      writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nprintf '%s|' "$@" >&2\nexit 9\n`, { mode: 0o755 });
      const { argv } = copyThere('/etc/hostname', { config, machine: 'gpu1' }, '/tmp/x', usual);
      const [program = '', ...words] = argv.map(String);
      const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
      const { stderr } = spawnSync(program, words, { env });
      rmSync(bin, { recursive: true });
      expect(stderr.toString().split('|').slice(0, 3)).toEqual(['-F', config, 'gpu1']);
    },
  );

  it.each([
    ['rsync  version 3.2.7  protocol version 31\n', '3.2.7', false],
    ['rsync  version v3.4.1  protocol version 32\n', '3.4.1', false],
    ['rsync  version 2.6.9  protocol version 29\n', '2.6.9', true],
    [
      'openrsync: protocol version 29\nrsync version 2.6.9 compatible\n',
      'openrsync: protocol version 29',
      true,
    ],
    ['something else\n', '', false],
  ])('M14: %j is known for what it is', (text, version, isPlain) => {
    expect(parseVersion(text)).toEqual({ version, isPlain });
  });

  it('M14: of macOS is given the words that it knows, and a path is one word of the shell there', () => {
    const known = ['--recursive', '--links', '--perms', '--times', '--partial-dir=.rsync-partial'];
    known.push('--timeout=60', '--relative', '--files-from=-', '--rsh');
    const plain = { isPlain: true };
    const lines = [
      copyHere(there, `/home/a b/it's $HOME`, ['r/data'], '/runs/', plain),
      copyThere('/data/', there, `/home/a b/it's $HOME`, plain, { list: 'x\n' }),
    ];
    for (const { argv } of lines) {
      const words = argv.map(String).filter((word) => word.startsWith('--'));
      expect(words.filter((word) => !known.includes(word))).toEqual([]);
      const path = argv
        .map(String)
        .find((word) => word.startsWith('gpu1:'))
        ?.slice('gpu1:'.length);
      const read = spawnSync('sh', ['-c', `printf %s ${path}`]).stdout.toString();
      expect(read.replace(/\/$/, '')).toBe(`/home/a b/it's $HOME`);
    }
  });

  it.skipIf(isMissing('rsync'))('M17: takes more folders than it takes words', () => {
    const folder = mkdtempSync(join(tmpdir(), 'logistician-'));
    // What goes over SSH is run here.
    const reach = '#!/bin/sh\nwhile [ "$1" != gpu1 ]; do shift; done\nshift\nexec sh -c "$*"\n';
    writeFileSync(join(folder, 'ssh'), reach, { mode: 0o755 });
    const paths = Array.from({ length: 1100 }, (_, n) => `20261129-014049602-args-${n}-43de3a417d/data`);
    const existing = [paths[0], paths[999], paths[1099]].map(String);
    for (const path of existing) mkdirSync(join(folder, 'there', path), { recursive: true });
    const copy = copyHere(there, join(folder, 'there'), paths, `${folder}/here/`, usual);
    const [program = '', ...words] = copy.argv.map(String);
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const input = copy.input && 'text' in copy.input ? String(copy.input.text) : '';
    const { status, stderr } = spawnSync(program, words, { env, input });
    expect(readComplaints(status ?? -1, stderr.toString())).toMatchObject({
      vanished: { length: paths.length - existing.length },
      unreadable: [],
      other: [],
    });
    expect(new Set(readdirSync(join(folder, 'here')).map((run) => `${run}/data`))).toEqual(new Set(existing));
    rmSync(folder, { recursive: true });
  });

  it.each([
    [255, '', true],
    [12, 'rsync: connection unexpectedly closed\n', true],
    [23, '', false],
    [24, '', false],
    [1, '', false],
    [1, 'openrsync(7): error: poll: hangup on nonblocking write\n', true],
    [
      10,
      'openrsync(7): error: a/.b.UYIHF: write: No space left on device\nrsync error: in socket IO\n',
      false,
    ],
  ])('M14: code %d, with %j, speaks of the connection: %s', (code, stderr, is) => {
    expect(isConnectionLoss(code, stderr)).toBe(is);
  });
});
