import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lacksOf, NotReady, parseSurvey, type Survey } from '../../../src/machines/survey.js';
import { scratchFolder } from '../../support/repository.js';

const script = fileURLToPath(new URL('../../../templates/machine/survey.sh', import.meta.url));
const now = new Date(1_800_000_000_000);

const good = `logistician survey
home /home/ada
user 1000 1001 ada
clock 1800000002
has git
has rsync
has setsid
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
  lacksOf(parsed(text)).map(({ what, bearable }) => `${what}${bearable ? '?' : ''}`);

describe('a survey', () => {
  it('says what a machine has', () => {
    expect(parsed(good)).toEqual({
      banner: '',
      home: '/home/ada',
      homeIsWritable: true,
      user: { id: 1000, group: 1001, name: 'ada' },
      clockAhead: 2,
      has: new Set(['git', 'rsync', 'setsid', 'shm']),
      engine: { version: '28.2.2', cpus: 16, memory: 67e9, architecture: 'x86_64', hasNvidia: true },
      refused: null,
      gpus: ['0', '1'],
      free: 102_400_000_000,
      killsProcesses: false,
    });
    expect(lacksOf(parsed(good))).toEqual([]);
  });

  it('is none without its beginning or its end', () => {
    for (const text of ['', 'sh: not found\n', good.replace('end survey\n', ''), good.slice(19)])
      expect(parseSurvey(text, now)).toBeNull();
  });

  it.each<[string, string, string[]]>([
    ['prints before commands', `Welcome!\nhave fun\n${good}`, ['login shell']],
    ['has no Docker', good.replace(/engine .*/, 'missing docker'), ['Docker']],
    ['has no git and no rsync', good.replace(/has (git|rsync)\n/g, ''), ['git', 'rsync']],
    ['cannot be written to', `${good.replace('end survey', 'readonly /home/ada\nend survey')}`, ['home']],
    ['has a home that Docker cannot mount', good.replace('home /home/ada', 'home /home/a:b'), ['home']],
    ['has little room', good.replace('free 100000000', 'free 1000000'), ['disk?']],
    ['has no room', good.replace('free 100000000', 'free 100'), ['disk']],
    ['does not say how much room it has', good.replace('free 100000000', 'free '), []],
    ['ends what its users start', good.replace('end survey', 'kills user-processes\nend survey'), ['login']],
    ['lives in the past', good.replace('clock 1800000002', 'clock 1799999000'), ['clock?']],
  ])('of a machine that %s says so', (_, text, what) => {
    expect(lacks(text)).toEqual(what);
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

  it('is what survey.sh prints, by any POSIX shell, whatever docker is', () => {
    for (const docker of [['/nonexistent/docker'], ['false']]) {
      const said = execFileSync('sh', ['-s', '--', ...docker], { input: readFileSync(script) }).toString();
      const survey = parseSurvey(said, new Date());
      expect(survey).toMatchObject({ banner: '', home: process.env.HOME, engine: null });
      expect(Math.abs(survey?.clockAhead ?? 99)).toBeLessThan(5);
      expect(survey?.user.id).toBe(process.getuid?.());
    }
  });

  it.each([
    ['two GPUs', `echo 0; echo 1`, ['0', '1']],
    ['a complaint', `echo 'No devices were found'; exit 6`, []],
    ['a complaint and success', `echo 'Failed to initialize NVML'; echo 3`, ['3']],
  ])('M7: takes of nvidia-smi what is a number, if it succeeds: %s', (_, says, gpus) => {
    const tools = scratchFolder();
    try {
      writeFileSync(join(tools, 'nvidia-smi'), `#!/bin/sh\n${says}\n`, { mode: 0o755 });
      writeFileSync(join(tools, 'an-engine'), `#!/bin/sh\necho '28.2.2|4|8|x86_64|nvidia runc '\n`, {
        mode: 0o755,
      });
      const env = { ...process.env, PATH: `${tools}:${process.env.PATH}` };
      const input = readFileSync(script);
      const said = execFileSync('sh', ['-s', '--', 'an-engine'], { input, env }).toString();
      expect(parseSurvey(said, new Date())).toMatchObject({ gpus, engine: { version: '28.2.2' } });
    } finally {
      rmSync(tools, { recursive: true });
    }
  });
});
