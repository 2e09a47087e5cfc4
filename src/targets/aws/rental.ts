import { ownLine, UserError } from '../../errors.js';
import type { Parameters } from '../../experiment/parameters.js';
import type { Deployment } from '../../runs/deployment.js';
import type { LiveDeployment } from '../../runs/deployment-store.js';
import { signInAfter } from '../../tools/aws/sign-in.js';
import type { TargetContext } from '../context.js';
import type { Leak, Rental } from '../target.js';
import type { AwsAccount } from './account.js';
import { endLeaks, findLeaks } from './cleanup/leaks.js';
import type { AwsInstances } from './life/instances.js';
import type { AwsStarter, Unstarted } from './life/start.js';
import { machinesOf } from './place.js';
import { withApplied, withSshCidr } from './stack/plan.js';
import type { AwsStack } from './stack/stack.js';

/** The operations on rented machines at AWS. */
export class AwsRental implements Rental {
  constructor(
    private readonly context: TargetContext,
    private readonly account: AwsAccount,
    private readonly instances: AwsInstances,
    private readonly starter: AwsStarter,
    private readonly stackOf: (deployment: Deployment) => Promise<AwsStack>,
  ) {}

  mostMachines({ aws }: Parameters): number | null {
    return aws.maxMachines;
  }

  async preview(
    next: Deployment,
    launching: ReadonlySet<string>,
    replaced: ReadonlySet<string>,
    { aws }: Parameters,
  ): Promise<string> {
    const deployment = withSshCidr(next, aws.sshCidr);
    const stack = await this.stackOf(deployment);
    return stack.preview(machinesOf(deployment), launching, replaced);
  }

  async admit(live: LiveDeployment, parameters: Parameters | null): Promise<boolean> {
    const wanted = parameters ? withSshCidr(live.now, parameters.aws.sshCidr) : live.now;
    const machines = machinesOf(wanted);
    if (!machines.some(({ own }) => own.instance !== null)) return false;
    const stack = await this.stackOf(wanted);
    if (!(await stack.isShut(machines))) return false;
    live.write(wanted);
    const applied = await stack.apply(live);
    const [other] = applied.other;
    if (other !== undefined)
      throw new UserError(
        `Your IP address has changed, and the machines do not accept the new one yet: ${other}`,
        [...signInAfter(other, this.context.env), ownLine('deploy', [], 'tries again')],
      );
    live.write(withApplied(live.now, applied, new Set()));
    this.instances.recordIsCurrent();
    return true;
  }

  async start(
    live: LiveDeployment,
    places: ReadonlySet<string>,
    parameters: Parameters | null,
  ): Promise<readonly Unstarted[]> {
    if (!machinesOf(live.now).some(({ name }) => places.has(name))) return [];
    if (!this.context.executor.dryRun) await this.admit(live, parameters);
    return this.starter.start(live, places, (await this.stackOf(live.now)).sshCidr);
  }

  stop(deployment: Deployment, places: ReadonlySet<string>): Promise<void> {
    return this.starter.stop(deployment, places);
  }

  leaks(region: string | null, parameters: Parameters | null): Promise<readonly Leak[]> {
    return findLeaks(this.account, this.context.home, region ?? parameters?.aws.region ?? null);
  }

  endLeaks(leaks: readonly Leak[]): Promise<void> {
    return endLeaks(this.context.executor, this.account, leaks);
  }
}
