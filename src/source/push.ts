import { setTimeout } from 'node:timers/promises';
import type { Command } from '../shell/command.js';
import { CommandFailed, type Executor } from '../shell/executor.js';
import { isContention, judge } from '../tools/git/contention.js';
import { git } from '../tools/git/git.js';
import { keptRef } from '../tools/git/lines.js';

/** Performs a change of a repository that others may be changing at this moment: the first to hold a lock wins, and the
 *  others see that the change is made, or retry.
 *  @param exists looks whether it is made. @throws CommandFailed */
export async function changeAmongOthers(
  executor: Executor,
  change: Command,
  exists: () => Promise<boolean>,
): Promise<void> {
  for (let tried = 1; ; tried++) {
    const outcome = await executor.attempt(change);
    // Asked only where it may be so: a machine that was lost is not asked again.
    const made = outcome.code !== 0 && isContention(outcome) && (await exists());
    const judged = judge(outcome, made, mostTries - tried);
    if (judged === 'done') return;
    if (judged === 'failed') throw new CommandFailed(change, outcome);
    await setTimeout(tried * shortest * (1 + Math.random()));
  }
}

const mostTries = 6;

/** The first pause, in milliseconds; each is longer than the one before, and none is another process's. */
const shortest = 200;

/** Prints the commit that a repository keeps by its ref; fails where it has none. For any machine. */
export const findKept = (repository: string, commit: string): Command =>
  git(repository, ['rev-parse', '--verify', '--quiet', `${keptRef(commit)}^{commit}`]);
