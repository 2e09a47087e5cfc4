import { command } from '../../shell/command.js';
import type { Outcome } from '../../shell/process.js';
import { installLines, isOlder } from '../../shell/programs.js';
import { rsyncHere } from '../../tools/rsync/program.js';
import type { Session } from '../session.js';
import { bad, type Finding, good, warning } from './finding.js';

export function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 17)
    ? good('Node.js', process.versions.node)
    : bad('Node.js', `${process.versions.node} is too old: 20.17 or later is needed`, 'nvm install --lts');
}

export async function program(
  session: Session,
  name: string,
  args: readonly string[],
  weight: 'bad' | 'warning',
): Promise<Finding> {
  const outcome = await session.executor.query(command(name, ...args));
  if (outcome.code === 0) return good(name, (outcome.stdout || outcome.stderr).split('\n')[0] ?? '');
  if (outcome.beyond) return { what: name, state: weight, detail: silent(outcome), mend: [] };
  const use =
    weight === 'warning' ? 'not installed; only machines other than this one need it' : 'not installed';
  return { what: name, state: weight, detail: use, mend: installLines(name, session.env.PATH) };
}

/** The oldest git that is deaf to settings when it is told so by variables, and adds files outside of a sparse
 * checkout. */
const oldestGit = '2.34';

export async function git(session: Session): Promise<Finding> {
  const found = await program(session, 'git', ['--version'], 'bad');
  const [version] = /\d+(?:\.\d+)+/.exec(found.state === 'good' ? found.detail : '') ?? [];
  return version !== undefined && isOlder(version, oldestGit)
    ? bad(
        'git',
        `${version} is too old: ${oldestGit} or later is needed`,
        ...installLines('git', session.env.PATH),
      )
    : found;
}

export async function rsync(session: Session, weight: 'bad' | 'warning'): Promise<Finding> {
  const found = await program(session, 'rsync', ['--version'], weight);
  if (found.state !== 'good') return found;
  const { version, isPlain } = await rsyncHere(session.executor);
  const detail = `${version}shows no progress; rsync.samba.org 3.1 or later does`;
  return isPlain ? warning('rsync', detail, ...installLines('rsync', session.env.PATH)) : found;
}

/** Why a program was ended that exceeded a limit. */
export const silent = ({ kind, beyond }: Outcome) =>
  `${kind === 'timeout' ? 'did not answer' : 'wrote'} ${beyond}`;
