import { describe, expect, it } from 'vitest';
import { command, renderCommand } from '../../../src/shell/command.js';
import { Variable } from '../../../src/shell/word.js';
import { buildImage } from '../../../src/tools/docker/build-line.js';
import { type ContainerPlan, containerWords, findImage, pullImage } from '../../../src/tools/docker/lines.js';
import { checkOut } from '../../../src/tools/git/check-out.js';
import { makeAgain } from '../../../src/tools/git/kept.js';
import { addAll, commitTree, linkSubmodule, pushCommit, writeTree } from '../../../src/tools/git/lines.js';

const image = {
  tag: 'logistician/digits:0123456789abcdef',
  tree: 'a1b2c3',
  dockerfile: 'experiments/digits/Dockerfile',
  leftOut: 'experiments/digits/parameters.json',
  labels: { 'logistician.experiment': 'digits', 'logistician.context': 'a1b2c3' },
};

const plan: ContainerPlan = {
  name: 'logistician-run-1',
  image: image.tag,
  labels: { 'logistician.run': 'run-1' },
  project: '/home/me/project',
  data: '/runs/run-1/data',
  home: '/runs/run-1/home',
  inputs: {},
  secrets: null,
  userId: '1000',
  groupId: '1000',
  userName: 'me',
  environment: {},
  extraArgs: [],
  experimentCommand: 'python train.py',
};

const line = (changes: Partial<ContainerPlan> = {}) =>
  renderCommand(command('docker', 'run', ...containerWords({ ...plan, ...changes })));

describe('docker run', () => {
  it('is this line', () => {
    expect(line()).toBe(
      [
        'docker run --name logistician-run-1 --init --env TINI_KILL_PROCESS_GROUP=1 --env TINI_VERBOSITY=0',
        '--label logistician.run=run-1',
        '--log-driver json-file --log-opt max-size=1000p --userns host --user 1000:1000',
        '--env USER=me --env LOGNAME=me',
        '--env HOME=/home/logistician --mount type=bind,source=/runs/run-1/home,target=/home/logistician',
        '--mount type=bind,source=/home/me/project,target=/project --workdir /project',
        "--env GIT_CONFIG_COUNT=1 --env GIT_CONFIG_KEY_0=safe.directory --env GIT_CONFIG_VALUE_0='*'",
        '--mount type=bind,source=/runs/run-1/data,target=/data --env CONFIGURATION_FILE=/data/config/configuration.json',
        '--env LOGISTICIAN_INPUT_DIRECTORY=/data/input --env LOGISTICIAN_OUTPUT_DIRECTORY=/data/results',
        '--env LOGISTICIAN_MEASURES_DIRECTORY=/data/measures',
        '--env LOGISTICIAN_SUMMARY_MEASURES_PATH=/data/measures/summary.json',
        '--env LOGISTICIAN_STATE_DIRECTORY=/data/state --env PYTHONUNBUFFERED=1',
        '--entrypoint sh logistician/digits:0123456789abcdef -c',
        `'trap : TERM INT; python train.py "$@"' sh`,
      ].join(' '),
    );
  });

  it("is this line for the image's own program, in nothing of ours", () => {
    expect(line({ experimentCommand: null, project: null, data: null, home: null })).toBe(
      'docker run --name logistician-run-1 --init --env TINI_KILL_PROCESS_GROUP=1 --env TINI_VERBOSITY=0 ' +
        '--label logistician.run=run-1 --log-driver json-file --log-opt max-size=1000p --userns host --user 1000:1000 --env USER=me ' +
        '--env LOGNAME=me --env HOME=/tmp --env PYTHONUNBUFFERED=1 logistician/digits:0123456789abcdef',
    );
  });

  it('L36: has what parameters.json adds, its own words last, so that they win', () => {
    const words = line({
      inputs: { mnist: '/data sets/mnist' },
      environment: { GREETING: 'a b', HOME: '/elsewhere', PYTHONUNBUFFERED: '' },
      secrets: new Variable('secrets'),
      extraArgs: ['--user', '0', '--shm-size=1g'],
    });
    expect(words).toContain(
      ` --mount type=bind,'source=/data sets/mnist',target=/data/input/mnist,readonly` +
        ` --mount type=bind,"$secrets",target=/run/logistician/secrets,readonly` +
        ` --env PYTHONUNBUFFERED= --env GREETING='a b' --env HOME=/elsewhere --user 0 --shm-size=1g --entrypoint sh `,
    );
    expect(words).toContain(
      `-c 'for _secret in /run/logistician/secrets/*; do _value=$(cat "$_secret"; echo .); export "\${_secret##*/}=\${_value%.}"; done; trap : TERM INT; python`,
    );
  });

  it('L28: mounts git directories of a live tree at the paths that it names, with any names, for reading', () => {
    const git = [{ source: '/home/me/a, b/.git', target: '/home/me/a, b/.git' }];
    expect(line({ git })).toContain(
      ` --workdir /project --mount type=bind,'"source=/home/me/a, b/.git"'',"target=/home/me/a, b/.git",readonly' --env GIT_CONFIG_COUNT=1 `,
    );
  });

  it('mounts data for reading only, without the contract for writing', () => {
    const words = line({ data: '/old/data', dataReadOnly: true });
    expect(words).toContain(' --mount type=bind,source=/old/data,target=/data,readonly ');
    expect(words).not.toContain('LOGISTICIAN_');
    expect(words).not.toContain('CONFIGURATION_FILE');
  });
});

