import { describe, expect, it } from 'vitest';
import { judge } from '../../../src/tools/git/contention.js';
import { isSnapshotCommit } from '../../../src/tools/git/lines.js';
import { ownFilters, withoutFilters } from '../../../src/tools/git/own-filters.js';

type Setting = readonly [scope: string, key: string, value?: string];

/** As `git config --list --show-scope -z` prints them. */
const listing = (...settings: readonly Setting[]) =>
  settings
    .map(([scope, key, value]) => `${scope}\0${key}${value === undefined ? '' : `\n${value}`}\0`)
    .join('');

const namesOf = (...settings: readonly Setting[]) => ownFilters(listing(...settings)).map(({ name }) => name);

describe("programs that only the repository's own configuration names", () => {
  it('T3: are those of the clone and of the worktree, with all that is said of them', () => {
    const filters = ownFilters(
      listing(
        ['local', 'core.bare', 'false'],
        ['local', 'filter.a.b c.clean', 'evil\nlines'],
        ['local', 'filter.a.b c.required'],
        ['worktree', 'filter.other.process', 'evil'],
        ['local', 'lfs.extension.x.clean', 'evil %f'],
        ['local', 'lfs.extension.x.priority', '0'],
      ),
    );
    expect(filters).toEqual([
      {
        name: 'filter.a.b c',
        says: { 'filter.a.b c.clean': 'evil\nlines', 'filter.a.b c.required': 'true' },
      },
      { name: 'filter.other', says: { 'filter.other.process': 'evil' } },
      {
        name: 'lfs.extension.x',
        says: { 'lfs.extension.x.clean': 'evil %f', 'lfs.extension.x.priority': '0' },
      },
    ]);
    expect(withoutFilters(filters)).toEqual([
      ...['filter.a.b c.process=', 'filter.a.b c.required=true'],
      ...['filter.other.process=', 'filter.other.required=true'],
      'lfs.extension.x.clean=false',
    ]);
  });

  it("T3: are none of the person's own, nor those of git-lfs as it installs them", () => {
    expect(
      namesOf(
        ['system', 'filter.x.clean', 'x'],
        ['global', 'filter.y.process', 'y'],
        ['command', 'filter.z.smudge', 'z'],
        ['local', 'filter.lfs.clean', 'git-lfs clean -- %f'],
        ['local', 'filter.lfs.smudge', 'git-lfs smudge -- %f'],
        ['local', 'filter.lfs.process', 'git-lfs filter-process'],
        ['local', 'filter.lfs.required', 'true'],
        ['local', 'filter.y.process', 'y'],
        ['local', 'filter.none.clean', ''],
      ),
    ).toEqual([]);
  });

  it("T3: are those that take another's name", () => {
    expect(
      namesOf(
        ['global', 'filter.lfs.process', 'git-lfs filter-process'],
        ['global', 'filter.y.clean', 'y'],
        ['local', 'filter.lfs.process', 'evil'],
        ['local', 'filter.y.clean', 'evil'],
      ),
    ).toEqual(['filter.lfs', 'filter.y']);
  });
});

describe('a change among others', () => {
  it.each([
    [
      "remote: error: cannot lock ref 'refs/logistician/c': reference already exists\n ! [remote rejected]",
      'again',
    ],
    [' ! [remote rejected] c -> refs/logistician/c (failed to update ref)', 'again'],
    ['error: could not lock config file /x/config: File exists', 'again'],
    ["fatal: Unable to create '/x/index.lock': File exists.", 'again'],
    ['fatal: not in a git directory', 'again'],
    [' ! [remote rejected] c -> r (unpacker error)\nNo space left on device', 'failed'],
    [' ! [remote rejected] c -> r (pre-receive hook declined)', 'failed'],
    ['fatal: Could not read from remote repository.', 'failed'],
    ['', 'failed'],
  ])('T21: that fails with %j is %s', (stderr, expected) => {
    expect(judge({ code: 1, stderr }, false, 3)).toBe(expected);
    expect(judge({ code: 1, stderr }, false, 0)).toBe('failed');
    expect(judge({ code: 1, stderr }, true, 0)).toBe('done');
    expect(judge({ code: 0, stderr }, false, 0)).toBe('done');
  });
});

describe('a commit', () => {
  const raw = (author: string, message: string) =>
    `tree t\nparent p\nauthor ${author} 1700000000 +0100\ncommitter ${author} 1700000000 +0100\n\n${message}\n`;
  const ours = 'Logistician <logistician@localhost>';
  const message = 'Snapshot of the working tree on p';

  it.each([
    [true, raw(ours, message)],
    [false, raw('A Person <a@example.org>', message)],
    [false, raw(ours, 'Another')],
    [false, raw('A <a@b>', `author ${ours} 1\n\n${message}`)],
  ])('is a snapshot (%s)', (expected, given) => {
    expect(isSnapshotCommit(given)).toBe(expected);
  });
});
