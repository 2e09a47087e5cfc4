import { AwsProvider } from '@cdktf/provider-aws/lib/provider';
import { LocalBackend, S3Backend, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { addAccess } from './access.js';
import { addMachine } from './machine.js';
import { type StackPlan, tagKeys } from './stack-plan.js';
import { Texts } from './texts.js';

/** The provider's retries when AWS refuses or throttles. Its default of 25 takes minutes for each machine without
 * capacity. */
const maxRetries = 5;

/** All resources of one deployment at AWS. Credentials and endpoints are not part of it: Terraform gets them from the
 * environment. */
export class ExperimentStack extends TerraformStack {
  readonly #texts = new Texts();

  /** @param stateFile path of the state, unless the plan has a bucket for it; relative to Terraform's working folder */
  constructor(scope: Construct, plan: StackPlan, stateFile = 'terraform.tfstate') {
    super(scope, 'experiment');
    addState(this, plan, stateFile);
    new AwsProvider(this, 'aws', {
      region: plan.region,
      maxRetries,
      // Terraform may find other credentials than we do, and would destroy machines that it does not see there.
      allowedAccountIds: [plan.account],
    });
    this.addOverride('terraform.required_version', '>= 1.5');
    // The bindings require exactly the version that they were generated from. Before 5.77 the tags of a firewall rule
    // came in a request of their own, which the policy does not allow.
    this.addOverride('terraform.required_providers.aws', {
      source: 'hashicorp/aws',
      version: '>= 5.77, < 7.0',
    });
    const tags = {
      ...plan.tags,
      [tagKeys.experiment]: plan.experiment,
      [tagKeys.deployment]: plan.deployment,
    };
    const access = addAccess(this, plan, this.#texts, tags);
    for (const machine of plan.machines) addMachine(this, plan, machine, access, this.#texts, tags);
  }

  /** @returns the stack, and under `//` the notes by which cdktf's own CLI knows it */
  override toTerraform(): Record<string, unknown> {
    const { '//': notes, ...made } = super.toTerraform() as Record<string, unknown>;
    return { '//': notes, ...this.#texts.putBack(made) };
  }
}

function addState(
  stack: TerraformStack,
  { state, experiment, deployment }: StackPlan,
  stateFile: string,
): void {
  // Without a path cdktf would write the current folder into the stack.
  if (!state) new LocalBackend(stack, { path: stateFile });
  else
    new S3Backend(stack, {
      ...state,
      key: `logistician/${experiment}/${deployment}/terraform.tfstate`,
      encrypt: true,
    });
}
