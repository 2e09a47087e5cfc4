import * as Flags from '@oclif/core/flags';
import type { RunState } from '../machines/job-state.js';
import { type ExperimentStatus, judged } from '../operations/look/rows.js';
import type { Session } from '../operations/session.js';
import type { Deployment } from '../runs/deployment.js';
import type { RunRecord } from '../runs/record.js';
import { command } from '../shell/command.js';

/** The end of a long command, for the line of `notify`. */
export interface End {
  readonly verb: 'deploy' | 'status' | 'run';
  /** `experiment_name`. */
  readonly experiment: string;
  /** The experiment's folder. */
  readonly folder: string;
  /** The states of its conditions; null: not run. */
  readonly states: readonly (RunState | null)[];
  readonly deployment: Deployment | null;
  /** That of `run`; null for `deploy`. */
  readonly run: RunRecord | null;
  /** Why the command failed; null: it did not. */
  readonly problem: Error | null;
}

const nothing = { states: [], deployment: null, run: null, problem: null };

type Of = Pick<End, 'verb' | 'experiment' | 'folder'>;

export const endOfSweep = (of: Of, status: ExperimentStatus): End => ({
  ...nothing,
  ...of,
  experiment: status.deployment?.experiment ?? of.experiment,
  states: judged(status).map(({ record }) => record?.state ?? null),
  deployment: status.deployment,
});

export const endOfRun = (of: Of, run: RunRecord): End => ({ ...nothing, ...of, states: [run.state], run });

export const endByProblem = (of: Of, problem: Error): End => ({ ...nothing, ...of, problem });

/** The environment of the line of `notify`: plain texts, not shell code. All are set, '' if there is no value. */
export function variablesOf(end: End): Readonly<Record<string, string>> {
  const { verb, experiment, folder, states, deployment, run, problem } = end;
  const number = (state: RunState) => String(states.filter((one) => one === state).length);
  const all = states.every((state) => state === 'succeeded');
  return {
    LOGISTICIAN_VERB: verb,
    LOGISTICIAN_EXPERIMENT: experiment,
    LOGISTICIAN_FOLDER: folder,
    LOGISTICIAN_STATUS: problem ? 'error' : all ? 'succeeded' : 'failed',
    LOGISTICIAN_CONDITIONS: String(states.length),
    LOGISTICIAN_SUCCEEDED: number('succeeded'),
    LOGISTICIAN_FAILED: number('failed'),
    LOGISTICIAN_STOPPED: number('stopped'),
    LOGISTICIAN_LOST: number('lost'),
    LOGISTICIAN_DEPLOYMENT: deployment?.id ?? '',
    LOGISTICIAN_COMMIT: deployment?.commit ?? run?.recipe.source.commit ?? '',
    LOGISTICIAN_MESSAGE: deployment?.message ?? '',
    LOGISTICIAN_RUN: run?.id ?? '',
    LOGISTICIAN_EXIT_CODE: run?.exit_code === null ? '' : String(run?.exit_code ?? ''),
    LOGISTICIAN_SUMMARY: `${experiment}: ${summaryOf(end)}`,
  };
}

/** `34 of 40 succeeded, 6 failed`. */
function summaryOf({ verb, states, run, problem }: End): string {
  if (problem) return `${verb} failed: ${problem.message.split('\n')[0]?.replaceAll('\0', ' ')}`;
  if (run) return `${run.state}${run.exit_code ? ` with exit code ${run.exit_code}` : ''}: ${run.condition}`;
  const others = (['failed', 'stopped', 'lost'] as const).flatMap((state) => {
    const number = states.filter((one) => one === state).length;
    return number > 0 ? [`, ${number} ${state}`] : [];
  });
  return `${states.filter((state) => state === 'succeeded').length} of ${states.length} succeeded${others.join('')}`;
}

export const notifyFlag = Flags.string({
  helpValue: 'LINE',
  description: 'shell command (sh -c) to run at the end; "" runs none, even if your settings have one',
});

/** Timeout of the line without output, in milliseconds. */
const patience = 60_000;

/** Runs the user's own line with sh. Its failure is a warning only.
 * @param line that of `--notify`, or else of the user's settings; '' or null: none */
export async function giveNotice(session: Session, line: string | null, end: End): Promise<void> {
  if (line === null || line.trim() === '') return;
  const notice = { ...command('sh', '-c', line), env: variablesOf(end) };
  const { kind, code } = await session.executor.attempt(notice, { ...session.progress, timeoutMs: patience });
  if (kind === 'timeout')
    session.notify.warn(`The command of notify was killed: it printed nothing for a minute.`);
  else if (code !== 0) session.notify.warn(`The command of notify failed with exit code ${code}.`);
}
