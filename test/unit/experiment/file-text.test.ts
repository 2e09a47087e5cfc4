import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileText, NotUtf8 } from '../../../src/experiment/file-text.js';
import { refusal, refusalOf } from './reading.js';

describe('L40: a parameters.json in another encoding', () => {
  const text = '{\n  "experiment_name": "e",\n  "tags": {"who": "Jürgen"}\n}\n';
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'logistician-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each<[string, Buffer, string]>([
    ['UTF-16, as PowerShell writes it', Buffer.from(`\ufeff${text}`, 'utf16le'), ' is UTF-16.'],
    ['UTF-16 without a mark', Buffer.from(text, 'utf16le'), ' is UTF-16.'],
    ['UTF-16 the other way round', Buffer.from(`\ufeff${text}`, 'utf16le').swap16(), ' is UTF-16.'],
    ['Latin-1', Buffer.from(text, 'latin1'), ':3 is not UTF-8.'],
  ])('%s is named, and the line that mends it does', (_, bytes, says) => {
    const path = join(folder, 'my parameters.json');
    writeFileSync(path, bytes);
    let problem: unknown;
    try {
      fileText(bytes, path);
    } catch (error) {
      problem = error;
    }
    if (!(problem instanceof NotUtf8)) throw new Error('it was accepted');
    expect(problem.message).toBe(`${path}${says} JSON is UTF-8: save it so.`);
    execFileSync('sh', ['-c', String(problem.suggestions[0])]);
    expect(fileText(readFileSync(path), path).replace('\ufeff', '')).toBe(text);
  });

  it('UTF-8 is read, with a mark and without', () => {
    expect(fileText(Buffer.from(text), 'p.json')).toBe(text);
    expect(fileText(Buffer.from(`\ufeff${text}`), 'p.json')).toBe(`\ufeff${text}`);
  });
});

describe('L40: characters that look like others', () => {
  it.each<[string, string]>([
    [
      '{\u00a0"experiment_name": "e"}',
      'p.json:1:2  U+00A0 stands here, a blank that is no space, often copied from a page: write a space.',
    ],
    ['{“experiment_name”: "e"}', 'p.json:1:2  “ is not JSON: quote keys and strings with ".'],
  ])('%s', (text, line) => {
    expect(refusal(text)).toEqual([line]);
  });

  it('in a condition that is split at blanks', () => {
    expect(refusalOf('"experiment_conditions": ["--lr\u00a00.1", "--name \'a\u00a0b\'"]')).toEqual([
      'p.json:2:27  experiment_conditions[0]  holds a blank that is no space (U+00A0), often copied from a page: write a space, or put it in quotes.',
    ]);
  });
});
