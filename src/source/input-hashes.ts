import { createHash } from 'node:crypto';
import { type BigIntStats, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomically } from '../shell/atomic-file.js';

/** An entry of an input that is not a folder. Names are bytes, and begin with a slash; '' is the input itself. */
export interface InputEntry {
  readonly name: Buffer;
  /** null: it was deleted since it was listed. */
  readonly stats: BigIntStats | null;
  /** The target of a link; null: not a link. */
  readonly link: Buffer | null;
}

/** A file that was changed less than this before it was read, in milliseconds, may change again with the same time. */
const racyMs = 2000;

/** Enough for more than 100,000 files. */
const largestFile = 2 ** 27;

/** Hashes of files of inputs as last read: a file per input in ~/.logistician/inputs/. It is a cache: a line is used
 * only if size, times and inode match, so lost, stale or damaged lines only cost time. */
export class InputHashes {
  /** @param home the user's home folder. @param readOnly nothing is written */
  constructor(
    private readonly home: string,
    private readonly readOnly: boolean,
    private readonly now: () => Date,
  ) {}

  of(path: string): HashesOfInput {
    const name = createHash('sha256').update(path).digest('hex').slice(0, 16);
    const file = join(this.home, '.logistician', 'inputs', name);
    return new HashesOfInput(file, this.readOnly, this.now().getTime());
  }
}

/** Those of one input. */
export class HashesOfInput {
  readonly #known: ReadonlyMap<string, string>;

  /** @param begun before any of its files was looked at, in milliseconds since 1970 */
  constructor(
    private readonly path: string,
    private readonly readOnly: boolean,
    private readonly begun: number,
  ) {
    this.#known = read(path);
  }

  find(entry: InputEntry): string | null {
    return this.#known.get(keyOf(entry)) ?? null;
  }

  /** Writes all present hashes. */
  keep(hashes: ReadonlyMap<InputEntry, string>): void {
    if (this.readOnly) return;
    const settled = [...hashes].filter(
      ([{ stats }]) => stats !== null && Number(stats.ctimeNs / 1_000_000n) < this.begun - racyMs,
    );
    try {
      writeAtomically(this.path, settled.map(([entry, hash]) => `${hash} ${keyOf(entry)}\n`).join(''));
    } catch {
      // The files will be read again.
    }
  }
}

const keyOf = ({ name, stats }: InputEntry): string =>
  `${stats?.size} ${stats?.mtimeNs} ${stats?.ctimeNs} ${stats?.ino} ${name.toString('base64')}`;

function read(path: string): ReadonlyMap<string, string> {
  try {
    const found = statSync(path);
    if (!found.isFile() || found.size > largestFile) return new Map();
    const lines = readFileSync(path, 'latin1').split('\n');
    return new Map(
      lines.filter((line) => isHash.test(line)).map((line) => [line.slice(65), line.slice(0, 64)]),
    );
  } catch {
    return new Map();
  }
}

const isHash = /^[0-9a-f]{64} /;
