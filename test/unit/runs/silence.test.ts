import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noteSilence } from '../../../src/runs/silence.js';
import { scratchFolder } from '../../support/repository.js';

let scratch: string;
let path: string;
beforeEach(() => {
  scratch = scratchFolder();
  path = join(scratch, 'silent.json');
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const at = (minute: number) => new Date(Date.UTC(2026, 10, 20, 12, minute));

/** One look: which places were asked, and which of them did not answer. @returns since which minute, by name */
function look(minute: number, asked: string, silent: string, { deployment = 'd-1', readOnly = false } = {}) {
  const words = (text: string) => text.split(' ').filter((word) => word !== '');
  const answers = { asked: words(asked), silent: words(silent) };
  const since = noteSilence(path, deployment, answers, at(minute), readOnly);
  return Object.fromEntries([...since].map(([name, date]) => [name, date.getUTCMinutes()]));
}

describe('noteSilence', () => {
  it('says since when, from the first look on', () => {
    expect(look(1, 'a b', '')).toEqual({});
    expect(existsSync(path)).toBe(false);
    expect(look(2, 'a b', 'a')).toEqual({ a: 2 });
    expect(look(3, 'a b', 'a b')).toEqual({ a: 2, b: 3 });
    expect(look(4, 'a b', 'b')).toEqual({ b: 3 });
    expect(look(5, 'a b', 'a b')).toEqual({ a: 5, b: 3 });
  });

  it('knows of places that are not asked what it knew', () => {
    look(1, 'a b', 'a');
    expect(look(2, 'b', 'b')).toEqual({ a: 1, b: 2 });
    expect(look(3, '', '')).toEqual({ a: 1, b: 2 });
    expect(look(4, 'a', '')).toEqual({ b: 2 });
  });

  it('begins again with another deployment', () => {
    look(1, 'a', 'a');
    expect(look(2, 'a', 'a', { deployment: 'd-2' })).toEqual({ a: 2 });
    expect(look(3, 'a', 'a')).toEqual({ a: 3 });
  });

  it('notes nothing in a dry run', () => {
    expect(look(1, 'a', 'a', { readOnly: true })).toEqual({ a: 1 });
    expect(existsSync(path)).toBe(false);
    look(2, 'a', 'a');
    const before = readFileSync(path, 'utf8');
    expect(look(3, 'a', '', { readOnly: true })).toEqual({});
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it.each([
    ['half a record', '{"deployment":"d-1","since":{"a":"20'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['no times', '{"deployment":"d-1"}'],
    ['a time that is none', '{"deployment":"d-1","since":{"a":"yesterday"}}'],
    ['a number for a time', '{"deployment":"d-1","since":{"a":1e99}}'],
    ['null for a time', '{"deployment":"d-1","since":{"a":null}}'],
  ])('begins again where the file holds %s', (_, text) => {
    writeFileSync(path, text);
    expect(look(2, 'a', 'a')).toEqual({ a: 2 });
    expect(look(3, 'a', 'a')).toEqual({ a: 2 });
  });

  it('begins again where it is no file', () => {
    mkdirSync(path);
    expect(look(2, 'a', 'a', { readOnly: true })).toEqual({ a: 2 });
  });
});
