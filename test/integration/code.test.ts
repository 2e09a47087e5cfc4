import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeRuleOf, type Experiment } from '../../src/operations/experiment.js';
import { type CodeRule, changedCode, codeId, NoSuchCode } from '../../src/source/code.js';
import { openProject, type Project } from '../../src/source/project.js';
import { isMissing } from '../support/engines.js';
import { Repository } from '../support/repository.js';

const rule = (...paths: string[]): CodeRule => ({
  paths: paths.length > 0 ? paths : null,
  always: ['exp/Dockerfile', 'exp/Dockerfile.dockerignore', '.dockerignore'],
  parametersFile: 'exp/parameters.json',
});

describe.skipIf(isMissing('git'))('L16: the files of a commit that count', () => {
  const repository = Repository.create({
    ...{ 'src/a.py': '1', 'src/sub/b.py': '1', 'train.py': '1', 'NOTES.md': '1', '*.md': '1' },
    ...{ 'exp/Dockerfile': 'FROM x', 'exp/parameters.json': '{}', 'exp/extra.txt': '1' },
  });
  const first = repository.head;
  let project: Project;

  beforeAll(async () => {
    project = await openProject(repository.root);
  });
  afterAll(() => repository.remove());

  /** Which of these files change the id when they change. */
  const countedBy = async (one: CodeRule, env: NodeJS.ProcessEnv = {}): Promise<string[]> => {
    const before = { ...process.env };
    Object.assign(process.env, env);
    try {
      const own = await codeId(project, first, one);
      const changes = Object.entries(commits).map(async ([name, commit]) => [
        name,
        (await codeId(project, commit, one)) !== own,
        ((await changedCode(project, [first, commit], one)) ?? []).join() === name,
      ]);
      const found = await Promise.all(changes);
      // That it counts, and that it is named, is the same.
      expect(found.filter(([, counts, isNamed]) => counts !== isNamed)).toEqual([]);
      return found.filter(([, counts]) => counts).map(([name]) => String(name));
    } finally {
      for (const name of Object.keys(env)) delete process.env[name];
      Object.assign(process.env, before);
    }
  };
  const commits: Record<string, string> = {};
  const files = ['src/a.py', 'src/sub/b.py', 'train.py', 'NOTES.md', 'exp/Dockerfile', 'exp/extra.txt'];

  beforeAll(() => {
    for (const name of [...files, 'exp/parameters.json']) {
      repository.write({ [name]: '2' });
      commits[name] = repository.commit(name);
      repository.git('reset', '--quiet', '--hard', first);
    }
  });

  it.each<[string, CodeRule, readonly string[]]>([
    ['all but parameters.json where none are named', rule(), files],
    [
      'a folder and a file',
      rule('src', 'train.py'),
      ['src/a.py', 'src/sub/b.py', 'train.py', 'exp/Dockerfile'],
    ],
    ['a pattern', rule('*.py'), ['src/a.py', 'src/sub/b.py', 'train.py', 'exp/Dockerfile']],
    ['a pattern that keeps to a folder', rule(':(glob)src/*.py'), ['src/a.py', 'exp/Dockerfile']],
    ['all but a file', rule('.', ':!NOTES.md'), files.filter((name) => name !== 'NOTES.md')],
    ['all but a file, without the dot', rule(':!NOTES.md'), files.filter((name) => name !== 'NOTES.md')],
    ['the folder of the experiment', rule('exp'), ['exp/Dockerfile', 'exp/extra.txt']],
    ['the Dockerfile, also where it is left out', rule('train.py', ':!exp'), ['train.py', 'exp/Dockerfile']],
  ])('are %s', async (_, one, counted) => {
    expect(await countedBy(one)).toEqual(counted);
  });

  it.each([
    ['project', '.dockerignore'],
    ['experiment', 'exp/.dockerignore'],
  ] as const)(
    'are those that say what the image gets, also where they are made, of the context %s',
    async (context, ignore) => {
      const parameters = { code: ['train.py'], dockerBuildContext: context };
      const { parametersFile } = rule();
      const own = codeRuleOf({ parameters, parametersFile, path: 'exp' } as unknown as Experiment);
      const before = await codeId(project, first, own);
      const counted: string[] = [];
      for (const name of [
        '.dockerignore',
        'exp/.dockerignore',
        'exp/Dockerfile.dockerignore',
        'src/.dockerignore',
      ]) {
        repository.write({ [name]: 'src' });
        const commit = repository.commit(name);
        const changed = await changedCode(project, [first, commit], own);
        if ((await codeId(project, commit, own)) !== before) counted.push(name);
        expect(changed).toEqual(counted.at(-1) === name ? [name] : []);
        repository.git('reset', '--quiet', '--hard', first);
      }
      expect(counted).toEqual([ignore, 'exp/Dockerfile.dockerignore']);
    },
  );

  it('are the same with any settings for pathspecs', async () => {
    const counted = ['src/a.py', 'src/sub/b.py', 'train.py', 'exp/Dockerfile'];
    for (const name of ['GIT_LITERAL_PATHSPECS', 'GIT_GLOB_PATHSPECS', 'GIT_NOGLOB_PATHSPECS'])
      expect(await countedBy(rule('*.py'), { [name]: '1' })).toEqual(counted);
    expect(await countedBy(rule('train.py', ':!SRC'), { GIT_ICASE_PATHSPECS: '1' })).toHaveLength(2);
  });

  it.each([
    ['scr', 'no file of [0-9a-f]{10} has such a path'],
    ['../other', 'which git refuses'],
    [':(nonsense)x', 'which git refuses'],
    ['-x', 'no file of'],
  ])('cannot be %j: that is refused, with the list of what there is', async (path, why) => {
    const refused = codeId(project, first, rule('src', path));
    await expect(refused).rejects.toThrow(NoSuchCode);
    await expect(refused).rejects.toThrow(new RegExp(why));
    const [line = ''] = ((await refused.catch((error) => error)) as NoSuchCode).suggestions;
    expect(repository.git(...String(line).split(' ').slice(1))).toContain('src/a.py');
  });

  it('are not known of a commit that is not here', async () => {
    expect(await changedCode(project, ['1'.repeat(40), first], rule())).toBeNull();
  });

  it('have names that are bytes', async () => {
    const name = Buffer.concat([Buffer.from(`${repository.root}/src/caf`), Buffer.from([0xe9])]);
    const other = Buffer.concat([Buffer.from(`${repository.root}/src/caf`), Buffer.from([0xe8])]);
    const ids: string[] = [];
    for (const path of [name, other]) {
      writeFileSync(path, '1');
      ids.push(await codeId(project, repository.commit('A name'), rule('src')));
      repository.git('reset', '--quiet', '--hard', first);
    }
    expect(new Set(ids).size).toBe(2);
  });
});