describe('docker build', () => {
  const lastWords = (line: string) => line.slice(line.indexOf('wait $!') + "wait $!' ".length);

  it('is this line', () => {
    const line = renderCommand(buildImage('docker', '/home/me/my project', image));
    expect(line).toMatch(/^GIT_CONFIG_GLOBAL=\/dev\/null .* GIT_DEFAULT_HASH=sha1 sh -c /);
    expect(lastWords(line)).toBe(
      "sh '/home/me/my project' a1b2c3 '' experiments/digits/parameters.json docker build --force-rm" +
        ' --tag logistician/digits:0123456789abcdef --file experiments/digits/Dockerfile' +
        ' --label logistician.experiment=digits --label logistician.context=a1b2c3',
    );
  });

  it('is this line when made again, by another program, of a folder of a commit', () => {
    const within = { commit: 'd4e5f6', folder: 'experiments/a b' };
    const plan = { ...image, labels: {}, within, leftOut: 'parameters.json', dockerfile: 'Dockerfile' };
    const line = renderCommand(buildImage('sudo podman', new Variable('repository'), plan, true));
    expect(lastWords(line)).toBe(
      `sh "$repository" d4e5f6 'experiments/a b' 'experiments/a b/parameters.json' sudo podman build --force-rm` +
        ' --tag logistician/digits:0123456789abcdef --file Dockerfile --no-cache',
    );
  });

  it('comes after a look at the image', () => {
    expect(renderCommand(findImage('sudo docker', 'a:1'))).toBe(
      "sudo docker image inspect --format '{{.Id}}' a:1",
    );
    expect(renderCommand(pullImage('sudo docker', 'a:1'))).toBe('sudo docker pull a:1');
  });
});

