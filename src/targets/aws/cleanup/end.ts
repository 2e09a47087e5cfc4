import { setTimeout as sleep } from 'node:timers/promises';
import { ownLine, UserError } from '../../../errors.js';
import { CommandFailed, type Executor } from '../../../shell/executor.js';
import type { AwsApi } from '../../../tools/aws/api.js';
import { deleteSecurityGroup, terminateInstances } from '../../../tools/aws/lines.js';

/** Timeout for AWS to terminate instances and to release their resources, in milliseconds. */
const patience = 600_000;
const toLetGo = 120_000;

/** Terminates instances and waits until they have ended. @throws CommandFailed, AwsRefused, UserError after ten
 * minutes */
export async function endInstances(executor: Executor, api: AwsApi, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await executor.change(terminateInstances(api.region, ids));
  if (executor.dryRun) return;
  for (const end = Date.now() + patience; ; ) {
    const left = (await api.instances(ids)).filter(({ state }) => state !== 'terminated');
    if (left.length === 0) return;
    if (Date.now() > end)
      throw new UserError(
        `AWS has not terminated ${left.map(({ id, state }) => `${id} (${state})`).join(', ')} in ten minutes.`,
        [ownLine('terminate', [], 'checks again')],
      );
    await sleep(1000);
  }
}

/** Deletes a security group, with retries: an instance that has just ended still uses it for a moment. @throws
 * CommandFailed */
export async function untilGroupIsGone(executor: Executor, region: string, id: string): Promise<void> {
  for (const end = Date.now() + toLetGo; ; ) {
    try {
      await executor.change(deleteSecurityGroup(region, id));
      return;
    } catch (error) {
      const isHeld = error instanceof CommandFailed && error.outcome.stderr.includes('DependencyViolation');
      if (!isHeld || Date.now() > end) throw error;
      await sleep(3000);
    }
  }
}
