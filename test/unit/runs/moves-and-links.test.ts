import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AnothersDeployment, DeploymentStore } from '../../../src/runs/deployment-store.js';
import { NotTheRunsFolder } from '../../../src/runs/in-place.js';
import { logNames, offsetOfLeftLog, readLeftLog } from '../../../src/runs/left-log.js';
import { RunStore } from '../../../src/runs/store.js';
import { Journal } from '../../../src/shell/journal.js';
import { receiptOf } from '../../support/receipts.js';
import { scratchFolder } from '../../support/repository.js';

let scratch: string;
let home: string;
let one: string;
let two: string;
const run = '20261120-113359042-lr-1-0123456789';

beforeEach(() => {
  scratch = scratchFolder();
  [home, one, two] = [join(scratch, 'home'), join(scratch, 'one'), join(scratch, 'two')];
  for (const folder of [home, one]) mkdirSync(folder);
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const made = (experiment: string) => {
  const store = new DeploymentStore(home, experiment);
  store.prepare();
  return store;
};

describe('L1: a copy of an experiment', () => {
  it('has a state of its own', () => {
    const { folder } = made(one);
    cpSync(one, two, { recursive: true, verbatimSymlinks: true });
    expect(new DeploymentStore(home, two)).toMatchObject({ copyOf: one });
    const copy = made(two);
    expect(copy.folder).not.toBe(folder);
    expect(readlinkSync(join(two, '.logistician', 'deployment.json'))).toBe(
      join(copy.folder, 'deployment.json'),
    );
    expect(new DeploymentStore(home, one).folder).toBe(folder);
  });

  it('is one also where the original has lost its links', () => {
    made(one);
    cpSync(one, two, { recursive: true, verbatimSymlinks: true });
    rmSync(join(one, '.logistician'), { recursive: true });
    expect(new DeploymentStore(home, two)).toMatchObject({ copyOf: one });
  });
});

describe('L25: a moved experiment', () => {
  const lay = () => {
    const { jobs } = made(one);
    const [job, work] = [join(jobs, run), join(one, 'runs', run)];
    for (const folder of [job, work]) mkdirSync(folder, { recursive: true });
    symlinkSync(work, join(job, 'work'));
    writeFileSync(join(job, 'place'), `${work}\n`);
    return job;
  };

  it('keeps its state, and its jobs are told where they write', () => {
    const job = lay();
    renameSync(one, two);
    const dry = new DeploymentStore(home, two, true);
    expect([dry.jobs, dry.tellMove()]).toEqual([join(job, '..'), false]);
    expect(readlinkSync(join(job, 'work'))).toBe(join(one, 'runs', run));
    const moved = new DeploymentStore(home, two);
    expect([moved.jobs, moved.tellMove(), moved.tellMove()]).toEqual([join(job, '..'), true, false]);
    expect(readlinkSync(join(job, 'work'))).toBe(join(two, 'runs', run));
    expect(readFileSync(join(job, 'place'), 'utf8')).toBe(`${join(two, 'runs', run)}\n`);
    expect(new DeploymentStore(home, two).tellMove()).toBe(false);
  });

  it('is told apart from a new one at its old path, whichever is looked at first', () => {
    for (const isLive of [false, true]) {
      for (const newFirst of [false, true]) {
        const [old, away] = [
          join(scratch, `${isLive}-${newFirst}`),
          join(scratch, `${isLive}-${newFirst}-away`),
        ];
        mkdirSync(old);
        const { folder } = made(old);
        const live = { schema: 2, id: 'd', released: isLive ? null : 'x', places: [], jobs: [] };
        writeFileSync(join(folder, 'deployment.json'), JSON.stringify(live));
        renameSync(old, away);
        mkdirSync(old);
        if (newFirst && isLive) {
          const unclear = new DeploymentStore(home, old);
          expect(() => unclear.read()).toThrow(AnothersDeployment);
          expect(() => unclear.prepare()).toThrow(AnothersDeployment);
        } else if (newFirst) {
          expect(new DeploymentStore(home, old).read()).toBe(null);
        }
        const moved = new DeploymentStore(home, away);
        expect(moved).toMatchObject({ folder, copyOf: null });
        expect(moved.read()?.id).toBe('d');
        const fresh = made(old);
        expect(fresh.read()).toBe(null);
        expect(fresh.folder).not.toBe(folder);
        expect(new DeploymentStore(home, away).read()?.id).toBe('d');
      }
    }
  });

  it('is taken over by the same one made again, with the key', () => {
    const { folder } = made(one);
    const live = { schema: 2, id: 'd', released: null, places: [], jobs: [] };
    writeFileSync(join(folder, 'deployment.json'), JSON.stringify(live));
    renameSync(one, two);
    mkdirSync(join(one, '.logistician'), { recursive: true });
    rmSync(two, { recursive: true });
    expect(() => new DeploymentStore(home, one).read()).toThrow(AnothersDeployment);
    cpSync(join(folder, 'key'), join(one, '.logistician', 'key'));
    expect(made(one).read()?.id).toBe('d');
    rmSync(join(one, '.logistician'), { recursive: true });
    expect(made(one).read()?.id).toBe('d');
  });

  it('T3: does not send its jobs through a link', () => {
    const job = lay();
    renameSync(one, two);
    rmSync(join(two, 'runs', run), { recursive: true });
    symlinkSync(home, join(two, 'runs', run));
    new DeploymentStore(home, two);
    expect(readFileSync(join(job, 'place'), 'utf8')).toBe(`${join(one, 'runs', run)}\n`);
  });

  it('T2: is none that has guessed the links and not the key', () => {
    const { folder } = made(one);
    rmSync(one, { recursive: true });
    mkdirSync(join(two, '.logistician'), { recursive: true });
    symlinkSync(join(folder, 'deployment.json'), join(two, '.logistician', 'deployment.json'));
    const stranger = new DeploymentStore(home, two);
    expect(stranger.folder).not.toBe(folder);
    expect(stranger.tellMove()).toBe(false);
  });
});

describe('T2, T3: links in the tree', () => {
  const victim = () => {
    const folder = join(scratch, 'victim');
    mkdirSync(folder);
    return folder;
  };

  it('.logistician as a link is left alone', () => {
    const there = victim();
    symlinkSync(there, join(one, '.logistician'));
    expect(existsSync(made(one).folder)).toBe(true);
    expect(readdirSync(there)).toEqual([]);
  });

  it('runs/ as a link is refused, also one that a job has put there meanwhile', () => {
    const there = victim();
    const runs = new RunStore(one);
    const id = runs.claim('lr-1-0123456789', new Date(), '{}');
    const record = receiptOf('--lr 1', { id });
    runs.write(record);
    rmSync(runs.folder, { recursive: true });
    symlinkSync(there, runs.folder);
    for (const each of [runs, new RunStore(one)]) {
      expect(() => each.claim('lr-1-0123456789', new Date(), '{}')).toThrow(NotTheRunsFolder);
      expect(() => each.write(record)).toThrow(NotTheRunsFolder);
      each.discard([id]);
      each.summaries();
    }
    expect(readdirSync(there)).toEqual([]);
  });

  it('the experiment as a link that a job has put in its place: nothing is written through it', () => {
    const runs = new RunStore(one);
    runs.claim('lr-1-0123456789', new Date(), '{}');
    const there = victim();
    mkdirSync(join(there, 'runs'));
    rmSync(one, { recursive: true });
    symlinkSync(there, one);
    expect(() => runs.write(receiptOf('--lr 1'))).toThrow(NotTheRunsFolder);
    expect(readdirSync(join(there, 'runs'))).toEqual([]);
  });

  it('commands.sh: lines go to no link, FIFO or folder, and to the file that was opened', () => {
    const shown: string[] = [];
    const journal = new Journal((line) => shown.push(line));
    const [file, precious, bad] = [join(one, 'commands.sh'), join(scratch, 'precious'), join(one, 'bad.sh')];
    writeFileSync(precious, 'precious\n');
    symlinkSync(precious, bad);
    journal.keepIn(file);
    journal.keepIn(bad);
    rmSync(file);
    symlinkSync(precious, file);
    journal.mention('docker run');
    expect(readFileSync(precious, 'utf8')).toBe('precious\n');
    expect(shown.join('\n')).toContain(`Lines are no longer kept in ${bad}`);
  });
});

describe('L26: the receipt of a deployed run', () => {
  it('is known when the tree has lost its own', () => {
    const store = made(one);
    const record = receiptOf('--lr 1');
    store.keepReceipt(record);
    expect(new DeploymentStore(home, one).keptReceipt(record.id)).toEqual(record);
    expect(store.keptReceipt('../../x')).toBe(null);
    expect(store.keptReceipt(run)).toBe(null);
  });
});

describe('output that a run has left', () => {
  const text = async (offset = 0, names: readonly string[] = ['docker.txt']) => {
    const chunks: Buffer[] = [];
    await readLeftLog(join(one, 'runs', run), names, offset, (chunk) => chunks.push(chunk));
    return Buffer.concat(chunks).toString();
  };
  const logs = () => join(one, 'runs', run, 'data', 'logs');

  it('is read from any byte on, and counted from its end', async () => {
    mkdirSync(logs(), { recursive: true });
    const all = Array.from({ length: 30_000 }, (_, n) => `line ${n}\n`).join('');
    writeFileSync(join(logs(), 'docker.txt'), all);
    expect(await text()).toBe(all);
    for (const lines of [0, 1, 3, 20_000, 40_000]) {
      const offset = offsetOfLeftLog(join(one, 'runs', run), ['docker.txt'], lines);
      expect((await text(offset)).split('\n').length - 1).toBe(Math.min(lines, 30_000));
    }
  });

  it.each([
    ['build', 'no such package\n'],
    ['start', 'no such network\n'],
    ['fetch', 'no such network\n'],
  ])(
    'L37: is what the build or the runner said of a job that failed (%s) without any',
    async (reason, said) => {
      mkdirSync(logs(), { recursive: true });
      writeFileSync(join(logs(), 'docker.txt'), '');
      writeFileSync(join(logs(), 'build.txt'), 'no such package\n');
      writeFileSync(join(logs(), 'runner.txt'), 'no such network\n');
      expect(await text(0, logNames({ state: 'failed', reason }))).toBe(said);
      expect(await text(0, logNames({ state: 'succeeded', reason: null }))).toBe('');
      writeFileSync(join(logs(), 'docker.txt'), 'its own words\n');
      expect(await text(0, logNames({ state: 'failed', reason }))).toBe('its own words\n');
    },
  );

  it('T3: is none where a link or a folder is in its place', async () => {
    const there = join(scratch, 'there');
    mkdirSync(there);
    writeFileSync(join(there, 'docker.txt'), 'secret\n');
    mkdirSync(join(logs(), '..'), { recursive: true });
    symlinkSync(there, logs());
    expect(await text()).toBe('');
    rmSync(logs());
    mkdirSync(join(logs(), 'docker.txt'), { recursive: true });
    expect(await text()).toBe('');
    expect(lstatSync(join(there, 'docker.txt')).isFile()).toBe(true);
  });
});
