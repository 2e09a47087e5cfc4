import { DISABLE_STACK_TRACE_IN_METADATA } from 'cdktf';
import { RootConstruct } from 'constructs';
import { ExperimentStack } from './experiment-stack.js';
import type { StackPlan } from './stack-plan.js';

export type { StackPlan };

/** The stack as Terraform's JSON, the text of a `cdk.tf.json`. The same plan gives the same text, and nothing outside
 *  is read or written. The text holds the machines' user data, and so their host keys, in clear. */
export function synthesize(plan: StackPlan): string {
  // An App, cdktf's own root, would make its output folder at once.
  const root = new RootConstruct();
  // A trace for every resource costs more than all the rest.
  root.node.setContext(DISABLE_STACK_TRACE_IN_METADATA, true);
  const { '//': _notes, ...terraform } = new ExperimentStack(root, plan).toTerraform();
  return `${JSON.stringify(terraform, null, 2)}\n`;
}
