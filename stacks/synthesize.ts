import { DISABLE_STACK_TRACE_IN_METADATA } from 'cdktf';
import { RootConstruct } from 'constructs';
import { ExperimentStack } from './experiment-stack.js';
import type { StackPlan } from './stack-plan.js';

export type { StackPlan };

/** The stack as Terraform's JSON, the text of a `cdk.tf.json`. Deterministic and without side effects. The text
 * contains the machines' user data, and therefore their host keys, in clear. */
export function synthesize(plan: StackPlan): string {
  // An App, cdktf's usual root, would create its output folder at once.
  const root = new RootConstruct();
  // Stack traces of resources would take more time than everything else.
  root.node.setContext(DISABLE_STACK_TRACE_IN_METADATA, true);
  const { '//': _notes, ...terraform } = new ExperimentStack(root, plan).toTerraform();
  return `${JSON.stringify(terraform, null, 2)}\n`;
}
