import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  InvalidSettings,
  readUserSettings,
  settingsFile,
  withSettings,
} from '../../../src/operations/user-settings.js';

const homes: string[] = [];
afterEach(() => {
  for (const home of homes.splice(0)) rmSync(home, { recursive: true });
});

function homeWith(text: string | null): string {
  const home = mkdtempSync(join(tmpdir(), 'settings-'));
  homes.push(home);
  mkdirSync(join(home, '.logistician'));
  if (text !== null) writeFileSync(settingsFile(home), text);
  return home;
}

const defaults = { target: 'local', verbosity: 'normal', notify: null };

describe('user settings', () => {
  it('are the defaults where nothing is set', () => {
    expect(readUserSettings(homeWith(null))).toEqual({ settings: defaults, problem: null });
    expect(readUserSettings('/nowhere')).toEqual({ settings: defaults, problem: null });
  });

  it('are those of the file', () => {
    const set = { target: 'aws', verbosity: 'quiet', notify: 'notify-send "$LOGISTICIAN_SUMMARY"' };
    expect(readUserSettings(homeWith(JSON.stringify(set)))).toEqual({ settings: set, problem: null });
  });

  it.each([
    [
      'a value that is none',
      '{"verbosity": "loud", "target": "aws"}',
      { target: 'aws' },
      '"quiet", "normal"',
    ],
    ['a target that does not exist', '{"target": "mars"}', {}, '"target" is not one of "aws"'],
    ['a line that is none', '{"notify": ["notify-send", "x"]}', {}, '"notify" is not a shell command'],
    [
      'a slip in a key',
      '{"notfy": "true", "verbosity": "verbose"}',
      { verbosity: 'verbose' },
      'mean "notify"',
    ],
    ['another form', '[]', {}, 'is not a JSON object'],
    ['half a file', '{"verbosity": "qu', {}, 'is not JSON'],
    ['a file without end', ' '.repeat(17 * 2 ** 20), {}, 'more than 16 MiB'],
  ])('%s is told of, and the rest counts', (_, text, counts, says) => {
    const home = homeWith(text);
    const { settings, problem } = readUserSettings(home);
    expect(settings).toEqual({ ...defaults, ...counts });
    expect(problem).toBeInstanceOf(InvalidSettings);
    expect(problem?.message).toContain(says);
  });

  it('are kept where one of them is set', () => {
    const home = homeWith('{"notify": "true", "mine": 1}');
    expect(JSON.parse(withSettings(home, { target: 'aws' }))).toEqual({
      notify: 'true',
      mine: 1,
      target: 'aws',
    });
  });

  it('are not written over where they cannot be read', () => {
    const home = homeWith('{"notify": "my long line"');
    expect(() => withSettings(home, { target: 'aws' })).toThrow(InvalidSettings);
    expect(readFileSync(settingsFile(home), 'utf8')).toContain('my long line');
    expect(existsSync(`${settingsFile(home)}.old`)).toBe(false);
  });
});
