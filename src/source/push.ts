import { setTimeout } from 'node:timers/promises';
import type { Command } from '../shell/command.js';
import { CommandFailed, type Executor } from '../shell/executor.js';
import { isContention, judge } from '../tools/git/contention.js';
import { git } from '../tools/git/git.js';
import { keptRef } from '../tools/git/kept.js';

/** Performs a change of a repository that others may be changing at the same time: the first to get the lock wins, and
 * the others see that the change is made, or retry.
 * @param exists checks whether it is made. @throws CommandFailed */
export async function changeAmongOthers(
  executor: Executor,
  change: Command,
  exists: () => Promise<boolean>,
): Promise<void> {
  for (let tried = 1; ; tried++) {
    const outcome = await executor.attempt(change);
    // Checked only after contention: a lost machine is not queried again.
    const made = outcome.code !== 0 && isContention(outcome) && (await exists());
    const judged = judge(outcome, made, mostTries - tried);
    if (judged === 'done') return;
    if (judged === 'failed') throw new CommandFailed(change, outcome);
    await setTimeout(tried * shortest * (1 + Math.random()));
  }
}

const mostTries = 6;

/** The first pause of the back-off, in milliseconds; pauses grow, and are random. */
const shortest = 200;

/** Prints a line for each of these ids that a repository keeps by its ref. For any machine. */
export const findKept = (repository: string, ids: readonly string[]): Command =>
  git(repository, ['for-each-ref', '--format=%(objectname)', ...ids.map(keptRef)]);
