import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.js';
import type { Parameters } from '../../../src/experiment/parameters.js';
import { inputFolders } from '../../../src/operations/experiment.js';
import { warnOfLinksOut } from '../../../src/operations/source-warnings.js';
import { linksOut } from '../../../src/source/links-out.js';

describe('L40: inputs', () => {
  let home: string;
  const before = process.env.HOME;

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'logistician-test-'));
    for (const name of ['e', 'sets', 'run 12:30']) mkdirSync(join(home, name));
    process.env.HOME = home;
  });
  afterAll(() => {
    if (before !== undefined) process.env.HOME = before;
    rmSync(home, { recursive: true });
  });

  const folderOf = (path: string) =>
    inputFolders({ folder: join(home, 'e'), parameters: { inputs: { x: path } } as unknown as Parameters }).x;

  function problemOf(path: string): UserError {
    try {
      folderOf(path);
    } catch (error) {
      if (error instanceof UserError) return error;
    }
    throw new Error('it was accepted');
  }

  it('start from the experiment, or from the home folder', () => {
    expect(folderOf('../sets')).toBe(join(home, 'sets'));
    expect(folderOf('~/sets')).toBe(join(home, 'sets'));
    expect(folderOf('~')).toBe(home);
  });

  it('with a variable are told how they are written', () => {
    const problem = problemOf('$HOME/sets');
    expect(problem.message).toBe(
      'The input "x" is "$HOME/sets", which is not expanded by a shell: write the full path.',
    );
    const said = execFileSync('sh', ['-c', String(problem.suggestions[0])], { encoding: 'utf8' });
    expect(folderOf(said.trim())).toBe(join(home, 'sets'));
  });

  it('that do not exist are made by the line that is proposed', () => {
    const problem = problemOf('../new');
    execFileSync('sh', ['-c', String(problem.suggestions[0])]);
    expect(folderOf('../new')).toBe(join(home, 'new'));
  });

  it('with links that lead out of them are told of, with a line that helps', () => {
    const sets = join(home, 'sets');
    mkdirSync(join(sets, 'deep'));
    writeFileSync(join(home, 'outside'), 'x');
    symlinkSync('../outside', join(sets, 'out'));
    symlinkSync(join(sets, 'deep'), join(sets, 'deep', 'absolute'));
    symlinkSync('../deep', join(sets, 'deep', 'inside'));
    const said: string[] = [];
    const session = { notify: { step() {}, note() {}, warn: (text: string) => said.push(text) } };
    warnOfLinksOut(session, { sets, none: join(home, 'e') });
    expect(said).toEqual([
      `2 links in the input "sets" lead out of it, and will be broken in a job: deep/absolute, out. To have the files: cp -rL ${sets} ${sets}.whole, and use that folder.`,
    ]);
    rmSync(join(sets, 'deep', 'absolute'));
    rmSync(join(sets, 'deep', 'inside'));
    execFileSync('sh', ['-c', / (cp .*), and use/.exec(said[0] ?? '')?.[1] ?? 'false']);
    expect(linksOut(`${sets}.whole`)).toEqual([]);
    rmSync(sets, { recursive: true });
    mkdirSync(sets);
  });

  it('with a colon, which Docker takes for the end of the path, get another name', () => {
    const problem = problemOf('../run 12:30');
    expect(problem.message).toContain('there is a colon or a line break in');
    execFileSync('sh', ['-c', String(problem.suggestions[0])]);
    expect(folderOf('../run 12-30')).toBe(join(home, 'run 12-30'));
  });
});
