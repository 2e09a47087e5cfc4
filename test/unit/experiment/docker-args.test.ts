import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readDockerOptions,
  short,
  switches,
  switchValue,
  valued,
} from '../../../src/experiment/docker-args.js';
import { dockerArgProblems, mountSources } from '../../../src/experiment/docker-args-check.js';
import { readMembers, refusalOf } from './reading.js';

describe('L35: a path in docker_run_args is the same from wherever Docker is started', () => {
  it.each([
    ['-v', './extra:/extra', ', or the folder into "inputs", where paths start from the experiment'],
    ['--volume', '../sets:/sets:ro', ', or the folder into "inputs", where paths start from the experiment'],
    ['-v', 'a/b:/x', ', or the folder into "inputs", where paths start from the experiment'],
    ['-v', '~/sets:/x', ', or the folder into "inputs", where paths start from the experiment'],
    ['-v', '$HOME/sets:/x', ', or the folder into "inputs", where paths start from the experiment'],
    ['--env-file', 'job.env', ', or its variables into "environment" or "secrets"'],
    ['--label-file', 'labels', ', or its labels one by one as --label'],
    ['--security-opt', 'seccomp=profile.json', ''],
  ])('%s %s', (option, value, or) => {
    const path = value.replace(/^seccomp=/, '').replace(/:.*$/, '');
    expect(problems([option, value])).toEqual([
      `0 ${option} names ${path}, which is relative to the folder in which Docker is started: write the full path${or}.`,
    ]);
  });

  it('of a bind mount too', () => {
    const [problem] = problems(['--mount', 'type=bind,src=extra,dst=/extra']);
    expect(problem).toContain('names extra, which is relative');
  });

  it.each([
    [['-v', '/extra:/extra', '-v', 'cache:/cache', '-v', '/anonymous', '--volume=/a b:/c']],
    [['--mount', 'type=volume,src=cache,dst=/cache', '--env-file', '/etc/job.env']],
    [
      [
        '--security-opt',
        'seccomp=unconfined',
        '--security-opt',
        'apparmor=mine',
        '--mount',
        'type=tmpfs,dst=/x',
      ],
    ],
  ])('%j', (words) => {
    expect(problems(words)).toEqual([]);
  });

  it('folders that Docker would make are known', () => {
    const words = [
      '-v',
      '/a:/b',
      '-v',
      'cache:/c',
      '--volume=/d:/e:ro',
      '--mount',
      'type=bind,src=/f,dst=/g',
    ];
    expect(mountSources(words)).toEqual(['/a', '/d']);
  });
});

const read = (...words: string[]) =>
  readDockerOptions(words).options.map(({ name, value, place }) => [name, value, place]);
const problems = (words: readonly string[], leavesGpus = false) =>
  dockerArgProblems(words, { leavesGpus }).map(({ place, what }) => `${place} ${what}`);

