import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { folderId } from '../../../src/source/folder-id.js';
import { scratchFolder } from '../../support/repository.js';

describe('the id of an input', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  const time = new Date('2026-01-02T03:04:05.678Z');
  const put = (path: string | Buffer, text = 'x') => {
    writeFileSync(path, text);
    utimesSync(path, time, time);
  };
  const bytes = (folder: string, name: string) =>
    Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
  const scratch = () => {
    const folder = scratchFolder();
    folders.push(folder);
    return folder;
  };

  it('T18: changes with a file whose name is not UTF-8: its name, its size, its time, and when it goes', () => {
    const folder = scratch();
    const name = bytes(folder, 'caf\xe9');
    const ids = [folderId(folder)];
    const look = () => ids.push(folderId(folder));
    put(name);
    look();
    put(name, 'longer');
    look();
    utimesSync(name, time, new Date('2026-05-05T00:00:00Z'));
    look();
    renameSync(name, bytes(folder, 'caf\xe8'));
    look();
    rmSync(bytes(folder, 'caf\xe8'));
    look();
    expect(new Set(ids).size).toBe(5);
    expect(ids.at(-1)).toBe(ids[0]);
  });

  it('T18: is the same whatever the folder is called, below folders of such names too', () => {
    const make = (names: readonly string[]) => {
      const folder = scratch();
      mkdirSync(bytes(folder, '\xff'));
      for (const one of names) put(bytes(folder, `\xff/${one}`));
      return folderId(folder);
    };
    expect(make(['a', '\xe9', '\xe8'])).toBe(make(['\xe8', 'a', '\xe9']));
    expect(make(['a', '\xe9'])).not.toBe(make(['a', '\xe8']));
  });

  it('T18: counts a link by its text, and looks neither through it nor where it leads', () => {
    const outside = scratch();
    put(join(outside, 'file'));
    const folder = scratch();
    symlinkSync(outside, join(folder, 'link'));
    symlinkSync('/nowhere/at all', join(folder, 'dangling'));
    symlinkSync('.', join(folder, 'itself'));
    const id = folderId(folder);
    put(join(outside, 'file'), 'changed');
    put(join(outside, 'another'));
    expect(folderId(folder)).toBe(id);
    rmSync(join(folder, 'dangling'));
    symlinkSync(Buffer.from('/caf\xe9', 'latin1'), join(folder, 'dangling'));
    const other = folderId(folder);
    expect(other).not.toBe(id);
    rmSync(join(folder, 'dangling'));
    symlinkSync(Buffer.from('/caf\xe8', 'latin1'), join(folder, 'dangling'));
    expect(folderId(folder)).not.toBe(other);
  });

  it('of a file, or of a folder by a link to it, is that of what the link leads to', () => {
    const folder = scratch();
    put(join(folder, 'file'), 'one');
    const links = scratch();
    symlinkSync(folder, join(links, 'to-folder'));
    symlinkSync(join(folder, 'file'), join(links, 'to-file'));
    expect(folderId(join(links, 'to-folder'))).toBe(folderId(folder));
    const file = folderId(join(links, 'to-file'));
    expect(file).toBe(folderId(join(folder, 'file')));
    put(join(folder, 'file'), 'other');
    expect(folderId(join(links, 'to-file'))).not.toBe(file);
  });

  it('is what earlier versions made of names in UTF-8', () => {
    const folder = scratch();
    mkdirSync(join(folder, 'sub'));
    const names = ['/a b', '/sub/c', '/sub/é', '/z'];
    for (const name of names) put(`${folder}${name}`, name);
    const hash = createHash('sha256');
    for (const name of names) {
      const { size, mtimeMs } = statSync(`${folder}${name}`);
      hash.update(`${name}\0${size}\0${mtimeMs}\0`);
    }
    expect(folderId(folder)).toBe(hash.digest('hex'));
  });
});
