import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noNotes, writeNotes } from '../../../src/runs/notes.js';
import { readRows } from '../../../src/runs/rows/read-rows.js';
import { RunStore } from '../../../src/runs/store.js';
import { receiptOf } from '../../support/receipts.js';
import { scratchFolder } from '../../support/repository.js';

let home: string;
beforeEach(() => {
  home = scratchFolder();
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const index = () => join(home, 'runs', '.rows.jsonl');
const rows = () => readRows(new RunStore(home), home);
const measure = (id: string, name: string, text: string) => {
  mkdirSync(join(home, 'runs', id, 'data', 'measures'), { recursive: true });
  writeFileSync(join(home, 'runs', id, 'data', 'measures', name), text);
};

/** A run that has succeeded. */
function run(options: string, minute = 0, changes: Parameters<typeof receiptOf>[1] = {}): string {
  const receipt = receiptOf(options);
  const id = `20261120-12${String(minute).padStart(2, '0')}00000-${receipt.condition}`;
  mkdirSync(join(home, 'runs', id), { recursive: true });
  writeFileSync(join(home, 'runs', id, 'run.json'), JSON.stringify(receiptOf(options, { ...changes, id })));
  return id;
}

describe('rows', () => {
  it('are made of receipts, measures and notes', () => {
    expect(rows()).toEqual([]);
    const id = run('--lr 0.10 --adam');
    measure(id, 'summary.json', '{"accuracy": 0.9}');
    writeNotes(join(home, 'runs', id), {
      ...noNotes,
      tags: ['best'],
      notes: [{ time: 't', user: 'u', text: 'x' }],
    });
    expect(rows()).toMatchObject([
      {
        run: id,
        home,
        attempt: 1,
        state: 'succeeded',
        words: { lr: ['0.10'], adam: ['true'] },
        summary: { accuracy: 0.9 },
        notes: ['x'],
        tags: ['best'],
        problems: [],
        facts: { commit: '0'.repeat(40), machine: 'laptop' },
      },
    ]);
    run('--lr 0.10 --adam', 1);
    run('--lr 1', 2);
    expect(rows().map(({ attempt }) => attempt)).toEqual([1, 2, 1]);
  });

  it('are the same with the index, without it, and with one of another time', () => {
    const ids = [0, 1, 2].map((minute) => run('--lr 1', minute));
    measure(ids[0] ?? '', 'summary.json', '{"loss": NaN}');
    measure(ids[1] ?? '', 'train.jsonl', '{"step": 1, "loss": 2}\n');
    const first = rows();
    expect(readFileSync(index(), 'utf8').match(/"facts":/g)).toHaveLength(1);
    expect(rows()).toEqual(first);
    for (const text of [
      '',
      '{"v":1,',
      '\0\0\0\n',
      readFileSync(index(), 'utf8').replaceAll('"succeeded"', '1'),
    ]) {
      writeFileSync(index(), text);
      if (text.includes('"row"')) rmSync(index());
      expect(rows()).toEqual(first);
    }
    rmSync(index());
    chmodSync(join(home, 'runs'), 0o555);
    expect(rows()).toEqual(first);
    chmodSync(join(home, 'runs'), 0o755);
  });

  it('are not read from their files again, and are where anything has changed', () => {
    const id = run('--lr 1');
    measure(id, 'summary.json', '{"accuracy": 0.5}');
    rows();
    // A forged line shows that it is believed as long as the stamps are those of the files.
    writeFileSync(index(), readFileSync(index(), 'utf8').replace('"accuracy":0.5', '"accuracy":0.7'));
    expect(rows()[0]?.summary).toEqual({ accuracy: 0.7 });
    measure(id, 'summary.json', '{"accuracy": 0.81}');
    expect(rows()[0]?.summary).toEqual({ accuracy: 0.81 });
    measure(id, 'loss', '3');
    expect(rows()[0]?.values).toEqual({ loss: 3 });
    writeNotes(join(home, 'runs', id), { ...noNotes, tags: ['a'] });
    expect(rows()[0]?.tags).toEqual(['a']);
    run('--lr 1', 0, { exit_code: 0, user: 'other' });
    expect(rows()[0]?.facts.user).toBe('other');
    rmSync(join(home, 'runs', id, 'data'), { recursive: true });
    expect(rows()[0]?.summary).toBeNull();
  });

  it('that run still are read each time, and not kept', () => {
    run('--lr 1', 0, { state: 'running', exit_code: null, finished: null });
    expect(rows()).toMatchObject([{ state: 'running' }]);
    expect(existsSync(index())).toBe(false);
  });

  it('tell of receipts that cannot be read: half-written, of another run, newer, missing', () => {
    const ids = [0, 1, 2, 3].map((minute) => run('--lr 1', minute));
    const receipt = (at: number) => join(home, 'runs', ids[at] ?? '', 'run.json');
    writeFileSync(receipt(0), readFileSync(receipt(0), 'utf8').slice(0, 100));
    cpSync(receipt(2), receipt(1));
    writeFileSync(receipt(2), '{"schema": 3}');
    rmSync(receipt(3));
    expect(rows().map(({ state, problems: [problem] }) => [state, problem?.replace(/.*: it /, '')])).toEqual([
      ['unreadable', 'is not JSON, or incomplete.'],
      ['unreadable', 'is the receipt of another run.'],
      ['unreadable', 'was written by a newer logistician.'],
      ['unreadable', expect.stringContaining('has no receipt')],
    ]);
  });

  it('tell of notes and keys that were edited', () => {
    const id = run('--lr 1');
    writeFileSync(join(home, 'runs', id, 'notes.json'), '{"schema":1,"notes":[3],"tags":[]}');
    const path = join(home, 'runs', id, 'run.json');
    const edited = JSON.parse(readFileSync(path, 'utf8'));
    edited.recipe.condition.parameters = '{"lr": ';
    writeFileSync(path, JSON.stringify(edited));
    expect(rows()).toMatchObject([
      { words: { lr: ['1'] }, problems: ['notes.json: not the notes of a run'] },
    ]);
  });

  it('take two writers of the index, and grow it no further than twice', () => {
    for (let minute = 0; minute < 5; minute++) run('--lr 1', minute);
    rows();
    for (let round = 0; round < 60; round++) {
      const id = run('--lr 2', 30);
      measure(id, 'x', `${round}`.repeat(round + 1));
      rows();
      appendFileSync(index(), '');
    }
    expect(readFileSync(index(), 'utf8').split('\n').length).toBeLessThan(130);
  });
});
