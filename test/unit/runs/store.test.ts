import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
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
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NotARunFolder } from '../../../src/runs/in-place.js';
import { linkOrCopy } from '../../../src/runs/parameters-files.js';
import { UnreadableReceipt } from '../../../src/runs/read-record.js';
import { RunStore } from '../../../src/runs/store.js';
import { fixture, receiptOf } from '../../support/receipts.js';
import { scratchFolder } from '../../support/repository.js';

let experiment: string;
let runs: RunStore;
const receiptPath = (id: string) => join(runs.pathOf(id), 'run.json');
const at = (minute: number) => new Date(Date.UTC(2026, 10, 20, 12, minute));

/** A receipt with a folder and the text as its parameters.json. */
function add(options: string, minute: number, changes: object = {}, parameters = '{}'): string {
  const { condition } = receiptOf(options);
  const id = runs.claim(condition, at(minute), parameters);
  runs.write(receiptOf(options, { id, ...changes }));
  return id;
}

/** The folder of a run whose run.json is this text. */
function plant(text: string, id: string = JSON.parse(text).id): string {
  mkdirSync(runs.pathOf(id), { recursive: true });
  writeFileSync(receiptPath(id), text);
  return id;
}

beforeEach(() => {
  experiment = scratchFolder();
  runs = new RunStore(experiment);
});
afterEach(() => rmSync(experiment, { recursive: true, force: true }));

describe('RunStore', () => {
  it('gives each run an id and a folder of its own', () => {
    const { condition } = receiptOf('--lr 1');
    const ids = [1, 1, 1].map((minute) => runs.claim(condition, at(minute), '{}'));
    expect(new Set(ids).size).toBe(3);
    expect(ids[0]).toBe(`20261120-120100000-${condition}`);
    expect(ids.map((id) => runs.read(id))).toEqual([null, null, null]);
    expect(readFileSync(join(runs.folder, '.gitignore'), 'utf8')).toBe('*\n');
  });

  it('reads what it wrote', () => {
    const id = add('--lr 1', 1);
    expect(runs.read(id)).toEqual(receiptOf('--lr 1', { id }));
    expect(runs.read(id.replace('2026', '2025'))).toBeNull();
    runs.discard([id]);
    expect(runs.read(id)).toBeNull();
    expect(existsSync(runs.pathOf(id))).toBe(false);
  });

  it('T22: after a clock that was ahead, a later run is newer all the same', () => {
    const ahead = add('--lr 1', 59);
    runs = new RunStore(experiment);
    const later = add('--lr 1', 1);
    expect(later > ahead).toBe(true);
    expect(runs.newest().found.get(receiptOf('--lr 1').condition)?.id).toBe(later);
    expect(add('--lr 9', 2) < ahead).toBe(true);
    // An id that no clock made holds up nothing.
    const condition = receiptOf('--lr 3').condition;
    mkdirSync(join(runs.folder, `99991231-235959999-${condition}`));
    expect(new RunStore(experiment).claim(condition, at(3), '{}')).toMatch(/^20261120-1203/);
  });

  it('finds the newest receipt of each condition, oldest first', () => {
    add('--lr 1', 1);
    const two = add('--lr 2', 2);
    const one = add('--lr 1', 3);
    runs.claim(receiptOf('--lr 2').condition, at(4), '{}');
    const { found, problems } = runs.newest();
    expect([...found.values()].map(({ id }) => id)).toEqual([two, one]);
    expect(problems).toEqual([]);
  });

  it('writes nothing in a dry run', () => {
    const id = add('--lr 1', 1);
    writeFileSync(join(runs.folder, '.index.jsonl'), 'garbage\n');
    const before = readdirSync(runs.folder);
    const dry = new RunStore(experiment, true);
    const other = dry.claim(receiptOf('--lr 2').condition, at(2), '{}');
    dry.write(receiptOf('--lr 2', { id: other }));
    dry.discard([id]);
    expect(dry.summaries().found.map((summary) => summary.id)).toEqual([id]);
    expect(readdirSync(runs.folder)).toEqual(before);
    expect(readFileSync(join(runs.folder, '.index.jsonl'), 'utf8')).toBe('garbage\n');
  });

  it('goes nowhere by an id that is a path', () => {
    for (const id of ['..', '../..', '20261120-120000000-../../x', '.parameters', '']) {
      expect(() => runs.pathOf(id)).toThrow('is not the id of a run');
      expect(() => runs.discard([id])).toThrow('is not the id of a run');
      expect(runs.read(id)).toBeNull();
      expect(runs.parametersOf(id)).toBeNull();
    }
  });
});

