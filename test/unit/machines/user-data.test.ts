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

const templateOf = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../templates/machine/${name}`, import.meta.url)), 'utf8');
const template = templateOf('cloud-init.yaml');
const idle = templateOf('idle.sh');
const hostKey = newHostKey().file;
const usual: FirstStart = {
  deadline: 86_400,
  unused: 1800,
  idle,
  loginUser: 'ubuntu',
  programs: [],
  hostKey,
};
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
    expect(Buffer.byteLength(filled())).toBeLessThan(6 * 1024);
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
    { unused: 0 },
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
    writeProgram('sysctl', '');
    for (const real of ['cat', 'mkdir', 'rm', 'sh']) writeProgram(real, `exec /bin/${real} "$@"`);
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
    const moved = script
      .replaceAll('/run/systemd/system', `${folder}/units`)
      .replaceAll('/run/logistician-', `${folder}/`);
    execFileSync('/bin/sh', ['-c', moved], { env: { PATH: bin }, stdio: 'pipe' });
    const calls = join(folder, 'calls');
    return existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [];
  }

  /** C5: an upgrade would restart Docker under a job. */
  const masked = 'systemctl mask --now apt-daily.timer apt-daily-upgrade.timer unattended-upgrades.service';
  const always = [
    'systemctl enable --now docker',
    'groupadd --force docker',
    'usermod --append --groups docker ada',
  ];

  it('arm the deadline without waiting for it', () => {
    expect(run(/^bootcmd:/m)).toEqual([
      'systemctl daemon-reload',
      'systemctl start --no-block logistician-deadline.timer logistician-unused.timer',
    ]);
    const unit = (name: string) => readFileSync(join(folder, 'units', `logistician-${name}`), 'utf8');
    expect(unit('deadline.timer')).toMatch(/^DefaultDependencies=no$[\s\S]*^OnActiveSec=3601s$/m);
    expect(unit('deadline.service')).toMatch(/^ExecStart=\/bin\/systemctl --no-block poweroff$/m);
    expect(unit('unused.timer')).toMatch(/^OnActiveSec=1800s$[\s\S]*^OnUnitInactiveSec=60s$/m);
    expect(unit('unused.service')).toMatch(/^ExecStart=\/bin\/sh \S+\/unused\.sh$/m);
  });

  describe('B2: end a machine to which no job came', () => {
    /** Whether it powers off. @param there what there is */
    function ends(
      there: { idle?: boolean; delivered?: boolean; container?: boolean; process?: string } = {},
    ) {
      run(/^bootcmd:/m);
      const { idle = false, delivered = false, container = false, process = '' } = there;
      const calls = join(folder, 'calls');
      writeProgram(
        'systemctl',
        `case "$*" in *is-active*) exit ${idle ? 0 : 3} ;; *) echo "systemctl $*" >>"${calls}" ;; esac`,
      );
      const mark = join(folder, 'delivered');
      if (delivered) writeFileSync(mark, '');
      isThere({ container, process });
      moveScripts();
      call('unused.sh');
      return isOff();
    }

    it('which nothing else does', () => {
      expect(ends()).toBe(true);
    });

    it.each([
      ['that stops when it is idle', { idle: true }],
      ['of spot that has its job', { delivered: true }],
      ['to which files are being copied', { process: 'rsync --server' }],
      ['whose runner is running', { process: 'sh /home/ada/x/runner.sh work /home/ada/x 1' }],
      ['whose runner was killed, and whose job runs', { container: true }],
    ])('not one %s', (_, there) => {
      expect(ends(there)).toBe(false);
    });
  });

  describe('end a machine that is idle', () => {
    /** What the timer finds, minute after minute. @returns in which minute it powered off; null: in none */
    function offAfter(minutes: number, there: (minute: number) => There, clock = (minute: number) => minute) {
      run(/^bootcmd:/m);
      moveScripts();
      for (let minute = 0; minute < minutes; minute++) {
        isThere(there(minute));
        writeFileSync(join(folder, 'uptime'), `${1000 + minute * 60}.25 4.00\n`);
        // Of the time of day there is nothing it could ask.
        writeProgram('date', `echo ${clock(minute) * 60}`);
        call('idle.sh', '600');
        if (isOff()) return minute;
      }
      return null;
    }

    it('ten minutes after its last work', () => {
      expect(offAfter(30, () => ({}))).toBe(10);
      rmSync(join(folder, 'idle'), { force: true });
      expect(offAfter(30, (minute) => ({ container: minute === 7 }))).toBe(18);
    });

    it.each([
      ['forwards', (minute: number) => minute + (minute > 3 ? 100_000 : 0)],
      ['backwards', (minute: number) => minute - (minute > 3 ? 100_000 : 0)],
    ])('also where the clock is set %s', (_, clock) => {
      expect(offAfter(30, () => ({}), clock)).toBe(10);
    });

    it.each([
      ['a command polls', { process: 'sh /home/ada/x/runner.sh report /home/ada/x' }],
      ['a user follows the log', { process: 'sh /home/ada/x/runner.sh log /home/ada/x/job 0 follow' }],
      ['Docker hangs', { hangs: true }],
    ])('also while %s', (_, there) => {
      expect(offAfter(30, () => there)).toBe(10);
    });

    it.each([
      ['a container', { container: true }],
      ['a runner', { process: 'sh /home/ada/x/runner.sh work /home/ada/x 1' }],
      ['a delivery', { process: 'sh /home/ada/x/runner.sh deliver /home/ada/x' }],
      ['an upload', { process: 'git-receive-pack /home/ada/x.git' }],
    ])('and not one with %s', (_, there) => {
      expect(offAfter(30, () => there)).toBe(null);
    });
  });

  interface There {
    readonly container?: boolean;
    /** The command line of a process. */
    readonly process?: string;
    /** Docker does not answer. */
    readonly hangs?: boolean;
  }

  /** What a machine's programs say of it. */
  function isThere({ container = false, process = '', hangs = false }: There): void {
    writeProgram('docker', container ? 'echo 0123' : '');
    writeProgram('timeout', hangs ? 'exit 124' : 'shift; exec "$@"');
    // As pgrep reads them: by name, or by the whole line.
    const name = (process.split(' ')[0] ?? '').slice(0, 15);
    writeProgram(
      'pgrep',
      `text='${name}'; [ "$1" = -x ] && set -- -x "^($2)$" || text='${process}'; echo "$text" | /bin/grep -Eq "$2"`,
    );
  }

  /** Has the scripts of the boot know the test's folders alone. */
  function moveScripts(): void {
    for (const name of ['idle.sh', 'unused.sh']) {
      const text = readFileSync(join(folder, name), 'utf8')
        .replaceAll('/run/logistician-', `${folder}/`)
        .replace('/var/lib/logistician-delivered', join(folder, 'delivered'))
        .replace('/dev/pts', join(folder, 'pts'))
        .replace('/proc/uptime', join(folder, 'uptime'));
      writeFileSync(join(folder, name), text);
    }
    writeFileSync(join(folder, 'uptime'), '1000.25 4.00\n');
    rmSync(join(folder, 'calls'), { force: true });
  }

  const call = (name: string, ...words: string[]) =>
    execFileSync('/bin/sh', [join(folder, name), ...words], { env: { PATH: bin }, stdio: 'pipe' });

  const isOff = () => {
    const calls = join(folder, 'calls');
    return existsSync(calls) && readFileSync(calls, 'utf8').includes('systemctl --no-block poweroff');
  };

  it('install nothing that is there', () => {
    has('docker', 'git', 'rsync', 'apt-get');
    expect(run(/^runcmd:/m)).toEqual([masked, ...always]);
  });

  it("install what is missing by Debian's packages", () => {
    has('rsync', 'apt-get');
    const install = 'apt-get -o DPkg::Lock::Timeout=300 --yes --no-install-recommends install';
    writeProgram(
      'apt-get',
      `echo "apt-get $*" >>"${folder}/calls"; case "$*" in *docker.io*) /bin/ln -s no "${bin}/docker" ;; esac`,
    );
    // A docker without BuildKit.
    writeProgram('no', 'exit 1');
    expect(run(/^runcmd:/m).filter((call) => call !== 'apt-get update')).toEqual([
      masked,
      `${install} docker.io git`,
      `${install} docker-buildx`,
      ...always,
    ]);
  });

  it('A4: install the client too, where it is a package of its own', () => {
    has('git', 'rsync', 'apt-get');
    const calls = run(/^runcmd:/m).filter((call) => /install/.test(call));
    expect(calls.map((call) => call.replace(/^.* install /, ''))).toEqual([
      'docker.io',
      'docker-cli',
      'docker-buildx',
    ]);
  });

  it.each(['dnf', 'yum'])("install what is missing by Amazon's packages, with %s", (program) => {
    has('git', program);
    expect(run(/^runcmd:/m)).toEqual([
      masked,
      `${program} --assumeyes install docker rsync`,
      `${program} --assumeyes install docker-cli`,
      `${program} --assumeyes install docker-buildx`,
      ...always,
    ]);
  });

  it('install what a project wants only once Docker is there, and go on without it', () => {
    has('docker', 'rsync');
    writeProgram('dnf', `echo "dnf $3" >>"${folder}/calls"; [ "$3" = git ]`);
    const tries = Array.from({ length: 5 }, () => ['dnf git-lfs', 'sleep 10']);
    expect(run(/^runcmd:/m, ['rsync', 'git-lfs'])).toEqual([masked, 'dnf git', ...always, ...tries.flat()]);
  });

  it('try again, and go on all the same', () => {
    has('docker', 'git');
    writeProgram('apt-get', `echo "apt-get $1" >>"${folder}/calls"; exit 100`);
    const tries = Array.from({ length: 5 }, () => ['apt-get update', 'sleep 10']);
    expect(run(/^runcmd:/m)).toEqual([masked, ...tries.flat(), ...always]);
  });
});
