import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leftIn } from '../../../src/runs/left-data.js';
import { logNames } from '../../../src/runs/left-log.js';
import { scratchFolder } from '../../support/repository.js';

let scratch: string;
let data: string;
beforeEach(() => {
  scratch = scratchFolder();
  data = join(scratch, 'data');
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

/** Writes below data/; later files are newer by a second. */
let second = 0;
function put(name: string, text: string | Buffer): string {
  const path = join(data, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  utimesSync(path, 1_700_000_000 + ++second, 1_700_000_000 + second);
  return path;
}
const nothing = { lastLine: '', measure: null, summary: null };

describe('leftIn', () => {
  it('says nothing of nothing', () => {
    expect(leftIn(data, ['docker.txt'])).toEqual(nothing);
    mkdirSync(join(data, 'measures'), { recursive: true });
    expect(leftIn(data, ['docker.txt'])).toEqual(nothing);
  });

  it.each([
    ['the last one', 'one\ntwo\n', 'two'],
    ['without an end', 'one\ntwo', 'two'],
    ['before empty ones', 'one\n \n\n', 'one'],
    ['of a progress bar', '10%\r20%\r', '20%'],
    ['before Docker’s advice', `docker: bad\nRun 'docker run --help' for more information\n`, 'docker: bad'],
    ['between NULs of a file that a crash cut', 'one\0\0\0', 'one'],
  ])('the line that it shows: %s', (_, text, line) => {
    put('logs/docker.txt', text);
    expect(leftIn(data, ['docker.txt']).lastLine).toBe(line);
  });

  it('where the job did not start, what was said instead', () => {
    const line = (reason: string) => leftIn(data, logNames({ state: 'failed', reason })).lastLine;
    put('logs/runner.txt', 'no room\n');
    put('logs/build.txt', 'no such image\n');
    expect([line('fetch'), line('build')]).toEqual(['no room', 'no such image']);
    put('logs/docker.txt', '\n');
    expect(line('build')).toBe('no such image');
    put('logs/docker.txt', 'epoch 1\n');
    expect(line('build')).toBe('epoch 1');
  });

  it.each<[string, string, string, unknown]>([
    ['L17: a series with NaN', 'x.jsonl', '{"loss": NaN, "a": 1}\n', { loss: Number.NaN, a: 1 }],
    ['L17: a number that is none', 'loss.txt', 'nan\n', { loss: Number.NaN }],
    ['a series', 'loss.jsonl', '{"loss": 2}\n{"loss": 1}\n', { loss: 1 }],
    ['a number', 'accuracy.txt', ' 0.93\n', { accuracy: 0.93 }],
    ['a number with an exponent', 'loss', '1e-4', { loss: 0.0001 }],
    ['a text', 'note.txt', 'none', null],
    ['nearly a number', 'x', '1.2.3', null],
    ['an endless number', 'x', '1'.repeat(200), null],
    ['nothing', 'x', '', null],
    ['a line that is a list', 'x.jsonl', '[1]\n', null],
  ])('the measure: %s', (_, name, text, measure) => {
    put(`measures/${name}`, text);
    expect(leftIn(data, ['docker.txt']).measure).toEqual(measure);
  });

  it('the measure is the newest one, and no summary', () => {
    put('measures/new.txt', '2');
    const old = put('measures/old.txt', '1');
    utimesSync(old, 1, 1);
    put('measures/summary.json', '{"best": 3}');
    expect(leftIn(data, ['docker.txt'])).toMatchObject({ measure: { new: 2 }, summary: { best: 3 } });
  });
});

describe('T13: a job left what it liked', () => {
  const fifo = (name: string) => {
    const path = join(data, name);
    mkdirSync(dirname(path), { recursive: true });
    execFileSync('mkfifo', [path]);
  };
  const link = (name: string, target: string) => {
    const path = join(data, name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  };
  const sparse = (name: string, bytes: number) => truncateSync(put(name, ''), bytes);
  const secret = () => {
    const path = join(scratch, 'secret');
    writeFileSync(path, '{"key": 1}\n');
    return path;
  };

  it.each<[string, () => void]>([
    [
      'FIFOs that nothing writes to',
      () => ['logs/docker.txt', 'measures/x', 'measures/summary.json'].map(fifo),
    ],
    ['a FIFO for the log and its folder', () => fifo('logs')],
    ['a FIFO for the measures’ folder', () => fifo('measures')],
    [
      'links out of it',
      () => {
        const path = secret();
        for (const name of ['logs/docker.txt', 'measures/x.jsonl', 'measures/summary.json']) link(name, path);
      },
    ],
    [
      'links to endless files',
      () => {
        for (const name of ['logs/docker.txt', 'measures/x']) link(name, '/dev/zero');
      },
    ],
    ['links in a circle', () => link('logs/docker.txt', 'docker.txt')],
    [
      'folders for files',
      () => {
        for (const name of ['logs/docker.txt', 'measures/x.jsonl']) put(`${name}/y`, '');
      },
    ],
    ['a terabyte for a summary', () => sparse('measures/summary.json', 2 ** 40)],
    ['a summary that is no object', () => put('measures/summary.json', '"text"')],
    ['half a summary', () => put('measures/summary.json', '{"best": 0.')],
    ['half a line of a series', () => put('measures/x.jsonl', '{"loss": 2}\n{"lo')],
    ['bytes that are no text', () => put('measures/x.jsonl', Buffer.from([0xff, 0xfe, 0x00, 0x80]))],
  ])('%s', (_, leave) => {
    leave();
    expect(leftIn(data, ['docker.txt'])).toEqual(nothing);
  });

  it('a link for a folder of it: nothing of there is read', () => {
    const other = join(scratch, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'docker.txt'), 'secret\n');
    writeFileSync(join(other, 'summary.json'), '{"secret": 1}');
    for (const name of ['logs', 'measures']) link(name, other);
    expect(leftIn(data, ['docker.txt'])).toEqual(nothing);
  });

  it('a terabyte of log: its end is read', () => {
    sparse('logs/docker.txt', 2 ** 40);
    execFileSync('sh', ['-c', `printf '\\nthe end\\n' >>"$1"`, 'sh', join(data, 'logs', 'docker.txt')]);
    expect(leftIn(data, ['docker.txt']).lastLine).toBe('the end');
    sparse('measures/x.jsonl', 2 ** 40);
    execFileSync('sh', ['-c', `printf '\\n{"loss":1}\\n' >>"$1"`, 'sh', join(data, 'measures', 'x.jsonl')]);
    expect(leftIn(data, ['docker.txt']).measure).toEqual({ loss: 1 });
  });

  it('a line without an end: its last bytes, no more', () => {
    put('logs/docker.txt', 'x'.repeat(1e6));
    expect(leftIn(data, ['docker.txt']).lastLine.length).toBeLessThanOrEqual(4000);
  });

  it('thousands of measures: some are looked at', () => {
    for (let count = 0; count < 1200; count++) put(`measures/${count}`, '1');
    expect(Object.values(leftIn(data, ['docker.txt']).measure ?? {})).toEqual([1]);
  });

  it('names of measures that objects have by themselves', () => {
    put('measures/__proto__', '1');
    put('measures/summary.json', '{"__proto__": {"x": 1}, "toString": 1}');
    const { summary } = leftIn(data, ['docker.txt']);
    expect(Object.keys(summary ?? {})).toEqual(['__proto__', 'toString']);
    expect(({} as Record<string, unknown>).x).toBe(undefined);
  });
});
