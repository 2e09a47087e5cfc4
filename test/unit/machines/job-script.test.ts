import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { conditionFromArgv } from '../../../src/experiment/condition.js';
import {
  folders,
  jobScript,
  known,
  longestOptions,
  type SweepScript,
  sweepScript,
} from '../../../src/machines/job-script.js';
import { renderCommand } from '../../../src/shell/command.js';
import { Variable } from '../../../src/shell/word.js';
import { buildImage } from '../../../src/tools/docker/build-line.js';
import { mountSource } from '../../../src/tools/docker/lines.js';
import { hostileWords } from '../../support/hostile-words.js';
import { runnerParts } from '../../support/runner-parts.js';

const sweep: SweepScript = {
  docker: 'docker',
  maxHours: 24,
  image: {
    tag: 'logistician/x:1',
    tree: 'abc',
    dockerfile: 'Dockerfile',
    leftOut: 'parameters.json',
    labels: { 'logistician.context': 'abc' },
    bases: [],
  },
  source: { repository: '/home/me/my project', commit: 'c0ffee', submodules: [], lfs: null },
  contextRepository: '/home/me/my project',
  container: {
    image: 'logistician/x:1',
    labels: { 'logistician.run': known.run },
    project: folders.source,
    data: folders.data,
    home: folders.home,
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
  attempt: 1,
  ...(gpus && { gpus }),
  configuration: JSON.stringify({ argv }),
});

