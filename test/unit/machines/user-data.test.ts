import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FirstStart, mostUserData, userData } from '../../../src/machines/user-data.js';
import { Secret } from '../../../src/shell/word.js';
import { newHostKey } from '../../../src/tools/ssh/host-key.js';
import { isMissing } from '../../support/engines.js';

const path = fileURLToPath(new URL('../../../templates/machine/cloud-init.yaml', import.meta.url));
const template = readFileSync(path, 'utf8');
const hostKey = newHostKey().file;
const usual: FirstStart = { deadline: 86_400, loginUser: 'ubuntu', programs: [], hostKey };
const filled = (changes: Partial<FirstStart> = {}) => userData(template, { ...usual, ...changes }).reveal();

/** The lines of a block of YAML that `begin` opens, as YAML reads them. */
function block(text: string, begin: RegExp): string {
  const lines = text.slice((begin.exec(text)?.index ?? Number.NaN) || 0).split('\n');
  const first = lines.findIndex((line) => line.endsWith('|')) + 1;
  const depth = /^ */.exec(lines[first] ?? '')?.[0].length ?? 0;
  const end = lines.findIndex((line, place) => place > first && line !== '' && line.search(/\S/) < depth);
  return `${lines
    .slice(first, end === -1 ? undefined : end)
    .map((line) => line.slice(depth))
    .join('\n')
    .trim()}\n`;
}

describe('user data', () => {
  it('is far below what EC2 takes, and begins as cloud-init wants it', () => {
    expect(Buffer.byteLength(filled())).toBeLessThan(4 * 1024);
    expect(filled()).toMatch(/^#cloud-config\n/);
    expect(filled()).not.toMatch(/\{\{|\}\}/);
    expect(() => userData('x'.repeat(mostUserData + 1), usual)).toThrow(/more than EC2 takes/);
  });

  it('has the host key as its only secret, and is one itself', () => {
    const text = userData(template, usual);
    expect(`${text} ${JSON.stringify(text)}`).not.toContain('PRIVATE');
    expect(block(text.reveal(), /ed25519_private/)).toBe(hostKey.reveal());
    const other = filled({ hostKey: new Secret('HOST_KEY', 'another') });
    expect(other).toBe(text.reveal().replace(hostKey.reveal().trim().replaceAll('\n', '\n    '), 'another'));
  });

  it.each([
    { deadline: 0 },
    { deadline: Number.NaN },
    { deadline: Infinity },
    { loginUser: 'a;b' },
    { programs: ['a;b'] },
  ])('refuses %o', (changes) => {
    expect(() => filled(changes)).toThrow(RangeError);
  });

  it.skipIf(isMissing('cloud-init'))("passes cloud-init's own check", () => {
    const folder = mkdtempSync(join(tmpdir(), 'logistician-user-data-'));
    try {
      const check = (text: string) => {
        const file = join(folder, 'user-data');
        writeFileSync(file, text, { mode: 0o600 });
        return execFileSync('cloud-init', ['schema', '--config-file', file], { stdio: 'pipe' }).toString();
      };
      expect(check(filled({ programs: ['git-lfs'] }))).toContain('Valid');
      expect(() => check(filled().replace('bootcmd:', 'bootcmd: 1\nx:'))).toThrow();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('its scripts', () => {
  let folder: string;
  let bin: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logistician-boot-'));
    bin = join(folder, 'bin');
    mkdirSync(bin);
    has('systemctl', 'groupadd', 'usermod', 'sleep');
    for (const real of ['cat', 'mkdir']) writeProgram(real, `exec /bin/${real} "$@"`);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A machine has nothing but what is in `bin`; each notes how it was called. */
  function has(...programs: string[]): void {
    for (const name of programs) writeProgram(name, `echo "${name} $*" >>"${folder}/calls"`);
  }
  function writeProgram(name: string, text: string): void {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  function run(section: RegExp, programs: readonly string[] = []): string[] {
    const script = block(filled({ deadline: 3600.2, loginUser: 'ada', programs }), section);
    const moved = script.replaceAll('/run/systemd/system', `${folder}/units`);
    execFileSync('/bin/sh', ['-c', moved], { env: { PATH: bin }, stdio: 'pipe' });
    const calls = join(folder, 'calls');
    return existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [];
  }

  const always = [
    'systemctl enable --now docker',
    'groupadd --force docker',
    'usermod --append --groups docker ada',
  ];

  it('arm the deadline without waiting for it', () => {
    expect(run(/^bootcmd:/m)).toEqual(['systemctl start --no-block logistician-deadline.timer']);
    const unit = (name: string) =>
      readFileSync(join(folder, 'units', `logistician-deadline.${name}`), 'utf8');
    expect(unit('timer')).toMatch(/^DefaultDependencies=no$[\s\S]*^OnActiveSec=3601s$/m);
    expect(unit('service')).toMatch(/^ExecStart=\/bin\/systemctl --no-block poweroff$/m);
  });

  it('install nothing that is there', () => {
    has('docker', 'git', 'rsync', 'apt-get');
    expect(run(/^runcmd:/m)).toEqual(always);
  });

  it("install what is missing by Debian's packages", () => {
    has('rsync', 'apt-get');
    const install = 'apt-get -o DPkg::Lock::Timeout=300 --yes --no-install-recommends install docker.io git';
    expect(run(/^runcmd:/m)).toEqual(['apt-get update', install, ...always]);
  });

  it.each(['dnf', 'yum'])("install what is missing by Amazon's packages, with %s", (program) => {
    has('git', program);
    expect(run(/^runcmd:/m)).toEqual([`${program} --assumeyes install docker rsync`, ...always]);
  });

  it('install what a project wants only once Docker is there, and go on without it', () => {
    has('docker', 'rsync');
    writeProgram('dnf', `echo "dnf $3" >>"${folder}/calls"; [ "$3" = git ]`);
    const tries = Array.from({ length: 5 }, () => ['dnf git-lfs', 'sleep 10']);
    expect(run(/^runcmd:/m, ['rsync', 'git-lfs'])).toEqual(['dnf git', ...always, ...tries.flat()]);
  });

  it('try again, and go on all the same', () => {
    has('docker', 'git');
    writeProgram('apt-get', `echo "apt-get $1" >>"${folder}/calls"; exit 100`);
    const tries = Array.from({ length: 5 }, () => ['apt-get update', 'sleep 10']);
    expect(run(/^runcmd:/m)).toEqual([...tries.flat(), ...always]);
  });
});
