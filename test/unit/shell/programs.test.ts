import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { installLines, linesThatInstall } from '../../../src/shell/programs.js';

describe('the line that installs a program', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  /** A PATH on which these programs are. */
  const pathWith = (...names: string[]) => {
    const folder = mkdtempSync(join(tmpdir(), 'logistician-programs-'));
    folders.push(folder);
    for (const name of names) {
      writeFileSync(join(folder, name), '');
      chmodSync(join(folder, name), 0o755);
    }
    return `/nonexistent:${folder}`;
  };

  it.each([
    ['apt-get', 'sudo apt-get install openssh-client'],
    ['dnf', 'sudo dnf install openssh-clients'],
    ['pacman', 'sudo pacman -S openssh'],
    ['zypper', 'sudo zypper install openssh-clients'],
    ['apk', 'sudo apk add openssh-client'],
    ['brew', 'brew install openssh'],
  ])('is that of %s where it is on the PATH', (manager, line) => {
    expect(installLines('ssh', pathWith(manager, 'sh'))).toEqual([line]);
    expect(installLines('rsync', pathWith(manager))[0]).toMatch(/ rsync$/);
  });

  it('names each package that it may be, and is none where no way is known', () => {
    expect(installLines('docker', pathWith('apt-get', 'brew'))).toEqual(['sudo apt-get install docker.io']);
    expect(installLines('docker-buildx', pathWith('apt-get'))).toHaveLength(2);
    expect(installLines('git', pathWith('sh'))).toEqual([]);
  });

  it.each([
    ['the first that the system has', 'docker-buildx', ['sudo apt-get install docker-buildx']],
    ['the other', 'docker-buildx-plugin', ['sudo apt-get install docker-buildx-plugin']],
    ['its page where the system has none', 'none', [expect.stringMatching(/^https:.*buildx.*# no package/)]],
  ])('N6: is of a package that exists: %s', async (_, known, lines) => {
    const ask = async (...argv: string[]) => (argv.includes(known) ? `Package: ${known}\nVersion: 1\n` : '');
    expect(await linesThatInstall('docker-buildx', ask, pathWith('apt-get'))).toEqual(lines);
  });
});
