import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  experimentsFolder,
  findState,
  linkState,
  makeState,
  readFolder,
  type StateFolder,
} from '../../../src/runs/state-folder.js';
import { stateOfFolder } from '../../support/folder-state.js';
import { Repository, scratchFolder } from '../../support/repository.js';

let scratch: string;
let home: string;
let experiment: string;

const linksIn = (folder: string) => join(folder, '.logistician');

/** What a deployment leaves of itself: the state, its record, and the links to it. */
function deployed(folder: string): StateFolder {
  const state = findState(home, folder, true);
  mkdirSync(linksIn(folder), { recursive: true });
  makeState(state, folder);
  linkState(state, folder);
  writeFileSync(join(state.folder, 'deployment.json'), `{"of":"${folder}"}`);
  return state;
}

/** The same links, as `git clone`, `tar` and `cp -a` bring them. */
const copied = (from: string, to: string) => {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
};

beforeEach(() => {
  scratch = scratchFolder();
  home = join(scratch, 'home');
  experiment = join(scratch, 'project', 'my exp');
  mkdirSync(home);
  mkdirSync(experiment, { recursive: true });
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

describe('the state of an experiment', () => {
  it('is in the user’s home, for the owner alone, and never in the tree', () => {
    const { folder, copyOf } = deployed(experiment);
    expect(copyOf).toBe(null);
    expect(folder).toMatch(/\/home\/\.logistician\/experiments\/my-exp-[0-9a-f]{10}$/);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readFolder(folder)).toBe(experiment);
    for (const name of ['deployment.json', 'commands.sh', 'ssh_config', 'terraform'])
      expect(readlinkSync(join(linksIn(experiment), name))).toBe(join(folder, name));
    expect(readFileSync(join(linksIn(experiment), 'deployment.json'), 'utf8')).toContain(experiment);
  });

  it('is another one for each folder, also of one name, and the same by whichever path', () => {
    const other = join(scratch, 'other', 'my exp');
    mkdirSync(other, { recursive: true });
    symlinkSync(experiment, join(scratch, 'a link'));
    const at = (folder: string) => findState(home, folder, true).folder;
    expect(at(other)).not.toBe(at(experiment));
    expect(at(join(scratch, 'a link'))).toBe(at(experiment));
    expect(at(`${experiment}/../my exp/`)).toBe(at(experiment));
  });

  it('is only looked for without writing', () => {
    const before = stateOfFolder(scratch);
    expect(findState(home, experiment, false)).toMatchObject({ copyOf: null });
    expect(stateOfFolder(scratch)).toEqual(before);
  });

  it('can be made again, and leaves what a person put in a link’s place', () => {
    const state = deployed(experiment);
    rmSync(join(linksIn(experiment), 'machines.txt'));
    writeFileSync(join(linksIn(experiment), 'machines.txt'), 'mine\n');
    rmSync(join(linksIn(experiment), 'commands.sh'));
    makeState(state, experiment);
    linkState(state, experiment);
    expect(readFileSync(join(linksIn(experiment), 'machines.txt'), 'utf8')).toBe('mine\n');
    expect(readlinkSync(join(linksIn(experiment), 'commands.sh'))).toBe(join(state.folder, 'commands.sh'));
  });
});

describe('T2: a copied folder', () => {
  it('has nothing to do with the deployment of the original, which goes on', () => {
    const { folder } = deployed(experiment);
    const copy = join(scratch, 'copy');
    copied(experiment, copy);
    for (const write of [false, true]) {
      const found = findState(home, copy, write);
      expect(found.copyOf).toBe(experiment);
      expect(found.folder).not.toBe(folder);
      expect(existsSync(join(found.folder, 'deployment.json'))).toBe(false);
    }
    expect(findState(home, experiment, true)).toMatchObject({ folder, copyOf: null });
  });

  it('gets a state and links of its own with its first deployment', () => {
    const { folder } = deployed(experiment);
    const copy = join(scratch, 'copy');
    copied(experiment, copy);
    const own = deployed(copy);
    expect(own.folder).not.toBe(folder);
    expect(readlinkSync(join(linksIn(copy), 'deployment.json'))).toBe(join(own.folder, 'deployment.json'));
    expect(readFileSync(join(linksIn(copy), 'deployment.json'), 'utf8')).toContain(copy);
    expect(readFileSync(join(linksIn(experiment), 'deployment.json'), 'utf8')).toContain(experiment);
    expect(findState(home, copy, true)).toMatchObject({ folder: own.folder, copyOf: null });
    expect(readFolder(folder)).toBe(experiment);
  });

  it('of a copy is a copy too', () => {
    deployed(experiment);
    const [copy, next] = [join(scratch, 'copy'), join(scratch, 'next')];
    copied(experiment, copy);
    copied(copy, next);
    expect(findState(home, next, true).copyOf).toBe(experiment);
  });

  it('that has its own deployment keeps that when it is moved', () => {
    deployed(experiment);
    const [copy, moved] = [join(scratch, 'copy'), join(scratch, 'moved')];
    copied(experiment, copy);
    const own = deployed(copy);
    renameSync(copy, moved);
    expect(findState(home, moved, true)).toMatchObject({ folder: own.folder, copyOf: null });
  });
});

describe('L1: a moved folder', () => {
  it('finds its state again, at the old path, where jobs running have it', () => {
    const { folder } = deployed(experiment);
    const moved = join(scratch, 'elsewhere', 'renamed');
    mkdirSync(dirname(moved));
    renameSync(experiment, moved);
    expect(findState(home, moved, false)).toMatchObject({ folder, copyOf: null });
    expect(findState(home, moved, true)).toMatchObject({ folder, copyOf: null });
    expect(readFolder(folder)).toBe(moved);
    // And without the links that told.
    rmSync(linksIn(moved), { recursive: true });
    expect(findState(home, moved, true)).toMatchObject({ folder, copyOf: null });
  });

  it('twice, and back again', () => {
    const { folder } = deployed(experiment);
    let at = experiment;
    for (const next of [join(scratch, 'one'), join(scratch, 'two'), experiment]) {
      renameSync(at, next);
      at = next;
      expect(findState(home, at, true), at).toMatchObject({ folder, copyOf: null });
    }
    expect(realpathSync(folder)).toBe(folder);
  });

  it('of which a copy was made at the new place is told from the copy', () => {
    const { folder } = deployed(experiment);
    const [moved, copy] = [join(scratch, 'moved'), join(scratch, 'copy')];
    renameSync(experiment, moved);
    expect(findState(home, moved, true).folder).toBe(folder);
    copied(moved, copy);
    expect(findState(home, copy, true).copyOf).toBe(moved);
  });

  it('another experiment that takes the old place does not get its state', () => {
    const { folder } = deployed(experiment);
    const moved = join(scratch, 'moved');
    renameSync(experiment, moved);
    expect(findState(home, moved, true).folder).toBe(folder);
    mkdirSync(experiment);
    const other = deployed(experiment);
    expect(other.folder).not.toBe(folder);
    for (const write of [false, true]) {
      expect(findState(home, experiment, write)).toMatchObject({ folder: other.folder, copyOf: null });
      expect(findState(home, moved, write)).toMatchObject({ folder, copyOf: null });
    }
  });

  it('that went back is told from a copy at the place where it was meanwhile', () => {
    const { folder } = deployed(experiment);
    const there = join(scratch, 'there');
    renameSync(experiment, there);
    expect(findState(home, there, true).folder).toBe(folder);
    renameSync(there, experiment);
    expect(findState(home, experiment, true).folder).toBe(folder);
    copied(experiment, there);
    expect(findState(home, there, true).copyOf).toBe(experiment);
    expect(findState(home, experiment, true)).toMatchObject({ folder, copyOf: null });
  });
});

describe('T2: what others wrote in .logistician is only data', () => {
  it('a clone with a committed .logistician of another home leads nowhere', () => {
    const other = join(scratch, 'other home');
    const origin = Repository.create({ 'one/parameters.json': '{}' }, join(scratch, 'origin'));
    const state = findState(other, join(origin.root, 'one'), true);
    mkdirSync(linksIn(join(origin.root, 'one')));
    makeState(state, join(origin.root, 'one'));
    writeFileSync(join(state.folder, 'deployment.json'), '{"theirs":true}');
    origin.commit('With its .logistician');
    const clone = join(scratch, 'clone');
    execFileSync('git', ['clone', '--quiet', origin.root, clone], { stdio: 'pipe' });
    const found = findState(home, join(clone, 'one'), true);
    expect(found.copyOf).toBe(null);
    expect(dirname(found.folder)).toBe(experimentsFolder(home));
    expect(existsSync(found.folder)).toBe(false);
  });

  it('a clone of one’s own is a copy', () => {
    const origin = Repository.create({ 'one/parameters.json': '{}' }, join(scratch, 'origin'));
    deployed(join(origin.root, 'one'));
    origin.commit('With its .logistician');
    const clone = join(scratch, 'clone');
    execFileSync('git', ['clone', '--quiet', origin.root, clone], { stdio: 'pipe' });
    expect(findState(home, join(clone, 'one'), true).copyOf).toBe(join(origin.root, 'one'));
  });

  it.each<[string, (victim: string) => string]>([
    ['out of the home', () => '/etc/passwd'],
    ['to a folder that a job made', () => join(scratch, 'jobs', 'state', 'deployment.json')],
    ['to a folder beside the experiments', () => join(home, '.logistician', 'deployment.json')],
    ['below a state', (victim) => join(victim, 'jobs', 'run-1', 'deployment.json')],
    ['to nothing', () => join(experimentsFolder(home), 'none-0123456789', 'deployment.json')],
    ['to itself', () => 'deployment.json'],
    ['back and forth out of the experiments', (victim) => join(victim, '..', '..', 'x', 'deployment.json')],
  ])('a link %s makes no state', (_, targetOf) => {
    const victim = deployed(experiment).folder;
    for (const made of [
      join(scratch, 'jobs', 'state'),
      join(victim, 'jobs', 'run-1'),
      join(home, '.logistician', 'x'),
    ]) {
      mkdirSync(made, { recursive: true });
      writeFileSync(join(made, 'folder'), `${join(scratch, 'nowhere')}\n`);
    }
    const tree = join(scratch, 'tree');
    mkdirSync(linksIn(tree), { recursive: true });
    symlinkSync(targetOf(victim), join(linksIn(tree), 'deployment.json'));
    const found = findState(home, tree, true);
    expect(found.copyOf).toBe(null);
    expect(found.folder).toMatch(/\/experiments\/tree-[0-9a-f]{10}$/);
    expect(existsSync(found.folder)).toBe(false);
    expect(readFolder(victim)).toBe(experiment);
  });

  it('a tree with a link to the state of a living experiment does not take it over', () => {
    const { folder } = deployed(experiment);
    const tree = join(scratch, 'tree');
    mkdirSync(linksIn(tree), { recursive: true });
    symlinkSync(join(folder, 'deployment.json'), join(linksIn(tree), 'deployment.json'));
    expect(findState(home, tree, true)).toMatchObject({ copyOf: experiment });
    expect(readFolder(folder)).toBe(experiment);
  });

  it('a record that stands in the tree as a file is no state', () => {
    mkdirSync(linksIn(experiment));
    writeFileSync(join(linksIn(experiment), 'deployment.json'), '{"schema":2}');
    const state = findState(home, experiment, true);
    expect(existsSync(state.folder)).toBe(false);
    makeState(state, experiment);
    expect(readFileSync(join(linksIn(experiment), 'deployment.json'), 'utf8')).toBe('{"schema":2}');
  });
});
