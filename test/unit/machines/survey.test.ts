import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lacksFor, lacksOf, NotReady, needsOfSource } from '../../../src/machines/lacks.js';
import { parseSurvey, type Survey } from '../../../src/machines/survey.js';
import { scratchFolder } from '../../support/repository.js';

const script = fileURLToPath(new URL('../../../templates/machine/survey.sh', import.meta.url));
const now = new Date(1_800_000_000_000);

const good = `logistician survey
home /home/ada
user 1000 1001 ada
groups 1001 27
clock 1800000002
has git
has rsync
has setsid
version git git version 2.39.5
version rsync rsync  version 3.2.7  protocol version 31
engine 28.2.2|16|67000000000|x86_64|io.containerd.runc.v2 nvidia runc 
gpus 0 1 
free 100000000
has shm
end survey
`;

const parsed = (text: string): Survey => {
  const survey = parseSurvey(text, now);
  if (!survey) throw new Error('no survey');
  return survey;
};
const lacks = (text: string) =>
  lacksOf(parsed(text)).map(({ what, tolerable }) => `${what}${tolerable ? '?' : ''}`);

describe('a survey', () => {
  it('says what a machine has', () => {
    expect(parsed(good)).toEqual({
      banner: '',
      home: '/home/ada',
      homeIsWritable: true,
      user: { id: 1000, group: 1001, name: 'ada', groups: [1001, 27] },
      clockAhead: 2,
      has: new Set(['git', 'rsync', 'setsid', 'shm']),
      versions: new Map([
        ['git', '2.39.5'],
        ['rsync', '3.2.7'],
      ]),
      engine: {
        ...{ version: '28.2.2', cpus: 16, memory: 67e9, architecture: 'x86_64', hasNvidia: true },
        users: 'own',
      },
      refused: null,
      gpus: ['0', '1'],
      gpusBeyond: 0,
      gpuTrouble: null,
      free: 102_400_000_000,
      killsProcesses: false,
    });
    expect(lacksOf(parsed(good))).toEqual([]);
  });

  it.each([
    ['name=seccomp,profile=builtin name=userns ', 'remapped'],
    ['name=seccomp,profile=builtin name=rootless name=cgroupns ', 'rootless'],
  ])('L21: says whose ids the engine has: %s', (options, users) => {
    expect(parsed(good.replace(/^engine .*$/m, `$&|${options}`)).engine).toMatchObject({ users });
  });

  it('is none without its beginning or its end', () => {
    for (const text of ['', 'sh: not found\n', good.replace('end survey\n', ''), good.slice(19)])
      expect(parseSurvey(text, now)).toBeNull();
  });

  it.each<[string, string, string[]]>([
    ['prints before commands', `Welcome!\nhave fun\n${good}`, ['login shell']],
    ['has no Docker', good.replace(/engine .*/, 'missing docker'), ['Docker']],
    ['has no git and no rsync', good.replace(/has (git|rsync)\n/g, ''), ['git', 'rsync']],
    ['does not say its versions', good.replace(/version .*\n/g, 'version git \n'), []],
    ['cannot be written to', `${good.replace('end survey', 'readonly /home/ada\nend survey')}`, ['home']],
    ['has little room', good.replace('free 100000000', 'free 1000000'), ['disk?']],
    ['has no room', good.replace('free 100000000', 'free 100'), ['disk']],
    ['does not say how much room it has', good.replace('free 100000000', 'free '), []],
    ['ends what its users start', good.replace('end survey', 'kills user-processes\nend survey'), ['login']],
    ['lives in the past', good.replace('clock 1800000002', 'clock 1799999000'), ['clock?']],
  ])('of a machine that %s says so', (_, text, what) => {
    expect(lacks(text)).toEqual(what);
  });

  it.each([
    ['2.25.1', '3.1.3', []],
    ['2.20.0', '3.0.9', []],
    ['2.19.1', '3.2.7', ['git: 2.19.1 is too old: 2.20 or later is needed']],
    [
      '2.9',
      '2.6.9',
      ['git: 2.9 is too old: 2.20 or later is needed', 'rsync: 2.6.9 is too old: 3.0 or later is needed'],
    ],
  ])('M11: with git %s and rsync %s says what is too old', (git, rsync, said) => {
    const found = parsed(good.replace('2.39.5', git).replace('3.2.7', rsync));
    expect(lacksOf(found).map(({ what, detail }) => `${what}: ${detail}`)).toEqual(said);
  });

  it('tells an engine that is not for the user from one that is not there', () => {
    const [refused] = lacksOf(parsed(good.replace(/engine .*/, 'refused permission denied while trying')));
    expect(refused).toMatchObject({
      detail: 'user ada may not use it',
      mend: ['sudo usermod --append --groups docker ada'],
    });
    const [silent] = lacksOf(parsed(good.replace(/engine .*/, 'refused Cannot connect')));
    expect(silent?.detail).toBe('it does not answer: Cannot connect');
    expect(new NotReady('gpu1', refused ? [refused] : []).message).toBe(
      'gpu1 cannot run jobs as it is. Docker: user ada may not use it.',
    );
  });

  it('is what survey.sh prints, by any POSIX shell, with any docker', () => {
    for (const docker of [['/nonexistent/docker'], ['false']]) {
      const said = execFileSync('sh', ['-s', '--', ...docker], { input: readFileSync(script) }).toString();
      const survey = parseSurvey(said, new Date());
      expect(survey).toMatchObject({ banner: '', home: process.env.HOME, engine: null });
      expect(Math.abs(survey?.clockAhead ?? 99)).toBeLessThan(5);
      expect(survey?.user.id).toBe(process.getuid?.());
    }
  });

  it('of a git that does not know SHA-256 says so to projects that have such ids', () => {
    const source = { repository: '/p', submodules: [], lfs: null };
    const said = (id: string, version: string) =>
      lacksFor(parsed(good.replace(/git version .*/, `git version ${version}`)), {
        ...needsOfSource({ ...source, commit: id }),
        secrets: false,
        gpus: false,
      }).map(({ what, detail, tolerable }) => [`${what}: ${detail}`, tolerable]);
    const tooOld = 'git: 2.28.1 is too old: a project with SHA-256 ids needs 2.29 or later';
    expect(said('1'.repeat(64), '2.28.1')).toEqual([[tooOld, false]]);
    expect(said('1'.repeat(64), '2.29.0')).toEqual([]);
    expect(said('1'.repeat(40), '2.28.1')).toEqual([]);
  });

  it('M7: of GPUs that do not work, or that Docker cannot hand out, says so to jobs that use some', () => {
    const needs = { largeFiles: false, sha256: false, secrets: false, gpus: true };
    const said = (text: string, gpus: boolean) => lacksFor(parsed(text), { ...needs, gpus });
    expect(said(good, true)).toEqual([]);
    const without = good.replace('nvidia ', '');
    expect(parsed(without)).toMatchObject({ gpus: [], gpusBeyond: 2 });
    expect(said(without, true)).toMatchObject([
      {
        what: 'GPUs',
        detail: expect.stringMatching(/^Docker has no NVIDIA runtime for its 2 GPUs; /),
        tolerable: false,
      },
    ]);
    const broken = good.replace('gpus 0 1 ', 'gpu-trouble ended with exit code 9: Failed to initialize NVML');
    expect(said(broken, true)).toMatchObject([
      {
        detail: expect.stringMatching(/^nvidia-smi ended with exit code 9: Failed to init/),
        tolerable: false,
      },
    ]);
    // nvidia-smi alone is no sign of GPUs.
    expect(said(broken.replace('nvidia ', ''), true)).toMatchObject([{ tolerable: true }]);
    for (const text of [without, broken]) expect(said(text, false)).toMatchObject([{ tolerable: true }]);
  });

  it.each([
    ['one that ends what does not end', '', true],
    ['one without -k, as busybox had', `[ "$1" != -k ] || exit 1; shift; exec "$@"`, false],
  ])('says of a timeout whether reads can be given to it: %s', (_, program, has) => {
    const tools = scratchFolder();
    try {
      if (program) writeFileSync(join(tools, 'timeout'), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
      const env = { ...process.env, PATH: `${tools}:${process.env.PATH}` };
      const said = execFileSync('sh', ['-s', '--', 'no-engine'], { input: readFileSync(script), env });
      expect(parseSurvey(said.toString(), new Date())?.has.has('timeout')).toBe(has);
    } finally {
      rmSync(tools, { recursive: true });
    }
  });

  it.each([
    ['two GPUs', `echo 0; echo 1`, ['0', '1'], null],
    ['none', `echo 'No devices were found'; exit 6`, [], 'ended with exit code 6: No devices were found'],
    ['a complaint', `echo; echo 'No NVML' >&2; exit 9`, [], 'ended with exit code 9: No NVML'],
    ['a complaint and success', `echo 'Failed to initialize NVML'; echo 3`, ['3'], null],
    // A program that stands still: this is how `timeout` ends then.
    ['silence', 'kill -9 $$', [], 'does not answer within 10 s'],
    ['nothing but a complaint', `echo 'Failed to initialize NVML'`, [], 'says: Failed to initialize NVML'],
  ])('M7: takes of nvidia-smi what is a number, if it succeeds: %s', (_, says, gpus, gpuTrouble) => {
    const tools = scratchFolder();
    try {
      writeFileSync(join(tools, 'nvidia-smi'), `#!/bin/sh\n${says}\n`, { mode: 0o755 });
      writeFileSync(join(tools, 'an-engine'), `#!/bin/sh\necho '28.2.2|4|8|x86_64|nvidia runc '\n`, {
        mode: 0o755,
      });
      const env = { ...process.env, PATH: `${tools}:${process.env.PATH}` };
      const input = readFileSync(script);
      const said = execFileSync('sh', ['-s', '--', 'an-engine'], { input, env }).toString();
      expect(parseSurvey(said, new Date())).toMatchObject({
        gpus,
        gpuTrouble,
        engine: { version: '28.2.2' },
      });
    } finally {
      rmSync(tools, { recursive: true });
    }
  });
});
