import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { render } from '../../src/shell/word.js';
import { checkoutOf } from '../../src/source/checkout.js';
import { pinHead } from '../../src/source/pin.js';
import { openProject } from '../../src/source/project.js';
import { checkOut } from '../../src/tools/git/check-out.js';
import { isLeftOut } from '../support/engines.js';
import { scratchFolder } from '../support/repository.js';

const commits = 1000;
const files = 1000;

/** What `git fast-import` reads: every commit changes every file, to what another was before. */
function* history(): Generator<string> {
  for (let commit = 0; commit < commits; commit++) {
    const parent = commit > 0 ? `from :${commit}\n` : '';
    const lines = [
      `commit refs/heads/main\nmark :${commit + 1}\ncommitter A <a@example.org> ${1_600_000_000 + commit} +0000\n`,
      `data 1\nx\n${parent}`,
    ];
    for (let file = 0; file < files; file++) {
      const text = `${(commit + file) % files}`;
      lines.push(`M 100644 inline d${file % 50}/f${file}\ndata ${text.length}\n${text}\n`);
    }
    yield lines.join('');
  }
}

describe.skipIf(isLeftOut('git'))('a repository with a history of a million files', () => {
  const root = scratchFolder();
  const repository = join(root, 'project');

  beforeAll(async () => {
    execFileSync('git', ['init', '--quiet', '--initial-branch', 'main', repository]);
    const child = spawn('git', ['-C', repository, 'fast-import', '--quiet', '--depth=5'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    for (const part of history()) {
      if (!child.stdin.write(part)) await new Promise((resolve) => child.stdin.once('drain', resolve));
    }
    child.stdin.end();
    expect(await ended).toBe(0);
    execFileSync('git', ['-C', repository, 'checkout', '--quiet', '--force', 'main']);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('brings the pinned commit to a job, and nothing of what was before it', async () => {
    const project = await openProject(repository);
    const pin = await pinHead(project, 'parameters.json');
    const into = join(root, 'source');
    for (const { argv } of checkOut(await checkoutOf(project, pin.commit), into)) {
      execFileSync('sh', ['-c', argv.map(render).join(' ')]);
    }
    const git = (...args: string[]) => execFileSync('git', ['-C', into, ...args], { encoding: 'utf8' });
    expect(git('rev-parse', 'HEAD').trim()).toBe(project.head);
    expect(git('rev-list', '--all', '--count', 'HEAD').trim()).toBe('1');
    expect(git('status', '--porcelain')).toBe('');
    expect(readdirSync(into).filter((name) => name !== '.git')).toHaveLength(50);
    // The objects are those of one commit: its files, their folders, the root and itself.
    const objects = Number(/in-pack: (\d+)/.exec(git('count-objects', '-v'))?.[1] ?? 0);
    const loose = Number(/^count: (\d+)/m.exec(git('count-objects', '-v'))?.[1] ?? 0);
    expect(objects + loose).toBeLessThanOrEqual(files + 50 + 2);
  });
});
