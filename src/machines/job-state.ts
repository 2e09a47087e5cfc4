/** How far a run is. */
export type RunState =
  | 'pending'
  | 'fetching'
  | 'building'
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'stopped'
  | 'lost';

export const finalStates: ReadonlySet<RunState> = new Set(['succeeded', 'failed', 'stopped', 'lost']);

/** state.json as the runner writes it. Times are ISO 8601 in UTC. */
export interface JobState {
  readonly run: string;
  readonly state: RunState;
  /** Why it is so: exit, oom, fetch, build, secrets, start, deadline, reboot, container, runner, user. */
  readonly reason: string | null;
  readonly exit_code: number | null;
  readonly slot: string | null;
  readonly gpus: string | null;
  readonly container: string;
  /** Id of the image that ran. */
  readonly image: string | null;
  readonly machine: string;
  readonly boot: string;
  /** When the container started and ended, by Docker. */
  readonly started: string | null;
  readonly finished: string | null;
  /** What became of files changed in the checkout: `copied` to data/project, or `too-large`. */
  readonly kept: string | null;
  /** When each state was entered. */
  readonly times: Readonly<Partial<Record<RunState, string>>>;
}

/** What the runner says of one job. */
export interface JobReport {
  readonly folder: string;
  /** null: the job has not arrived on the machine. */
  readonly state: JobState | null;
  /** Its runner is gone while the job is not at its end. */
  readonly orphan: boolean;
  /** It has yet to end, and its disk is full: nothing new starts there. */
  readonly full: boolean;
  readonly lastLine: string;
  /** The newest line of the newest series of measures. */
  readonly measure: Readonly<Record<string, unknown>> | null;
  readonly summary: Readonly<Record<string, unknown>> | null;
}

export interface QueueReport {
  /** There is work and no runner at it: it was killed, or the machine was restarted. */
  readonly stalled: boolean;
  readonly jobs: readonly JobReport[];
}

/** Reads what `runner.sh report` prints. A line that makes no sense is left out. */
export function parseReport(text: string): QueueReport {
  let stalled = false;
  const jobs: Mutable<JobReport>[] = [];
  for (const line of text.split('\n')) {
    const [kind = '', rest = ''] = splitOnce(line);
    const job = jobs.at(-1);
    if (kind === 'stalled') stalled = true;
    else if (kind === 'job') jobs.push({ folder: rest, ...nothingYet });
    else if (!job) continue;
    else if (kind === 'state') job.state = parseObject(rest) as JobState | null;
    else if (kind === 'orphan') job.orphan = true;
    else if (kind === 'full') job.full = true;
    else if (kind === 'log') job.lastLine = rest;
    else if (kind === 'measure') job.measure = parseObject(rest);
    else if (kind === 'summary') job.summary = parseObject(rest);
  }
  return { stalled, jobs };
}

const nothingYet = { state: null, orphan: false, full: false, lastLine: '', measure: null, summary: null };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function splitOnce(line: string): [string, string] {
  const space = line.indexOf(' ');
  return space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
