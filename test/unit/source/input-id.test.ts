import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { progressText } from '../../../src/operations/inputs.js';
import { InputHashes } from '../../../src/source/input-hashes.js';
import { type InputProgress, lookAtInput } from '../../../src/source/input-id.js';
import { scratchFolder } from '../../support/repository.js';

const hashes = new InputHashes('/nowhere', true, () => new Date());
const folderId = async (path: string) => (await lookAtInput(path, { hashes })).id;

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

  it('T18: changes with a file whose name is not UTF-8: its name, its size, its time, and when it goes', async () => {
    const folder = scratch();
    const name = bytes(folder, 'caf\xe9');
    const ids = [await folderId(folder)];
    const look = async () => ids.push(await folderId(folder));
    put(name);
    await look();
    put(name, 'longer');
    await look();
    utimesSync(name, time, new Date('2026-05-05T00:00:00Z'));
    await look();
    renameSync(name, bytes(folder, 'caf\xe8'));
    await look();
    rmSync(bytes(folder, 'caf\xe8'));
    await look();
    expect(new Set(ids).size).toBe(5);
    expect(ids.at(-1)).toBe(ids[0]);
  });

  it('T18: is the same for any name of the folder, below folders of such names too', async () => {
    const make = async (names: readonly string[]) => {
      const folder = scratch();
      mkdirSync(bytes(folder, '\xff'));
      for (const one of names) put(bytes(folder, `\xff/${one}`));
      return folderId(folder);
    };
    expect(await make(['a', '\xe9', '\xe8'])).toBe(await make(['\xe8', 'a', '\xe9']));
    expect(await make(['a', '\xe9'])).not.toBe(await make(['a', '\xe8']));
  });

  it('T18: counts a link by its text, and looks neither through it nor where it leads', async () => {
    const outside = scratch();
    put(join(outside, 'file'));
    const folder = scratch();
    symlinkSync(outside, join(folder, 'link'));
    symlinkSync('/nowhere/at all', join(folder, 'dangling'));
    symlinkSync('.', join(folder, 'itself'));
    const id = await folderId(folder);
    put(join(outside, 'file'), 'changed');
    put(join(outside, 'another'));
    expect(await folderId(folder)).toBe(id);
    rmSync(join(folder, 'dangling'));
    symlinkSync(Buffer.from('/caf\xe9', 'latin1'), join(folder, 'dangling'));
    const other = await folderId(folder);
    expect(other).not.toBe(id);
    rmSync(join(folder, 'dangling'));
    symlinkSync(Buffer.from('/caf\xe8', 'latin1'), join(folder, 'dangling'));
    expect(await folderId(folder)).not.toBe(other);
  });

  it('of a file, or of a folder by a link to it, is that of what the link leads to', async () => {
    const folder = scratch();
    put(join(folder, 'file'), 'one');
    const links = scratch();
    symlinkSync(folder, join(links, 'to-folder'));
    symlinkSync(join(folder, 'file'), join(links, 'to-file'));
    expect(await folderId(join(links, 'to-folder'))).toBe(await folderId(folder));
    const file = await folderId(join(links, 'to-file'));
    expect(file).toBe(await folderId(join(folder, 'file')));
    put(join(folder, 'file'), 'other');
    expect(await folderId(join(links, 'to-file'))).not.toBe(file);
  });

  it('is what earlier versions made of names in UTF-8', async () => {
    const folder = scratch();
    mkdirSync(join(folder, 'sub'));
    const names = ['/a b', '/sub/c', '/sub/é', '/z'];
    for (const name of names) put(`${folder}${name}`, name);
    const hash = createHash('sha256');
    for (const name of names) {
      const { size, mtimeMs } = statSync(`${folder}${name}`);
      hash.update(`${name}\0${size}\0${mtimeMs}\0`);
    }
    expect(await folderId(folder)).toBe(hash.digest('hex'));
  });

  describe('L18: by contents', () => {
    /** Long after all files were written, so that what they hold is written down. */
    const later = () => new Date(Date.now() + 60_000);
    const hashOf = async (path: string, home: string | null = null, readOnly = false) =>
      (await lookAtInput(path, { hashes: new InputHashes(home ?? scratch(), readOnly, later) })).hash;
    const kept = (home: string) => {
      const folder = join(home, '.logistician', 'inputs');
      return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
    };

    it('is what sha256sum says of all files, with any names', async () => {
      const folder = scratch();
      mkdirSync(join(folder, 'sub'));
      for (const name of ['a b', 'sub/line\nbreak', '\xff', 'sub/\\', 'z']) put(bytes(folder, name), name);
      const line = 'find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum -z | sha256sum';
      const said = execFileSync('sh', ['-c', line], { cwd: folder }).toString();
      expect(await hashOf(folder)).toBe(said.split(' ')[0]);
      const one = execFileSync('sha256sum', [join(folder, 'z')]).toString();
      expect(await hashOf(join(folder, 'z'))).toBe(one.split(' ')[0]);
    });

    it('L16: is the same after touch, and another one where only the contents changed', async () => {
      const [folder, home] = [scratch(), scratch()];
      put(join(folder, 'file'), 'one');
      const hash = await hashOf(folder, home);
      utimesSync(join(folder, 'file'), time, new Date());
      expect(await hashOf(folder, home)).toBe(hash);
      put(join(folder, 'file'), 'two');
      const other = await hashOf(folder, home);
      expect(other).not.toBe(hash);
      put(join(folder, 'file'), 'one');
      expect(await hashOf(folder, home)).toBe(hash);
    });

    it('counts links by their text, and names what is neither file nor link', async () => {
      const folder = scratch();
      symlinkSync('there', join(folder, 'link'));
      const hash = await hashOf(folder);
      rmSync(join(folder, 'link'));
      symlinkSync('elsewhere', join(folder, 'link'));
      expect(await hashOf(folder)).not.toBe(hash);
      execFileSync('mkfifo', [join(folder, 'fifo')]);
      expect(await hashOf(folder)).toMatch(/^[0-9a-f]{64}$/);
    });

    it('does not read again what has not changed; what it has written down may be lost or garbage', async () => {
      const [folder, home] = [scratch(), scratch()];
      put(join(folder, 'file'), 'one');
      const hash = await hashOf(folder, home);
      const [file = ''] = kept(home);
      const lines = readFileSync(file, 'utf8');
      writeFileSync(file, lines.replace(/^[0-9a-f]{64}/, '0'.repeat(64)));
      expect(await hashOf(folder, home)).not.toBe(hash);
      for (const text of ['', 'garbage\n\0', lines.slice(0, 80)]) {
        writeFileSync(file, text);
        expect(await hashOf(folder, home)).toBe(hash);
      }
    });

    it('writes down nothing in a dry run, nor of a file that was changed a moment ago', async () => {
      const [folder, home] = [scratch(), scratch()];
      put(join(folder, 'file'), 'one');
      await hashOf(folder, home, true);
      expect(kept(home)).toEqual([]);
      const now = new InputHashes(home, false, () => new Date());
      await lookAtInput(folder, { hashes: now });
      expect(kept(home).map((path) => readFileSync(path, 'utf8'))).toEqual(['']);
    });

    it('is left out of what is too large to be read, and not all of it is read to see that', async () => {
      const folder = scratch();
      put(join(folder, 'large'));
      truncateSync(join(folder, 'large'), 11e9);
      expect(await lookAtInput(folder, { hashes })).toMatchObject({ hash: null });
    });

    it('says how far it is', async () => {
      const folder = scratch();
      put(join(folder, 'file'), 'x'.repeat(3_000_000));
      const told: InputProgress[] = [];
      await lookAtInput(folder, { hashes, progress: (now) => told.push(now) });
      expect(told.at(-1)).toEqual({ files: 1, read: 3_000_000, toRead: 3_000_000 });
      expect(told.length).toBeGreaterThan(1);
      const half = { files: 1, read: 3.2e9, toRead: 8e9 };
      expect(progressText('mnist', half)).toBe(
        'Input mnist: 3.2 of 8.0 GB read, to know whether it has changed',
      );
    });
  });
});
