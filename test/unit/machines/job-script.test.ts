import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { conditionFromArgv } from '../../../src/experiment/condition.js';
import {
  jobScript,
  known,
  longestOptions,
  type SweepScript,
  sweepScript,
} from '../../../src/machines/job-script.js';
import { hostileWords } from '../../support/hostile-words.js';

const sweep: SweepScript = {
  docker: 'docker',
  maxHours: 24,
  image: {
    tag: 'logistician/x:1',
    tree: 'abc',
    dockerfile: 'Dockerfile',
    leftOut: 'parameters.json',
    labels: { 'logistician.context': 'abc' },
  },
  source: { repository: '/home/me/my project', commit: 'c0ffee', submodules: [], lfs: null },
  contextRepository: '/home/me/my project',
  container: {
    image: 'logistician/x:1',
    labels: { 'logistician.run': known.run },
    project: [known.work, '/source'],
    data: [known.work, '/data'],
    home: [known.work, '/home'],
    inputs: { mnist: '/data sets/mnist' },
    secrets: null,
    environment: { GREETING: `it's "$HOME"` },
    extraArgs: ['--shm-size', '1g'],
    experimentCommand: 'python train.py',
  },
};

const job = (argv: readonly string[], gpus?: string) => ({
  run: 'run-1',
  containerName: 'logistician-run-1',
  argv,
  options: conditionFromArgv(argv).options,
  ...(gpus && { gpus }),
  configuration: JSON.stringify({ argv }),
});

/** Runs the script with a `docker` that prints its words, and calls one of its functions. */
function call(script: string, what: string): string[] {
  const text = `set -eu; job='/runs/my run'; work=$job; mode=--detach; secrets=/dev/shm/s; docker() { printf '%s\\0' docker "$@"; }
    ${script}
    ${what}`;
  return execFileSync('sh', ['-s'], { input: text }).toString().split('\0').slice(0, -1);
}

const script = (argv: readonly string[], gpus?: string) => sweepScript(sweep) + jobScript(job(argv, gpus));
const user = (flag: string) => execFileSync('id', [flag]).toString().trim();

describe('job.sh', () => {
  it('starts the container with the words of the plan and the arguments, byte for byte', () => {
    const words = call(script(hostileWords), 'start');
    expect(words.slice(0, 5)).toEqual([
      'docker',
      'run',
      '--detach',
      '--env',
      `OPTIONS=${conditionFromArgv(hostileWords).options}`,
    ]);
    expect(words).toEqual(
      expect.arrayContaining([
        'logistician-run-1',
        'logistician.run=run-1',
        `${user('-u')}:${user('-g')}`,
        `USER=${user('-un')}`,
        '/runs/my run/source:/project',
        '/runs/my run/data:/data',
        '/data sets/mnist:/data/input/mnist:ro',
        `GREETING=it's "$HOME"`,
      ]),
    );
    expect(words.slice(words.indexOf('--shm-size'))).toEqual([
      '--shm-size',
      '1g',
      '--entrypoint',
      'sh',
      'logistician/x:1',
      '-c',
      'trap : TERM INT; python train.py "$@"',
      'sh',
      ...hostileWords,
    ]);
  });

  it('is one line a job', () => {
    expect(jobScript(job(['a', 'b'], 'device=0'))).toBe(
      `run=run-1; name=logistician-run-1; options='a b'; gpus=device=0; json='{"argv":["a","b"]}'; start() { container a b; }\n`,
    );
  });

  it('hands GPUs on as Docker wants them, and none as nothing', () => {
    expect(call(script([], '"device=0,1"'), 'start').slice(0, 5)).toEqual([
      'docker',
      'run',
      '--detach',
      '--gpus',
      '"device=0,1"',
    ]);
    expect(call(script([]), 'start')).not.toContain('--gpus');
  });

  it('has an empty OPTIONS for no arguments, and none beyond what Linux takes', () => {
    expect(call(script([]), 'start')).toContain('OPTIONS=');
    const most = 'x'.repeat(longestOptions);
    expect(jobScript({ ...job([]), options: most })).toContain('options=x');
    expect(jobScript({ ...job([]), options: `${most}x` })).not.toContain('options=');
    // Bytes count, not letters.
    expect(jobScript({ ...job([]), options: 'é'.repeat(longestOptions / 2 + 1) })).not.toContain('options=');
    expect(
      call(sweepScript(sweep) + jobScript({ ...job(['a']), options: `${most}x` }), 'start').join(' '),
    ).not.toContain('OPTIONS');
  });

  it('holds what the runner reads', () => {
    const read = `printf '%s\\0' "$image" "$max_seconds" "$run" "$name" "$json" "$needs_secrets"`;
    expect(call(script(['a']), read)).toEqual([
      'logistician/x:1',
      '86400',
      'run-1',
      'logistician-run-1',
      '{"argv":["a"]}',
      '',
    ]);
    const withSecrets = {
      ...sweep,
      maxHours: 0.0001,
      container: { ...sweep.container, secrets: known.secrets },
    };
    const words = call(sweepScript(withSecrets) + jobScript(job([])), `${read}; start`);
    expect(words[1]).toBe('1');
    expect(words[5]).toBe('yes');
    expect(words).toContain('/dev/shm/s:/run/logistician/secrets:ro');
  });

  it('fetches, looks for the image and builds it by lines that one could type', () => {
    const text = sweepScript(sweep);
    expect(text).toContain(`
fetch() {
  git init --quiet "$work"/source &&
  git -C "$work"/source fetch --quiet --depth 1 '/home/me/my project' c0ffee &&
  git -C "$work"/source checkout --quiet --detach FETCH_HEAD
}
each_submodule() {
  :
}
find_image() {
  docker image inspect --format '{{.Id}}' logistician/x:1
}
build() {
  git -C '/home/me/my project' archive --format=tar abc -- . ':(exclude,literal)parameters.json' | docker build --force-rm --tag logistician/x:1 --file Dockerfile --label logistician.context=abc -
}
`);
    expect(sweepScript({ ...sweep, source: null })).toContain('\nfetch() {\n  :\n}\n');
  });
});
