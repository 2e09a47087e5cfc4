import type { Action, Diagnostic, Outputs, TerraformEvent } from './messages.js';

/** Terraform's progress with a resource. */
export interface ResourceProgress {
  readonly action: Action;
  readonly step: 'planned' | 'started' | 'done' | 'failed';
  /** Why it failed, once Terraform has reported it. */
  readonly why: readonly Diagnostic[];
}

/** Terraform's progress with everything. */
export interface Progress {
  /** By address, in the order of their first events. */
  readonly resources: ReadonlyMap<string, ResourceProgress>;
  /** Errors and warnings without a resource. */
  readonly rest: readonly Diagnostic[];
  /** null: not known yet, or the apply failed. */
  readonly outputs: Outputs['values'] | null;
}

export const nothingYet: Progress = { resources: new Map(), rest: [], outputs: null };

/** Progress after more events. */
export function progressAfter(before: Progress, events: readonly TerraformEvent[]): Progress {
  const resources = new Map(before.resources);
  const rest = [...before.rest];
  let { outputs } = before;
  for (const event of events) {
    if (event.kind === 'outputs') {
      outputs = event.values;
      continue;
    }
    if (event.kind !== 'diagnostic') {
      const why = resources.get(event.address)?.why ?? [];
      resources.set(event.address, { action: event.action, step: event.kind, why });
      continue;
    }
    const known = event.address === null ? undefined : resources.get(event.address);
    if (event.address === null || event.severity === 'warning') rest.push(event);
    else
      resources.set(event.address, {
        // An error before the resource was started, such as in the plan, ends it, too.
        ...{ action: known?.action ?? 'other', step: 'failed' },
        why: [...(known?.why ?? []), event],
      });
  }
  return { resources, rest, outputs };
}