/** Runs the script with a `docker` that prints its words, and calls one of its functions. */
function call(script: string, what: string): string[] {
  const text = `${runnerParts}
    set -eu; user_id='' user_name=''; job='/control/my run' work='/runs/my run'; mode=--detach; secrets=/dev/shm/s; docker() { printf '%s\\0' docker "$@"; }
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
    expect(words).toContain('LOGISTICIAN_ATTEMPT=1');
    const groups = user('-G').split(' ').slice(1);
    expect(words.filter((_, at) => words[at - 1] === '--group-add')).toEqual(groups);
    expect(words).toEqual(
      expect.arrayContaining([
        'logistician-run-1',
        'logistician.run=run-1',
        `${user('-u')}:${user('-g')}`,
        `USER=${user('-un')}`,
        'type=bind,source=/runs/my run/source,target=/project',
        'type=bind,source=/runs/my run/data,target=/data',
        'type=bind,source=/data sets/mnist,target=/data/input/mnist,readonly',
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

  it('L15: says which attempt it is', () => {
    const words = call(sweepScript(sweep) + jobScript({ ...job([]), attempt: 3 }), 'start');
    expect(words).toContain('LOGISTICIAN_ATTEMPT=3');
  });

  it('says where its data are, if not in its folder, and gives the container nothing else of it', () => {
    const own = jobScript({ ...job([]), work: '/runs/my other run' });
    expect(own).toContain(`; work='/runs/my other run'; `);
    const words = call(sweepScript(sweep) + own, 'start');
    expect(words.filter((word) => word.includes('/control/'))).toEqual([]);
    expect(words).toContain('type=bind,source=/runs/my other run/data,target=/data');
  });

  it.each(['/a:b', '/a,b', '/a "b"', '/a,"b",c=d', '/"'])('L8: mounts any folder: %s', (folder) => {
    const words = call(sweepScript(sweep) + jobScript({ ...job([]), work: folder }), 'start');
    expect(words).toContain(`type=bind,${mountSource(`${folder}/data`)},target=/data`);
  });

  it('L21: without root in the engine it is root to the container, and has no other groups', () => {
    const words = call(sweepScript({ ...sweep, rootless: true }) + jobScript(job([])), 'start');
    expect(words).toContain('0:0');
    expect(words).not.toContain('--group-add');
  });

  it('T20: starts the container as the runner says of images that are not there', () => {
    expect(call(script([]), "never_pull='--pull never'; start").slice(0, 5)).toEqual([
      ...['docker', 'run', '--detach', '--pull', 'never'],
    ]);
  });

  it('names what its image is built on', () => {
    const image = { ...sweep.image, bases: ['debian:12', 'ghcr.io/a/b@sha256:1'] };
    expect(sweepScript({ ...sweep, image })).toContain(`\nbases='debian:12 ghcr.io/a/b@sha256:1'\n`);
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
      container: { ...sweep.container, secrets: folders.secrets },
    };
    const words = call(sweepScript(withSecrets) + jobScript(job([])), `${read}; start`);
    expect(words[1]).toBe('1');
    expect(words[5]).toBe('yes');
    expect(words).toContain('type=bind,source=/dev/shm/s,target=/run/logistician/secrets,readonly');
  });

  it('fetches, looks for the image and builds it by lines that one could type', () => {
    const text = sweepScript(sweep);
    const labels = { ...sweep.image.labels, 'logistician.bases': new Variable('built_on') };
    expect(text).toContain(`
fetch() {
  GIT_DEFAULT_HASH=sha1 git -c core.hooksPath=/dev/null init --quiet --template= "$work"/source &&
  GIT_ALLOW_PROTOCOL=file git -C "$work"/source -c protocol.version=2 -c fetch.fsckObjects=false fetch-pack --quiet --no-progress --depth=1 '/home/me/my project' c0ffee > /dev/null &&
  GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_COUNT=0 GIT_ATTR_NOSYSTEM=1 git -C "$work"/source -c core.hooksPath=/dev/null -c core.attributesFile=/dev/null -c 'safe.directory=*' checkout --quiet --detach c0ffee
}
each_submodule() {
  :
}
find_image() {
  docker image inspect --format '{{.Id}} {{json .RepoTags}} {{json .RepoDigests}} {{with .Config.Labels}}{{with index . "logistician.bases"}}{{json .}}{{end}}{{end}}' logistician/x:1
}
build() {
  ${renderCommand(buildImage('docker', '/home/me/my project', { ...sweep.image, labels }))}
}
`);
    expect(sweepScript({ ...sweep, source: null })).toContain('\nfetch() {\n  :\n}\n');
  });
});

/** What a `docker` that answers so, and ends so, makes the runner believe of an image `logistician/x:1` on two bases. */
function found(
  code: number,
  ...answer: string[]
): { code: number; image: string; on: string; bases: string } {
  const text = `${runnerParts}
    bases='a:1 b:1' image=logistician/x:1 image_id=before built_on=
    docker() { printf '%s\\n' ${answer.map((line) => `'${line}'`).join(' ')}; return ${code}; }
    find_image() { docker; }
    engine_image() { echo one by one >&2; return 1; }
    engine_find_image; printf '%s\\0' "$?" "$image_id" "$built_on"
    seen=; engine_is_current; printf '%s\\0' "$? $seen"`;
  const [status, image = '', on = '', bases = ''] = execFileSync('sh', ['-s'], { input: text, stdio: 'pipe' })
    .toString()
    .split('\0');
  return { code: Number(status), image, on, bases };
}

describe('what the engine says of an image and its bases', () => {
  const own = 'sha256:1 ["logistician/x:1"] [] "a:1=sha256:2 b:1=sha256:3"';
  const bases = ['sha256:2 ["a:1"] ["a@sha256:8"] ', 'sha256:3 ["b:1","b:2"] [] '];

  it('is one answer, if all are there', () => {
    expect(found(0, own, ...bases)).toEqual({
      code: 0,
      image: 'sha256:1',
      on: 'a:1=sha256:2 b:1=sha256:3',
      bases: '0  sha256:2 ["a@sha256:8"] sha256:3 []',
    });
  });

  it('goes by what a base says of itself no more than by its name', () => {
    const label = JSON.stringify('a=b c=d\nsha256:6 ["b:1"] []');
    const { code, bases: now } = found(0, own, `${bases[0]}${label}`, bases[1] ?? '');
    expect({ code, now }).toEqual({ code: 0, now: '0  sha256:2 ["a@sha256:8"] sha256:3 []' });
  });

  it('shows a base that is another by now', () => {
    const { code, bases: now } = found(0, own, ...bases.map((line) => line.replace('sha256:3', 'sha256:9')));
    expect({ code, now }).toEqual({ code: 0, now: '1  sha256:2 ["a@sha256:8"] sha256:9 []' });
  });

  it.each([own, own.replace('logistician/x', 'localhost/logistician/x')])(
    'names the image also if a base is missing: %s',
    (line) => {
      expect(found(1, line, ...bases.slice(1))).toMatchObject({ code: 0, image: 'sha256:1', bases: '0 ' });
    },
  );

  it('of bases alone, or of another image, is none of the image', () => {
    expect(found(1, ...bases)).toMatchObject({ code: 1, image: 'before' });
    expect(found(1, own.replace('x:1', 'x:12'))).toMatchObject({ code: 1 });
    expect(found(1, `${bases[0]}"logistician/x:1"`)).toMatchObject({ code: 1, image: 'before' });
    expect(found(1, '')).toMatchObject({ code: 1 });
  });
});