describe('git', () => {
  const noPrograms = '-c core.fsmonitor=false -c core.hooksPath=/dev/null';

  it.each([
    [
      'addAll',
      addAll('/my project', '/i', [], false),
      `GIT_INDEX_FILE=/i git -C '/my project' ${noPrograms} -c core.safecrlf=false add --all --no-ignore-errors -- .`,
    ],
    [
      'addAll less some',
      addAll('/p', '/i', ['big file', '"\\351"', '*'], true, ['filter.x.process=']),
      String.raw`printf %s '.
:(exclude,literal,top)big file
":(exclude,literal,top)\351"
:(exclude,literal,top)*
' | GIT_INDEX_FILE=/i git -C /p ${noPrograms} -c core.safecrlf=false -c filter.x.process= add --all --no-ignore-errors --sparse --pathspec-from-file=-`,
    ],
    ['writeTree', writeTree('/p', '/i'), `GIT_INDEX_FILE=/i git -C /p ${noPrograms} write-tree`],
    [
      'linkSubmodule',
      linkSubmodule('/p', '/i', 'a b', 'c1'),
      `GIT_INDEX_FILE=/i git -C /p ${noPrograms} update-index --add --cacheinfo '160000,c1,a b'`,
    ],
    [
      'makeAgain',
      makeAgain('/my project', 'c1'),
      "git -C '/my project' cat-file blob refs/logistician/c1:commit | git -C '/my project' hash-object -w -t commit --stdin",
    ],
    [
      'commitTree',
      commitTree('/p', 't1', 'c1', '1700000000 +0100'),
      "GIT_AUTHOR_NAME=Logistician GIT_AUTHOR_EMAIL=logistician@localhost GIT_AUTHOR_DATE='1700000000 +0100'" +
        " GIT_COMMITTER_NAME=Logistician GIT_COMMITTER_EMAIL=logistician@localhost GIT_COMMITTER_DATE='1700000000 +0100'" +
        " git -C /p -c i18n.commitEncoding=UTF-8 commit-tree t1 -p c1 -m 'Snapshot of the working tree on c1'",
    ],
  ])('%s is this line', (_, given, expected) => {
    expect(renderCommand(given)).toBe(expected);
  });

  it('pushes by this line', () => {
    expect(renderCommand(pushCommit('/p', '/e/ssh_config', 'gpu1', '/home/me/x y.git', ['c1', 't1']))).toBe(
      "GIT_SSH_COMMAND='ssh -F /e/ssh_config' GIT_SSH_VARIANT=ssh GIT_ALLOW_PROTOCOL=ssh LC_ALL=C" +
        ' git -C /p -c push.negotiate=false send-pack --quiet --thin --force --no-signed' +
        " '--receive-pack=git -c core.hooksPath=/dev/null -c receive.fsckObjects=false receive-pack'" +
        ' ssh://gpu1/home/me/x%20y.git c1:refs/logistician/c1 t1:refs/logistician/t1',
    );
  });

  it('checks a commit out by these lines, submodules and large files with it', () => {
    const submodules = [{ path: 'lib/a b', repository: '/p/lib/a b', commit: 'c2', lfs: null }];
    const lines = checkOut({ repository: '/p', commit: 'c1', submodules, lfs: '/p/.git/lfs' }, '/job/source');
    const alone = 'GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_COUNT=0 GIT_ATTR_NOSYSTEM=1';
    const settings = "-c core.hooksPath=/dev/null -c core.attributesFile=/dev/null -c 'safe.directory=*'";
    const fetch =
      '-c protocol.version=2 -c fetch.fsckObjects=false fetch-pack --quiet --no-progress --depth=1';
    expect(lines.map(renderCommand)).toEqual([
      'GIT_DEFAULT_HASH=sha1 git -c core.hooksPath=/dev/null init --quiet --template= /job/source',
      `GIT_ALLOW_PROTOCOL=file git -C /job/source ${fetch} /p c1 > /dev/null`,
      `${alone} GIT_LFS_SKIP_SMUDGE=0 git -C /job/source ${settings} -c lfs.storage=/p/.git/lfs` +
        " -c 'filter.lfs.smudge=git-lfs smudge -- %f' -c 'filter.lfs.process=git-lfs filter-process'" +
        ' -c filter.lfs.required=true checkout --quiet --detach c1',
      "GIT_DEFAULT_HASH=sha1 git -c core.hooksPath=/dev/null init --quiet --template= /job/source'/lib/a b'",
      `GIT_ALLOW_PROTOCOL=file git -C /job/source'/lib/a b' ${fetch} '/p/lib/a b' c2 > /dev/null`,
      `${alone} git -C /job/source'/lib/a b' ${settings} checkout --quiet --detach c2`,
    ]);
  });

  it('L28: brings tags and, without files, the commits before by these lines', () => {
    const tags = [
      { ref: 'refs/tags/v1', id: 't1', at: 'c0', annotated: true },
      { ref: "refs/tags/it's", id: 'c0', at: 'c0', annotated: false },
    ];
    const linesOf = (commits: boolean) =>
      checkOut(
        { repository: '/p', commit: 'c1', submodules: [], lfs: null, history: { digits: 8, commits, tags } },
        '/job',
      )
        .slice(3)
        .map(renderCommand);
    const fetch =
      'GIT_ALLOW_PROTOCOL=file git -C /job -c protocol.version=2 -c fetch.fsckObjects=false fetch-pack --quiet --no-progress';
    const create = `printf %s 'create refs/tags/v1 t1
create refs/tags/it'"'"'s c0
' | git -C /job -c core.hooksPath=/dev/null update-ref --stdin`;
    expect(linesOf(true)).toEqual([
      'git -C /job config core.abbrev 8',
      'git -C /job config remote.history.promisor true',
      `${fetch} --depth=2147483647 --filter=tree:0 --from-promisor '--upload-pack=git -c uploadpack.allowFilter=true upload-pack' /p c1 t1 > /dev/null`,
      create,
    ]);
    expect(linesOf(false)).toEqual([
      'git -C /job config core.abbrev 8',
      `${fetch} /p t1 > /dev/null`,
      create,
    ]);
  });
});
