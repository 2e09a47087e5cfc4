import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { suggested } from '../../../src/cli/suggestions.js';
import { UserError } from '../../../src/errors.js';
import { DirtyTree, NotInCommit, UnknownCommit } from '../../../src/source/pin.js';
import { pathInProject } from '../../../src/source/project.js';
import { LargeUntrackedFiles } from '../../../src/source/survey-tree.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'logistician-unit-')));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a refusal', () => {
  it('of a dirty tree shows ten changes, counts the rest, and names the ways out', () => {
    const changed = Array.from({ length: 13 }, (_, index) => `?? file-${index}`);
    const refusal = new DirtyTree(changed, '/home/me/my project');
    expect(refusal.changed).toEqual(changed);
    expect(refusal.message.match(/\?\? file-/g)).toHaveLength(10);
    expect(refusal.message).toContain('and 3 more');
    expect(suggested(refusal.suggestions).join('\n')).toContain("git -C '/home/me/my project' add --all");
    expect(suggested(refusal.suggestions).join('\n')).toContain('deploy --snapshot');
  });

  it('of a dirty tree names the way back to a live deployment first', () => {
    const refusal = new DirtyTree([' M a'], '/p').withLive('0123456789abcdef0123456789abcdef01234567');
    expect(suggested(refusal.suggestions)[0]).toContain('--commit 0123456789 ');
    expect(refusal.message).not.toContain('more');
  });

  it.each([
    ['a commit', new UnknownCommit('nonsense', '/p'), 'nonsense'],
    ['large files', new LargeUntrackedFiles(['a.bin', 'b.bin'], '/p'), 'b.bin'],
    ['a path', new NotInCommit('exp/Dockerfile', '0123456789abcdef', '/p'), 'exp/Dockerfile'],
  ])('of %s says which, and what to do', (_, refusal, which) => {
    expect(refusal).toBeInstanceOf(UserError);
    expect(refusal.message).toContain(which);
    expect(refusal.suggestions).not.toEqual([]);
  });
});

describe('pathInProject', () => {
  const project = { root: join(folder, 'project') };
  mkdirSync(join(project.root, 'a', 'b'), { recursive: true });
  mkdirSync(join(folder, 'project-of-another'));
  symlinkSync(project.root, join(folder, 'link'));

  it.each([
    ['the root', project.root, ''],
    ['a folder', join(project.root, 'a', 'b'), 'a/b'],
    ['a folder by another way', join(folder, 'link', 'a', '..', 'a'), 'a'],
  ])('is relative: %s', (_, path, expected) => {
    expect(pathInProject(project, path)).toBe(expected);
  });

  it.each([folder, join(folder, 'project-of-another')])('refuses %s', (path) => {
    expect(() => pathInProject(project, path)).toThrow(UserError);
  });
});