describe('F6, T13: a receipt that cannot be read', () => {
  const replaced = (make: (path: string) => void) => (path: string) => {
    rmSync(path);
    make(path);
  };
  const broken: [string, (path: string) => void][] = [
    ['is {}', (path) => writeFileSync(path, '{}')],
    ['is half written', (path) => truncateSync(path, 100)],
    ['is empty', (path) => truncateSync(path, 0)],
    ['is larger than 16 MiB', (path) => truncateSync(path, 2 ** 24 + 1)],
    ['is a folder', replaced((path) => mkdirSync(path))],
    ['is a FIFO', replaced((path) => execFileSync('mkfifo', [path]))],
    ['is endless', replaced((path) => symlinkSync('/dev/zero', path))],
    ['is a link to itself', replaced((path) => symlinkSync('run.json', path))],
    ['is of another run', (path) => writeFileSync(path, JSON.stringify(receiptOf('--lr 3')))],
    ['is of a later version', (path) => writeFileSync(path, JSON.stringify({ schema: 3 }))],
  ];

  it.each(broken)('stops no other: one that %s', (_, breakIt) => {
    const one = add('--lr 1', 1);
    const two = add('--lr 2', 2);
    breakIt(receiptPath(one));
    expect(() => runs.read(one)).toThrow(UnreadableReceipt);
    for (const each of [runs, new RunStore(experiment)]) {
      const { found, problems } = each.summaries();
      expect(found.map(({ id }) => id)).toEqual([two]);
      expect(problems.map(({ run, path }) => [run, path])).toEqual([[one, receiptPath(one)]]);
    }
    const { found, problems } = runs.newest();
    expect([...found.values()].map(({ id }) => id)).toEqual([two]);
    expect(problems.map(({ run }) => run)).toEqual([one]);
  });

  it.each(broken.slice(0, -1))('is set aside by the line that is suggested: one that %s', (_, breakIt) => {
    const id = add("--note 'two words'", 1);
    breakIt(receiptPath(id));
    const [problem] = runs.summaries().problems;
    execFileSync('sh', ['-c', String(problem?.suggestions[0] ?? 'false')]);
    expect(runs.read(id)).toBeNull();
    expect(runs.summaries()).toEqual({ found: [], problems: [] });
    expect(runs.newest().problems).toEqual([]);
  });

  it('is not made up for by an older one of the same condition', () => {
    add('--lr 1', 1);
    const newer = add('--lr 1', 2);
    writeFileSync(receiptPath(newer), '{}');
    expect(runs.newest()).toMatchObject({ found: new Map(), problems: [{ run: newer }] });
  });

  it('is not read at all if it is too large', () => {
    const id = add('--lr 1', 1);
    truncateSync(receiptPath(id), 2 ** 40);
    expect(() => runs.read(id)).toThrow('has more than 16 MiB');
  });
});

describe('a link in the place of what is written', () => {
  it('is refused for the folder of a run', () => {
    const id = add('--lr 1', 1);
    const elsewhere = join(experiment, 'elsewhere');
    renameSync(runs.pathOf(id), elsewhere);
    symlinkSync(elsewhere, runs.pathOf(id));
    const before = readFileSync(join(elsewhere, 'run.json'), 'utf8');
    expect(() => runs.write(receiptOf('--lr 1', { id, user: 'other' }))).toThrow(NotARunFolder);
    expect(readFileSync(join(elsewhere, 'run.json'), 'utf8')).toBe(before);
  });

  it('is replaced for run.json, the file that is renamed to it, and the index', () => {
    const id = add('--lr 1', 1);
    const target = join(experiment, 'precious');
    const index = join(runs.folder, '.index.jsonl');
    const links = [receiptPath(id), `${receiptPath(id)}.${process.pid}.new`, index];
    for (const link of links) {
      writeFileSync(target, 'precious');
      rmSync(link, { force: true });
      symlinkSync(target, link);
      runs.write(receiptOf('--lr 1', { id, user: 'other' }));
      runs.summaries();
      expect(readFileSync(target, 'utf8')).toBe('precious');
    }
    expect(runs.read(id)?.user).toBe('other');
    expect(lstatSync(receiptPath(id)).isFile()).toBe(true);
    expect(lstatSync(index).isFile()).toBe(true);
  });

  it('is refused for the folder of parameters', () => {
    mkdirSync(runs.folder);
    symlinkSync(experiment, join(runs.folder, '.parameters'));
    expect(() => add('--lr 1', 1)).toThrow('is a link');
    expect(readdirSync(runs.folder).sort()).toEqual(['.gitignore', '.parameters']);
  });
});

