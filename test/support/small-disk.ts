import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { scratchFolder } from './repository.js';

/** A disk that is soon full: a tmpfs in a folder of its own. Only root can make one. */
export class SmallDisk {
  readonly root = scratchFolder();
  readonly #ballast = join(this.root, 'ballast');

  constructor(megabytes: number) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', this.root]);
  }

  /** What `make` makes in a temporary folder is on this disk. */
  within<T>(make: () => T): T {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = this.root;
    try {
      return make();
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  }

  /** Fills it to the last byte, or all but so many bytes. */
  fill(leaving = 0): void {
    const file = openSync(this.#ballast, 'a');
    let size = 0;
    for (const length of [1 << 20, 4096, 1]) {
      const block = Buffer.alloc(length);
      try {
        for (;;) size += writeSync(file, block);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
    ftruncateSync(file, Math.max(0, size - leaving));
    closeSync(file);
  }

  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  remove(): void {
    execFileSync('umount', ['--lazy', this.root]);
    rmSync(this.root, { recursive: true, force: true });
  }
}
