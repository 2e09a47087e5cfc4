import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder of a test's own under the system's temporary one. */
export const scratchFolder = (): string => realpathSync(mkdtempSync(join(tmpdir(), 'logistician-test-')));

/** Git as on a computer whose user has set nothing up, and never in the repository that the tests are in. */
const environment = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  // A test may give its repository away.
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
  GIT_AUTHOR_NAME: 'A Researcher',
  GIT_AUTHOR_EMAIL: 'researcher@example.org',
  GIT_COMMITTER_NAME: 'A Researcher',
  GIT_COMMITTER_EMAIL: 'researcher@example.org',
};

export type Files = Readonly<Record<string, string | Buffer>>;

/** A real git repository in a folder of a test's own. */
export class Repository {
  constructor(readonly root: string) {}

  /** A new repository whose first commit holds the files. */
  static create(files: Files, root = join(scratchFolder(), 'project')): Repository {
    mkdirSync(root, { recursive: true });
    const repository = new Repository(root);
    // In words that an old git knows, too.
    repository.git('init', '--quiet');
    repository.git('symbolic-ref', 'HEAD', 'refs/heads/main');
    repository.write(files);
    repository.commit('First');
    return repository;
  }

  /** What git prints, without the last line break. @throws Error with what git complains of */
  git(...args: string[]): string {
    return execFileSync('git', ['-C', this.root, ...args], { env: environment, stdio: 'pipe' })
      .toString()
      .replace(/\n$/, '');
  }

  write(files: Files, mode?: number): void {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.root, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      if (mode !== undefined) chmodSync(path, mode);
    }
  }

  /** Commits all there is, and returns the commit's id. */
  commit(message: string): string {
    this.git('add', '--all');
    this.git('commit', '--quiet', '--allow-empty', '--message', message);
    return this.head;
  }

  get head(): string {
    return this.git('rev-parse', 'HEAD');
  }

  /** Removes the folder that it is in, which is a test's own. */
  remove(): void {
    if (dirname(this.root) === realpathSync(tmpdir()))
      throw new Error(`${this.root} stands in no folder of its own`);
    rmSync(dirname(this.root), { recursive: true, force: true });
  }
}