describe('parameters.json of a run', () => {
  it('is there byte for byte', () => {
    const text = '\uFEFF{ "lr": 1.0,\r\n "größe": 1e3 }\n\n';
    const id = add('--lr 1', 1, {}, text);
    expect(runs.parametersOf(id)).toBe(text);
    expect(readFileSync(join(runs.pathOf(id), 'parameters.json'), 'utf8')).toBe(text);
    expect(runs.parametersOf(id.replace('2026', '2025'))).toBeNull();
  });

  it('T16: takes the room of one, for 2,000 runs of one text', () => {
    const text = JSON.stringify({ experiment_conditions: Array(4000).fill('--lr 0.001 --seed 1') });
    expect(text.length).toBeGreaterThan(80_000);
    const { condition } = receiptOf('--lr 1');
    const ids = Array.from({ length: 2000 }, (_, n) => runs.claim(condition, at(n), text));
    const files = ids.map((id) => statSync(join(runs.pathOf(id), 'parameters.json')));
    const blocks = new Map(files.map(({ ino, blocks }) => [ino, blocks]));
    for (const name of readdirSync(join(runs.folder, '.parameters'))) {
      const { ino, blocks: own } = statSync(join(runs.folder, '.parameters', name));
      blocks.set(ino, own);
    }
    expect(blocks.size).toBe(1);
    expect([...blocks.values()].reduce((sum, each) => sum + each * 512, 0)).toBeLessThan(5e6);
    expect(files[0]?.nlink).toBe(2001);
  });

  it('is each text its own', () => {
    const one = add('--lr 1', 1, {}, '{"a":1}');
    const two = add('--lr 1', 2, {}, '{"a":1.0}');
    expect([runs.parametersOf(one), runs.parametersOf(two)]).toEqual(['{"a":1}', '{"a":1.0}']);
  });

  it('is whole for later runs after one of its names was edited', () => {
    const one = add('--lr 1', 1, {}, '{"a":1}');
    const own = join(runs.pathOf(one), 'parameters.json');
    chmodSync(own, 0o644);
    writeFileSync(own, '{"a":2}');
    runs = new RunStore(experiment);
    expect(runs.parametersOf(add('--lr 1', 2, {}, '{"a":1}'))).toBe('{"a":1}');
  });

  it('is a copy once the shared one is gone', () => {
    add('--lr 1', 1, {}, '{"a":1}');
    rmSync(join(runs.folder, '.parameters'), { recursive: true });
    expect(runs.parametersOf(add('--lr 1', 2, {}, '{"a":1}'))).toBe('{"a":1}');
  });

  const hasTwoFileSystems = existsSync('/dev/shm') && statSync('/dev/shm').dev !== statSync(tmpdir()).dev;
  it.skipIf(!hasTwoFileSystems)('is a copy where the file system refuses a link', () => {
    const from = join('/dev/shm', `logistician-test-${process.pid}.json`);
    const to = join(experiment, 'parameters.json');
    writeFileSync(from, '{"a":1}');
    try {
      linkOrCopy(from, to, '{"a":1}');
      expect(readFileSync(to, 'utf8')).toBe('{"a":1}');
      linkOrCopy(from, to, '{"a":1}');
    } finally {
      rmSync(from);
    }
  });

  it('of version 0.1 is in the receipt, and stays when that is written again', () => {
    const text = fixture('succeeded');
    const id = plant(text);
    const before = JSON.parse(text).parameters_file;
    expect(runs.parametersOf(id)).toBe(before);
    const record = runs.read(id);
    if (!record) throw new Error('no record');
    runs.write({ ...record, collected: '2026-11-28T16:00:00Z' });
    expect(JSON.parse(readFileSync(receiptPath(id), 'utf8'))).toMatchObject({ schema: 2 });
    expect(runs.parametersOf(id)).toBe(before);
  });
});
