import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../../errors.js';
import { renderCommand } from '../../../shell/command.js';
import { CommandFailed } from '../../../shell/executor.js';
import type { AwsCli } from '../../../tools/aws/cli.js';
import { deleteSecurityGroup, showStates, terminateInstances } from '../../../tools/aws/lines.js';

/** Timeout for AWS to terminate instances and to release their resources, in milliseconds. */
const patience = 600_000;
const toLetGo = 120_000;

/** Terminates instances and waits until they have ended. @throws CommandFailed, AwsRefused, UserError after ten
 * minutes */
export async function endInstances(aws: AwsCli, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await aws.change(terminateInstances(aws.region, ids));
  if (aws.dryRun) return;
  for (const end = Date.now() + patience; ; ) {
    const left = (await aws.api.instances(ids)).filter(({ state }) => state !== 'terminated');
    if (left.length === 0) return;
    if (Date.now() > end)
      throw new UserError(
        `AWS has not terminated ${left.map(({ id, state }) => `${id} (${state})`).join(', ')} in ten minutes.`,
        [renderCommand(showStates(aws.region, ids))],
      );
    await sleep(1000);
  }
}

/** Deletes a security group, with retries: an instance that has just ended still uses it for a moment. @throws
 * CommandFailed */
export async function untilGroupIsGone(aws: AwsCli, id: string): Promise<void> {
  for (const end = Date.now() + toLetGo; ; ) {
    try {
      await aws.change(deleteSecurityGroup(aws.region, id));
      return;
    } catch (error) {
      const isHeld = error instanceof CommandFailed && error.outcome.stderr.includes('DependencyViolation');
      if (!isHeld || Date.now() > end) throw error;
      await sleep(3000);
    }
  }
}
