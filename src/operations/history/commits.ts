import { openGit } from '../../tools/git/reads.js';

/** What is between two commits. */
export interface Between {
  /** `git log --oneline`, the newest first; at most so many lines as were asked for. */
  readonly log: readonly string[];
  /** `git diff --stat`. */
  readonly changes: readonly string[];
}

const most = 20;

/** What happened between two commits; null: the repository does not have them.
 * @param root of the repository */
export async function between(root: string, from: string, to: string): Promise<Between | null> {
  const git = openGit(root);
  try {
    const [log, changes] = await Promise.all([
      git.raw('log', '--oneline', '--no-decorate', '--no-color', `--max-count=${most + 1}`, `${from}..${to}`),
      git.raw(
        'diff',
        '--stat=76',
        '--no-color',
        '--no-ext-diff',
        '--no-textconv',
        `--stat-count=${most}`,
        from,
        to,
      ),
    ]);
    const lines = (text: string) => text.split('\n').filter((line) => line.trim() !== '');
    const commits = lines(log);
    return {
      log: commits.length > most ? [...commits.slice(0, most), '…'] : commits,
      changes: lines(changes),
    };
  } catch {
    return null;
  }
}
