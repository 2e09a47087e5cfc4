import { AwsProvider } from '@cdktf/provider-aws/lib/provider';
import { LocalBackend, S3Backend, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { addAccess } from './access.js';
import { addMachine } from './machine.js';
import { type StackPlan, tagKeys } from './stack-plan.js';
import { Texts } from './texts.js';

/** How often the provider asks again where AWS refuses or is busy. Its own 25 are minutes for each machine that there
 *  is no capacity for. */
const maxRetries = 5;

/** Everything at AWS of one deployment. Credentials and endpoints are none of its business: they come to Terraform by
 *  the environment. */
export class ExperimentStack extends TerraformStack {
  readonly #texts = new Texts();

  /** @param stateFile where the state is, unless the plan has a bucket for it; from Terraform's working folder */
  constructor(scope: Construct, plan: StackPlan, stateFile = 'terraform.tfstate') {
    super(scope, 'experiment');
    addState(this, plan, stateFile);
    new AwsProvider(this, 'aws', { region: plan.region, maxRetries });
    this.addOverride('terraform.required_version', '>= 1.5');
    // The bindings ask for the one version that they were made from.
    this.addOverride('terraform.required_providers.aws', {
      source: 'hashicorp/aws',
      version: '>= 5.0, < 7.0',
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
  // Without a path cdktf would write the folder of today into the stack.
  if (!state) new LocalBackend(stack, { path: stateFile });
  else
    new S3Backend(stack, {
      ...state,
      key: `logistician/${experiment}/${deployment}/terraform.tfstate`,
      encrypt: true,
    });
}
