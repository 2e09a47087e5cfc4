import type { Hold } from '../machines/job-state.js';
import type { OlderResult } from '../operations/look/older-results.js';
import type { ExperimentStatus } from '../operations/look/rows.js';
import type { Deployment } from '../runs/deployment.js';
import type { RunRecord } from '../runs/record.js';
import type { RunStore } from '../runs/store.js';

/** A deployment in `--json`. */
export const deploymentJson = (deployment: Deployment | null) =>
  deployment && {
    id: deployment.id,
    message: deployment.message ?? null,
    commit: deployment.commit,
    target: deployment.target,
    created: deployment.created,
    released: deployment.released,
  };

/** An experiment's state in `--json`. Times are ISO 8601 in UTC. */
export interface StatusJson {
  readonly deployment: ReturnType<typeof deploymentJson>;
  readonly live: boolean;
  readonly disk_full: boolean;
  readonly unreachable: readonly { readonly machine: string; readonly since: string; readonly why: string }[];
  readonly conditions: readonly {
    readonly condition: string;
    readonly argv: readonly string[] | null;
    readonly parameters: unknown;
    readonly run: string | null;
    readonly folder: string | null;
    readonly commit: string | null;
    readonly deployment: string | null;
    readonly older_result?: OlderResult | null;
    readonly state: RunRecord['state'] | null;
    readonly reason: string | null;
    readonly exit_code: number | null;
    readonly machine: string | null;
    readonly created: string | null;
    readonly started: string | null;
    readonly finished: string | null;
    readonly unattended: boolean;
    readonly unreachable_since: string | null;
    readonly held: Hold | null;
    readonly deployed: boolean;
    readonly measure: Readonly<Record<string, unknown>> | null;
    readonly summary: Readonly<Record<string, unknown>> | null;
    readonly measures: Readonly<Record<string, unknown>>;
    readonly last_line: string | null;
  }[];
}

/** @param runs where their folders are.
 * @param older earlier results, by condition, that the rows do not show; default: not looked for */
export function statusJson(
  { deployment, live, conditions, silent: unheard }: ExperimentStatus,
  runs: Pick<RunStore, 'pathOf' | 'measuresOf'>,
  older?: ReadonlyMap<string, OlderResult>,
): StatusJson {
  return {
    deployment: deploymentJson(deployment),
    live,
    disk_full: conditions.some(({ report }) => report?.full),
    unreachable: unheard.map(({ place, since, problem }) => ({
      machine: place,
      since: since.toISOString(),
      why: problem.message,
    })),
    conditions: conditions.map(({ condition, given, record, report, deployed, silent, held }) => ({
      condition,
      argv: given?.argv ?? null,
      parameters: given && JSON.parse(given.parameters),
      run: record?.id ?? null,
      folder: record && runs.pathOf(record.id),
      commit: record?.recipe.source.commit ?? null,
      deployment: record?.deployment ?? null,
      ...(older && { older_result: older.get(condition) ?? null }),
      state: record?.state ?? null,
      reason: record?.reason ?? null,
      exit_code: record?.exit_code ?? null,
      machine: record?.machine.name ?? null,
      created: record?.created ?? null,
      started: record?.started ?? null,
      finished: record?.finished ?? null,
      unattended: report?.orphan ?? false,
      unreachable_since: silent?.since.toISOString() ?? null,
      held,
      deployed,
      measure: report?.measure ?? null,
      summary: report?.summary ?? null,
      // Read from files once they are wanted, which is for JSON only.
      get measures() {
        const found = { ...(record && runs.measuresOf(record.id)), ...report?.measure, ...report?.summary };
        Object.defineProperty(this, 'measures', { value: found, enumerable: true });
        return found;
      },
      last_line: report?.lastLine || null,
    })),
  };
}
