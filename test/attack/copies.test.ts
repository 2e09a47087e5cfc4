import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { following, looking, withEach } from '../support/attacker.js';
import { isMissing, isThorough } from '../support/engines.js';
import { stateOfFolder } from '../support/folder-state.js';
import { TestProject } from '../support/project.js';
import { until } from '../support/until.js';

/** Where a copy is, and whose home the person who uses it has. */
interface Copy {
  readonly root: string;
  readonly home: string;
}

/** What was made elsewhere is recognised, and only read: by whichever way it came. */
describe.skipIf(isMissing('docker', 'git'))('T2, L1: copies of a live experiment', () => {
  let project: TestProject;
  let held: string;

  beforeAll(async () => {
    project = new TestProject({ parameters: { experiment_conditions: ['--hold 1', '--lr 2'] } });
    await project.ok(['deploy', '--yes', '--slots', '2']);
    held = await project.holding('hold-1');
    const ended = await until('the other has ended', async () => {
      const { conditions } = await project.json(['status']);
      return conditions.find(({ state }) => state === 'succeeded');
    });
    // Its runner tidies up after that: the checkout first, and its home last.
    await until('what it ran in is gone', () =>
      ['source', 'home'].every((name) => !existsSync(project.run(ended.run ?? '', name))),
    );
    // Another user has committed what git was told to leave out.
    project.repository.git('add', '--all', '--force');
    project.repository.git('commit', '--quiet', '--message', 'All of it');
  });
  afterAll(async () => {
    await project?.remove();
  });

  const folderOf = (name: string) => {
    const folder = join(project.scratch, name);
    mkdirSync(folder);
    return folder;
  };
  const copies: Readonly<Record<string, () => Copy>> = {
    'a clone': () => {
      const root = join(project.scratch, 'clone');
      execFileSync('git', ['clone', '--quiet', project.root, root]);
      return { root, home: project.home };
    },
    'a zip, or cp -a': () => {
      const root = join(project.scratch, 'copy');
      cpSync(project.root, root, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
      return { root, home: project.home };
    },
    "a colleague's copy": () => {
      const root = join(project.scratch, 'colleague');
      cpSync(project.root, root, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
      return { root, home: folderOf('home-of-colleague') };
    },
    'the same folder, with another home': () => ({ root: project.root, home: folderOf('other-home') }),
    'another home that was copied from this one': () => {
      const root = join(project.scratch, 'both');
      const home = join(project.scratch, 'copied-home');
      cpSync(project.root, root, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
      cpSync(project.home, home, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
      return { root, home };
    },
  };

  it.each(isThorough ? Object.keys(copies) : Object.keys(copies).slice(0, 1))(
    '%s: no verb ends, takes over or collects anything',
    async (name) => {
      const { root, home } = copies[name]?.() ?? { root: '', home: '' };
      const cwd = join(root, 'experiments', 'one');
      const runs = stateOfFolder(join(cwd, 'runs'));
      // Its own runner writes down, now and then, how far the log is.
      const state = () =>
        Object.entries(stateOfFolder(project.stateFolder)).filter(([path]) => !path.endsWith('/log-index'));
      const before = state();
      const verbs = [...looking, ...following, ['ssh', 'hold-1', '--', 'true']];
      await withEach(project, verbs, () => {}, { cwd, env: { HOME: home } });
      expect(state()).toEqual(before);
      const left = stateOfFolder(join(cwd, 'runs'));
      expect(Object.keys(runs).filter((path) => left[path] !== runs[path] && !path.startsWith('.'))).toEqual(
        [],
      );
      expect(
        execFileSync('docker', ['ps', '--quiet', '--filter', `label=logistician.run=${held}`]).toString(),
      ).not.toBe('');
      const status = await project.json(['status']);
      expect(status.live).toBe(true);
      expect(status.conditions.map(({ state: now }) => now).sort()).toEqual(['running', 'succeeded']);
    },
  );

  it('the one that was copied goes on to its end', async () => {
    project.letGo(held);
    await project.ok(['deploy', '--yes', '--wait', '--commit', 'HEAD~1']);
    expect(project.receipt(held)).toMatchObject({ state: 'succeeded' });
    await project.ok(['terminate', '--yes']);
    await project.quiet();
  });
});
