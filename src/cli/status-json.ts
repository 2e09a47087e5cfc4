import type { ExperimentStatus } from '../operations/look/rows.js';
import type { Deployment } from '../runs/deployment.js';
import type { RunRecord } from '../runs/record.js';

/** What `--json` says of an experiment's state. Times are ISO 8601 in UTC. */
export interface StatusJson {
  readonly deployment: Pick<Deployment, 'id' | 'commit' | 'target' | 'created' | 'released'> | null;
  readonly live: boolean;
  readonly disk_full: boolean;
  readonly unreachable: readonly { readonly machine: string; readonly since: string; readonly why: string }[];
  readonly conditions: readonly {
    readonly condition: string;
    readonly run: string | null;
    readonly state: RunRecord['state'] | null;
    readonly reason: string | null;
    readonly exit_code: number | null;
    readonly machine: string | null;
    readonly created: string | null;
    readonly started: string | null;
    readonly finished: string | null;
    readonly unattended: boolean;
    readonly unreachable_since: string | null;
    readonly deployed: boolean;
    readonly measure: Readonly<Record<string, unknown>> | null;
    readonly summary: Readonly<Record<string, unknown>> | null;
    readonly last_line: string | null;
  }[];
}

export function statusJson({ deployment, live, conditions, silent: unheard }: ExperimentStatus): StatusJson {
  return {
    deployment: deployment && {
      id: deployment.id,
      commit: deployment.commit,
      target: deployment.target,
      created: deployment.created,
      released: deployment.released,
    },
    live,
    disk_full: conditions.some(({ report }) => report?.full),
    unreachable: unheard.map(({ place, since, problem }) => ({
      machine: place,
      since: since.toISOString(),
      why: problem.message,
    })),
    conditions: conditions.map(({ condition, record, report, deployed, silent }) => ({
      condition,
      run: record?.id ?? null,
      state: record?.state ?? null,
      reason: record?.reason ?? null,
      exit_code: record?.exit_code ?? null,
      machine: record?.machine.name ?? null,
      created: record?.created ?? null,
      started: record?.started ?? null,
      finished: record?.finished ?? null,
      unattended: report?.orphan ?? false,
      unreachable_since: silent?.since.toISOString() ?? null,
      deployed,
      measure: report?.measure ?? null,
      summary: report?.summary ?? null,
      last_line: report?.lastLine || null,
    })),
  };
}
