import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.js';
import type { Executor } from '../shell/executor.js';
import type { AwsApi, InstanceFacts } from '../tools/aws/api.js';
import { startInstances } from '../tools/aws/command-line.js';
import type { RentedMachine } from './aws-plan.js';

/** How long AWS may take to stop an instance and to start it again, in milliseconds. */
const patience = 300_000;

/** Starts the instance of a machine that has stopped, with its disk. One that runs is left alone.
 *  @returns what AWS says of it now that it runs: where it is reached may have changed
 *  @throws CommandFailed if AWS does not start it; UserError if there is none, or it takes too long */
export async function startStopped(
  executor: Executor,
  api: AwsApi,
  { name, cloud }: RentedMachine,
): Promise<InstanceFacts> {
  const id = cloud.instance ?? '';
  let isAsked = false;
  for (const end = Date.now() + patience; ; await sleep(1000)) {
    const [instance] = await api.instances([id]);
    if (instance?.state === 'running') return instance;
    if (!instance || instance.state === 'terminated' || instance.state === 'shutting-down')
      throw new UserError(`The machine of ${name} (${id}) is gone.`, ['logistician deploy --retry-failed']);
    if (instance.state === 'stopped' && !isAsked) {
      await executor.change(startInstances(cloud.region, [id]));
      isAsked = true;
    }
    if (Date.now() > end)
      throw new UserError(`The machine of ${name} (${id}) is ${instance.state} since five minutes.`, [
        'logistician sync    # to look again',
      ]);
  }
}
