import { createHash, type Hash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { programAt } from '../../shell/programs.js';
import { systemHome } from './tokens.js';

/** The OpenSSH of the system, which reads /etc/ssh. Others have a folder of their own. */
const systemProgram = '/usr/bin/ssh';
const systemFolder = '/etc/ssh';

/** Limits of what is read; more is taken as unknown. */
const most = { bytes: 1_048_576, files: 500, depth: 16 };

/** These make the answer depend on a network, a program or a name server. */
const dependent = /^\s*"?(match|canonical\w*)\b/im;

/** Computes a digest of everything that `ssh -G` answers from: with the same digest, it answers the same.
 * @param config the ssh_config instead of the user's and the system's; null: those.
 * @param home of the user, as the system knows it. @param path the folders that are searched for programs.
 * @returns null if the files do not tell: they have conditions, include others in a way that is not understood here, or
 * cannot be read; or if they are not known, for another ssh or a user that the system does not know */
export function configDigest(
  config: string | null,
  home = systemHome(),
  path = process.env.PATH,
): string | null {
  if (programAt('ssh', path) !== systemProgram || home === '') return null;
  const hash = createHash('sha256');
  const { mtimeMs, size } = statSync(systemProgram);
  hash.update(JSON.stringify([mtimeMs, size, process.getuid?.(), home, hostname()]));
  const own = join(home, '.ssh');
  const starts = config
    ? [{ file: config, base: own }]
    : [
        { file: join(own, 'config'), base: own },
        { file: join(systemFolder, 'ssh_config'), base: systemFolder },
      ];
  // Without this one, some systems have another one elsewhere.
  if (!config && read(join(systemFolder, 'ssh_config')) === 'none') return null;
  const reader = new Reader(hash, home);
  return starts.every(({ file, base }) => reader.add(file, base, 0)) ? hash.digest('hex') : null;
}

class Reader {
  #files = 0;
  #bytes = 0;

  constructor(
    private readonly hash: Hash,
    private readonly home: string,
  ) {}

  /** @param base of relative paths in it. @returns whether all of it is understood */
  add(file: string, base: string, depth: number): boolean {
    const found = read(file);
    this.hash.update(JSON.stringify([file, found]));
    if (found === 'none') return true;
    if (found === 'unreadable') return false;
    const { text } = found;
    this.#files++;
    this.#bytes += text.length;
    const isTooMuch = this.#files > most.files || this.#bytes > most.bytes || depth > most.depth;
    if (isTooMuch || dependent.test(text)) return false;
    return [...text.matchAll(/^\s*"?include\b(.*)$/gim)].every(([, words = '']) =>
      words
        .replace(/^\s*=?/, '')
        .split(/\s+/)
        .filter(Boolean)
        .every((pattern) => this.#addIncluded(pattern, base, depth)),
    );
  }

  /** For a pattern, every file in its folder counts, whether it matches or not. */
  #addIncluded(pattern: string, base: string, depth: number): boolean {
    if (!/^(~\/)?[\w./*-]+$/.test(pattern)) return false;
    const path = pattern.startsWith('~/') ? join(this.home, pattern.slice(2)) : pattern;
    const file = isAbsolute(path) ? path : resolve(base, path);
    if (!file.includes('*')) return this.add(file, base, depth + 1);
    const folder = dirname(file);
    return (
      !folder.includes('*') && namesIn(folder).every((name) => this.add(join(folder, name), base, depth + 1))
    );
  }
}

/** With its owner and mode: ssh refuses a file that others may write. */
function read(file: string): { text: string; uid: number; mode: number } | 'none' | 'unreadable' {
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (!found?.isFile()) return 'none';
    const { uid, mode, size } = found;
    return size <= most.bytes ? { text: readFileSync(file, 'utf8'), uid, mode } : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