describe('options of docker run', () => {
  it.each([
    [['--rm'], [['rm', 'true', 0]]],
    [['--rm=true'], [['rm', 'true', 0]]],
    [['--name=x'], [['name', 'x', 0]]],
    [['--name', 'x'], [['name', 'x', 0]]],
    [['-d'], [['detach', 'true', 0]]],
    [['-d=false'], [['detach', 'false', 0]]],
    [
      ['-itd'],
      [
        ['interactive', 'true', 0],
        ['tty', 'true', 0],
        ['detach', 'true', 0],
      ],
    ],
    [['-eX'], [['env', 'X', 0]]],
    [['-e=X=1'], [['env', 'X=1', 0]]],
    [['-e='], [['env', '=', 0]]],
    [
      ['-ieX=1', '-m', '8g'],
      [
        ['interactive', 'true', 0],
        ['env', 'X=1', 0],
        ['memory', '8g', 1],
      ],
    ],
    [
      ['-te', 'X=1', '--rm'],
      [
        ['tty', 'true', 0],
        ['env', 'X=1', 0],
        ['rm', 'true', 2],
      ],
    ],
    [['--future'], [['future', 'true', 0]]],
    [['--future=x'], [['future', 'x', 0]]],
  ])('%j', (words, options) => {
    expect(readDockerOptions(words).misread).toEqual([]);
    expect(read(...words)).toEqual(options);
  });

  it('a word that is the value of another option is none', () => {
    expect(read('--env', '--rm')).toEqual([['env', '--rm', 0]]);
    expect(read('--hostname', '-d', '--cpus', '2')).toEqual([
      ['hostname', '-d', 0],
      ['cpus', '2', 2],
    ]);
    expect(problems(['--hostname', '--rm', '--network-alias', '-d', '--label', '--name'])).toEqual([]);
  });

  const name = fc.constantFrom(...switches, ...valued, 'future');
  const word = fc.oneof(
    fc.string({ maxLength: 8 }),
    name.map((one) => `--${one}`),
    fc.tuple(name, fc.string({ maxLength: 6 })).map(([one, value]) => `--${one}=${value}`),
    fc
      .string({ unit: fc.constantFrom(...Object.keys(short), '=', 'x', '0'), maxLength: 5 })
      .map((s) => `-${s}`),
  );

  it('every word is an option, the value of the one before it, or misread', () => {
    const property = fc.property(fc.array(word, { maxLength: 8 }), (words) => {
      const { options, misread } = readDockerOptions(words);
      const begun = new Set([...options, ...misread].map(({ place }) => place));
      words.forEach((one, place) => {
        const before = options.findLast((option) => option.place === place - 1);
        expect(begun.has(place) || (before && valued.has(before.name) && before.value === one), one).toBe(
          true,
        );
      });
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it('what is read is what was written, however it was spelled', () => {
    const letters = Object.entries(short);
    const option = fc
      .record({
        long: fc.constantFrom(...valued),
        letter: fc.constantFrom(...letters.filter(([, long]) => valued.has(long))),
        // A value in one word with its letter may not begin with what belongs to the letter.
        value: fc.string({ minLength: 2, maxLength: 8 }).filter((value) => !value.startsWith('=')),
        how: fc.constantFrom('joined', 'apart', 'letter', 'letter joined', 'letter ='),
      })
      .map(({ long, letter: [letter, meant], value, how }) => {
        if (how === 'joined') return { words: [`--${long}=${value}`], is: [long, value] };
        if (how === 'apart') return { words: [`--${long}`, value], is: [long, value] };
        if (how === 'letter') return { words: [`-${letter}`, value], is: [meant, value] };
        return { words: [`-${letter}${how === 'letter =' ? '=' : ''}${value}`], is: [meant, value] };
      });
    const property = fc.property(fc.array(option), (all) => {
      const { options, misread } = readDockerOptions(all.flatMap(({ words }) => words));
      expect(misread).toEqual([]);
      expect(options.map((one) => [one.name, one.value])).toEqual(all.map(({ is }) => is));
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it('a switch has the values that Go has', () => {
    expect(['1', 'T', 'true', 'False', 'f', 'yes', ''].map(switchValue)).toEqual([
      ...[true, true, true, false, false, null, null],
    ]);
  });
});

describe('L2, T6, T20: options that take the container out of the runner’s hands', () => {
  it.each([
    [['--rm'], /^0 --rm removes the container before its exit code/],
    [['--rm=1'], /^0 --rm /],
    [['--cpus', '2', '--name', 'x'], /^2 --name takes the name/],
    [['--name=x'], /^0 --name /],
    [['--restart', 'on-failure:3'], /^0 --restart hides how a job ended/],
    [['--restart=always'], /^0 --restart /],
    [['--detach'], /^0 --detach lets go/],
    [['-d'], /^0 -d lets go/],
    [['-Pd'], /^0 -d lets go/],
    [['--cidfile=/tmp/id'], /^0 --cidfile /],
    [['--log-driver', 'none'], /^0 --log-driver would change how the log is kept/],
    [['--log-opt', 'max-size=1k'], /^0 --log-opt /],
    [['--entrypoint', 'python'], /^0 --entrypoint replaces/],
    [['--pull=always'], /^0 --pull would ask a registry/],
    [['--sig-proxy=false'], /^0 --sig-proxy /],
    [['-a', 'stdout'], /^0 -a chooses/],
    [['-astdout'], /^0 -a chooses/],
    [['--attach=STDERR'], /^0 --attach chooses/],
    [['-i'], /^0 -i is for a terminal/],
    [['--tty'], /^0 --tty is for a terminal/],
    [['--detach-keys', 'ctrl-c'], /^0 --detach-keys /],
    [['--help'], /^0 --help runs no job/],
    [['--init=false'], /^0 --init takes away/],
    [['--stop-signal', 'SIGUSR1'], /^0 --stop-signal may be SIGTERM or SIGINT/],
    [['--label', 'logistician.run=x'], /^0 --label names a label/],
    [['-llogistician.run=x'], /^0 -l names a label/],
    [['--gpus', 'all'], /^0 --gpus adds to the GPUs that the key "gpus" gives/],
    [['--env', 'OPTIONS=x'], /^0 --env sets OPTIONS/],
    [['-eCONFIGURATION_FILE=x'], /^0 -e sets CONFIGURATION_FILE/],
    [['--env=LOGISTICIAN_STATE_DIRECTORY=/x'], /^0 --env sets LOGISTICIAN_STATE_DIRECTORY/],
    [['-e', 'OPTIONS'], /^0 -e sets OPTIONS/],
    [['-e', 'TOKEN'], /^0 -e TOKEN has no value/],
  ])('%j is refused, with why', (words, what) => {
    expect(problems(words)).toEqual([expect.stringMatching(what)]);
  });

  it.each([
    ['--volume', '/x:/data'],
    ['--volume', '/x:/data/'],
    ['-v', '/x://data/./results:ro'],
    ['-v/x:/home/../data/input/x'],
    ['--volume=/data'],
    ['--volume', 'name:/project'],
    ['-v', '/x:/home/logistician:ro'],
    ['-v', '/x:/run/logistician/secrets'],
    ['--tmpfs', '/data'],
    ['--tmpfs=/project:size=1g'],
    ['--mount', 'type=bind,source=/x,target=/data/results'],
    ['--mount=type=tmpfs,DESTINATION=/run/logistician'],
    ['--mount', 'type=bind,"src=/a,b","dst=/data"'],
    ['--mount', 'type=bind,src=/x,target=/fine,dst=/project'],
  ])('%j %j hides what Logistician mounts', (...words) => {
    expect(problems(words)).toEqual([expect.stringMatching(/^0 \S+ hides \/(?:data|project|home|run)/)]);
  });

  it.each([
    [['python:3.12'], '0 "python:3.12" is no option, and Docker would take it for the image'],
    [['--'], '0 "--" is no option'],
    [['-'], '0 "-" is no option'],
    [[''], '0 "" is no option'],
    [['--privileged', 'true'], '1 "true" is no option'],
    [['--shm-size 8g'], '0 "--shm-size 8g" is one word to Docker: write "--shm-size", "8g".'],
    [['--memory'], '0 --memory needs a value'],
    [['-im'], '0 -m needs a value'],
    [['-x'], '0 -x is no option of docker run'],
    [['--future', 'x'], '0 --future is not known here; write --future=VALUE, in one word.'],
    [['---rm'], '0 "---rm" is no option'],
    [['--=x'], '0 "--=x" is no option'],
  ])('%j would be read otherwise than it was meant', (words, what) => {
    expect(problems(words)[0]).toContain(what);
  });

  it.each([
    [['--shm-size', '8g', '--user', '0', '--memory=8g', '-w', '/project/sub', '--no-healthcheck']],
    [['-v', '/scratch:/scratch', '-v', '/cache:/home/logistician/.cache', '--tmpfs', '/run']],
    [['-v', '/sets:/project/sets:ro', '--mount', 'type=bind,src=/data,dst=/database', '--volume=/data2']],
    [
      [
        '--rm=false',
        '--init',
        '--sig-proxy=true',
        '-e',
        'A=b',
        '--env=EMPTY=',
        '--label',
        'mine=logistician.',
      ],
    ],
    [['--stop-signal=SIGINT', '--stop-timeout', '60', '--hostname', '--rm', '--constructor=x']],
  ])('%j is fine', (words) => {
    expect(problems(words)).toEqual([]);
  });

  it('--gpus is, where the key gpus leaves them to it', () => {
    expect(problems(['--gpus', 'device=1'], true)).toEqual([]);
    const args = '"docker_run_args": ["--gpus", "device=1"]';
    expect(readMembers(`${args}, "gpus": "none"`).gpus).toBe('none');
    expect(readMembers(`"gpus": 0, ${args}`).dockerRunArgs).toHaveLength(2);
    expect(refusalOf(`${args}, "gpus": 1`)).toHaveLength(1);
    expect(refusalOf(args)).toHaveLength(1);
  });

  it('are all told at once, each at its word', () => {
    expect(refusalOf('"docker_run_args": ["--rm", "-d",\n "--restart=no", "image"], "gpus": -1')).toEqual([
      'p.json:2:21  docker_run_args[0]  --rm removes the container before its exit code and log are read: leave it out; it is removed once they are kept.',
      'p.json:2:29  docker_run_args[1]  -d lets go of the job while it runs: leave it out; deploy needs no open terminal.',
      'p.json:3:2  docker_run_args[2]  --restart hides how a job ended behind its next start: leave it out; deploy --retry-failed runs failed conditions again.',
      'p.json:3:18  docker_run_args[3]  "image" is no option, and Docker would take it for the image: arguments of the job go in experiment_conditions or experiment_command.',
      expect.stringContaining('gpus  expected'),
    ]);
  });
});
