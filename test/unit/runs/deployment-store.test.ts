import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.js';
import { UnreadableFile } from '../../../src/runs/bounded-file.js';
import { ClosedDeployment } from '../../../src/runs/deployment-file.js';
import { DeploymentStore } from '../../../src/runs/deployment-store.js';
import { deploymentOf, jobOf, placeOf } from '../../support/deployments.js';
import { stateOfFolder } from '../../support/folder-state.js';
import { fixture } from '../../support/receipts.js';
import { scratchFolder } from '../../support/repository.js';

let scratch: string;
let home: string;
let experiment: string;
const storeOf = (folder = experiment, readOnly = false) => new DeploymentStore(home, folder, readOnly);
const inTree = (name: string, folder = experiment) => join(folder, '.logistician', name);

beforeEach(() => {
  scratch = scratchFolder();
  home = join(scratch, 'home');
  experiment = join(scratch, 'project', 'one');
  mkdirSync(home);
  mkdirSync(experiment, { recursive: true });
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const deployment = deploymentOf([placeOf('gpu1')], [jobOf('a', 'gpu1')]);
const never = () => expect.unreachable();

/** Writes a deployment as a launch does. */
const record = (store = storeOf(), one = deployment) => store.locked(async (live) => live.write(one), never);

/** What reading says, where it is refused. */
function refusal(): UserError {
  try {
    storeOf().read();
  } catch (error) {
    if (error instanceof UserError) return error;
  }
  throw new Error('it was read');
}

describe('DeploymentStore', () => {
  it('has none at first, and makes nothing to say so', () => {
    const before = stateOfFolder(scratch);
    const store = storeOf();
    expect([store.read(), store.foreign(), store.copyOf]).toEqual([null, null, null]);
    expect(store.readKnownHosts()).toBe('');
    expect(stateOfFolder(scratch)).toEqual(before);
  });

  it('keeps the last one in the home, for the owner alone, with a link in the tree that git does not see', async () => {
    await record();
    const store = storeOf();
    expect(store.read()).toEqual(deployment);
    expect(statSync(join(store.folder, 'deployment.json')).mode & 0o777).toBe(0o600);
    expect(store.folder.startsWith(`${home}/`)).toBe(true);
    expect(JSON.parse(readFileSync(inTree('deployment.json'), 'utf8'))).toEqual(deployment);
    expect(readFileSync(inTree('.gitignore'), 'utf8')).toBe('*\n');
    for (const path of [store.queue, store.jobs, store.commands, store.sshConfig, store.terraform])
      expect(path.startsWith(`${store.folder}/`)).toBe(true);
  });

  it('is not read from the tree, in any form', async () => {
    await record();
    rmSync(inTree('deployment.json'));
    writeFileSync(inTree('deployment.json'), JSON.stringify({ ...deployment, id: 'theirs' }));
    expect(storeOf().read()?.id).toBe('d-1');
  });

  it('shows what was written under the lock, and releases it in any case', async () => {
    const store = storeOf();
    const failed = store.locked(async (live) => {
      expect(live.last).toBe(null);
      expect(() => live.now).toThrow('no deployment');
      live.write(deployment);
      expect(live.now).toEqual(deployment);
      expect(storeOf().read()).toEqual(deployment);
      expect(readdirSync(store.folder)).toContain('lock');
      throw new Error('in between');
    }, never);
    await expect(failed).rejects.toThrow('in between');
    expect(readdirSync(store.folder)).not.toContain('lock');
    await storeOf().locked(async (live) => expect(live.now).toEqual(deployment), never);
  });

  it('T7: of two at once, the second one sees what the first has written', async () => {
    const order: string[] = [];
    const add = (id: string) =>
      storeOf().locked(
        async (live) => {
          order.push(`${id} after ${live.last?.id ?? 'none'}`);
          await new Promise((resolve) => setTimeout(resolve, 20));
          live.write({ ...deployment, id });
        },
        () => order.push(`${id} waits`),
      );
    await Promise.all([add('one'), add('other')]);
    expect(order.filter((line) => !line.endsWith('waits'))).toEqual(['one after none', 'other after one']);
    expect(order).toContain('other waits');
  });

  it('sets the lines of the last deployment aside under its id', async () => {
    await record();
    const store = storeOf();
    writeFileSync(store.commands, '$ docker run\n');
    store.setCommandsAside(null);
    expect(existsSync(store.commands)).toBe(true);
    store.setCommandsAside(deployment);
    expect(readFileSync(join(store.folder, 'commands-d-1.sh'), 'utf8')).toBe('$ docker run\n');
    expect(existsSync(store.commands)).toBe(false);
    store.setCommandsAside(deployment);
  });

  it('knows discarded deployments once they are over, the last fifty', async () => {
    const store = storeOf();
    expect(store.discarded).toEqual([]);
    await record(store);
    for (const id of ['20260101-a', deployment.id, '20260101-a']) store.noteDiscarded(id);
    expect(store.discarded).toEqual(['20260101-a']);
    await record(store, { ...deployment, released: '2026-11-29T12:00:00Z' });
    expect(store.discarded).toEqual(['20260101-a', deployment.id]);
    writeFileSync(join(store.folder, 'discarded.txt'), 'a,b\n$(reboot)\n\n20260102-b\n');
    expect(store.discarded).toEqual(['20260102-b']);
    for (let day = 0; day < 60; day++) store.noteDiscarded(`20260103-${day}`);
    expect(store.discarded).toHaveLength(50);
    expect(store.discarded.at(-1)).toBe('20260103-59');
  });

  it('keeps host keys and unreachable places', async () => {
    const store = storeOf();
    store.writeKnownHosts('gpu1 ssh-ed25519 AAAA\n');
    expect(storeOf().readKnownHosts()).toBe('gpu1 ssh-ed25519 AAAA\n');
    expect(readFileSync(inTree('known_hosts'), 'utf8')).toBe('gpu1 ssh-ed25519 AAAA\n');
    const now = new Date('2026-11-20T12:00:00Z');
    store.noteSilence('d-1', { asked: ['gpu1'], silent: ['gpu1'] }, now);
    const later = storeOf().noteSilence('d-1', { asked: [], silent: [] }, new Date());
    expect(later).toEqual(new Map([['gpu1', now]]));
  });
});

describe('a record that cannot be read', () => {
  it.each([
    ['half of it', '{"schema": 2, "id": "d-1", "pla'],
    ['nothing', ''],
    ['no object', 'null'],
    ['a record of version 0.1', fixture('deployment')],
    ['a record of a later version', '{"schema": 3, "places": [], "jobs": []}'],
    ['no places', '{"schema": 2, "jobs": []}'],
    ['no jobs', '{"schema": 2, "places": []}'],
  ])('%s: says which one, and what to do', async (_, text) => {
    await record();
    const path = join(storeOf().folder, 'deployment.json');
    writeFileSync(path, text);
    const { message, suggestions } = refusal();
    expect(message).toContain(`cannot be read: ${path}: `);
    expect(suggestions).toEqual([expect.stringMatching(`^mv ${path} ${path}.broken `)]);
    // Nothing is written over it, and the lock is free again.
    await expect(record()).rejects.toThrow('cannot be read');
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(existsSync(join(storeOf().folder, 'lock'))).toBe(false);
    renameSync(path, `${path}.broken`);
    expect(storeOf().read()).toBe(null);
  });
});

describe('N13: a record that may not be opened', () => {
  it('says so, and how that is changed; it is not given up', async () => {
    await record();
    const path = join(storeOf().folder, 'deployment.json');
    const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    const { message, suggestions } = new ClosedDeployment(path, new UnreadableFile('x', { cause: denied }));
    expect(message).toBe(`The record of the deployment cannot be read: ${path}: permission denied.`);
    expect(suggestions).toEqual([`ls -ld ${path}`, `chmod u+rwX ${path}`]);
  });

  it('is no record where a folder is in its place', async () => {
    await record();
    const path = join(storeOf().folder, 'deployment.json');
    rmSync(path);
    mkdirSync(path);
    expect(refusal().message).toContain(`cannot be read: ${path}: it is not a regular file.`);
  });
});

describe('a deployment.json in the tree that this computer did not write', () => {
  const plant = (text: string) => {
    mkdirSync(join(experiment, '.logistician'), { recursive: true });
    writeFileSync(inTree('deployment.json'), text);
  };
  const old = JSON.parse(fixture('deployment')) as Record<string, unknown>;

  it('T2: is never taken for one’s own, nor written over', async () => {
    plant(JSON.stringify({ ...deployment, id: 'theirs' }));
    expect(storeOf().read()).toBe(null);
    expect(storeOf().foreign()).toEqual({
      ...{ path: inTree('deployment.json'), isLiveOfVersion1: false },
      ...{ target: 'hosts', id: 'theirs' },
    });
    await record();
    expect(storeOf().read()?.id).toBe('d-1');
    expect(readFileSync(inTree('deployment.json'), 'utf8')).toContain('theirs');
  });

  it.each<[string, object, object]>([
    ['a live one of version 0.1', { released: null }, { isLiveOfVersion1: true }],
    ['a released one of it', { released: '2026-11-20T12:00:00Z' }, { isLiveOfVersion1: false }],
    ['one whose id is no word', { id: '$(id)', target: 7 }, { id: '', target: '' }],
    ['one whose id is endless', { id: 'x'.repeat(1000) }, { id: '' }],
  ])('%s is recognised', (_, changes, expected) => {
    plant(JSON.stringify({ ...old, ...changes }));
    expect(storeOf().foreign()).toMatchObject({ path: inTree('deployment.json'), ...expected });
  });

  it.each(['', '{"schema": 1', 'null', '[]', '7', '"x"'])('%j is some file', (text) => {
    plant(text);
    expect(storeOf().foreign()).toMatchObject({ isLiveOfVersion1: false, id: '' });
  });

  it.each<[string, () => void]>([
    ['a terabyte', () => truncateSync(inTree('deployment.json'), 2 ** 40)],
    ['a FIFO', () => execFileSync('mkfifo', [inTree('deployment.json')])],
    ['a folder', () => mkdirSync(inTree('deployment.json'))],
    ['a link out', () => symlinkSync('/etc/passwd', inTree('deployment.json'))],
    ['a link in a circle', () => symlinkSync('deployment.json', inTree('deployment.json'))],
  ])('%s is none, and is not read', (what, make) => {
    plant('');
    if (what !== 'a terabyte') rmSync(inTree('deployment.json'));
    make();
    expect(storeOf().foreign()).toBe(null);
    expect(storeOf().read()).toBe(null);
  });

  it('T2: a copied folder knows of which it is a copy, and has no deployment', async () => {
    await record();
    const copy = join(scratch, 'project', 'copy');
    cpSync(experiment, copy, { recursive: true, verbatimSymlinks: true });
    const store = storeOf(copy);
    expect([store.copyOf, store.read(), store.foreign()]).toEqual([experiment, null, null]);
    await record(store, { ...deployment, id: 'd-2' });
    expect(storeOf().read()?.id).toBe('d-1');
    expect(storeOf(copy).read()?.id).toBe('d-2');
    expect(readFileSync(inTree('deployment.json', copy), 'utf8')).toContain('d-2');
    expect(storeOf(copy).copyOf).toBe(null);
  });
});

describe('a dry run', () => {
  it.each(['before the first deployment', 'with one', 'with one that was moved'])(
    'writes nothing: %s',
    async (when) => {
      if (when !== 'before the first deployment') await record();
      if (when === 'with one that was moved') {
        const moved = join(scratch, 'moved');
        renameSync(experiment, moved);
        experiment = moved;
      }
      const before = stateOfFolder(scratch);
      const store = storeOf(experiment, true);
      const last = store.read();
      expect(last).toEqual(when === 'before the first deployment' ? null : deployment);
      store.prepare();
      store.setCommandsAside(last);
      store.writeMachines('gpu1\ta\n');
      store.writeKnownHosts('gpu1 ssh-ed25519 AAAA\n');
      store.noteSilence('d-1', { asked: ['gpu1'], silent: ['gpu1'] }, new Date());
      await store.locked(async (live) => {
        live.write({ ...deployment, id: 'd-2' });
        // It goes on as if it had been.
        expect(live.now.id).toBe('d-2');
      }, never);
      expect(store.readKnownHosts()).toBe('gpu1 ssh-ed25519 AAAA\n');
      expect(store.read()).toEqual(last);
      expect(stateOfFolder(scratch)).toEqual(before);
    },
  );
});
