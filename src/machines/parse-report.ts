import type { Hold, JobReport, LogEnd, QueueReport } from './job-state.js';
import { isShallow, parseWithNaN } from './numbers-in-json.js';
import { isPlainObject, jobStateOf } from './read-job-state.js';

/** Limits that no valid report reaches; anything beyond is dropped. */
const limits = {
  lines: 1_000_000,
  /** Characters of a state, a measure or a summary. */
  value: 1_048_576,
  /** Characters shown of a log's line, and of a folder's path. */
  text: 4_096,
};

/** Parses the output of `runner.sh report`. Invalid lines are dropped: jobs and machines write parts of it, and an
 * error of one job must not affect the others. */
export function parseReport(text: string): QueueReport {
  let stalled = false;
  let held: Hold | null = null;
  const jobs: Mutable<JobReport>[] = [];
  for (const line of linesOf(text)) {
    const [kind = '', rest = ''] = splitOnce(line);
    const job = jobs.at(-1);
    if (kind === 'stalled') stalled = true;
    else if (kind === 'held') held = holdOf(rest);
    else if (kind === 'job') jobs.push({ folder: rest.slice(0, limits.text), ...nothingYet });
    else if (!job) continue;
    else if (kind === 'state') job.state = jobStateOf(parsed(rest));
    else if (kind === 'missing') job.missing = true;
    else if (kind === 'orphan') job.orphan = true;
    else if (kind === 'full') job.full = true;
    else if (kind === 'log') job.lastLine = rest.slice(0, limits.text);
    else if (kind === 'output') job.output = endOf(rest);
    else if (kind === 'measure') job.measure = objectOf(rest);
    else if (kind === 'summary') job.summary = objectOf(rest);
  }
  return { stalled, held, jobs };
}

function holdOf(text: string): Hold | null {
  const [, why, failures] = /^(start|failures) (\d{1,9})$/.exec(text) ?? [];
  return why === 'start' || why === 'failures' ? { why, failures: Number(failures) } : null;
}

function endOf(text: string): LogEnd {
  const [part, lines] = splitOnce(text);
  return { text: lines.slice(-limits.value).replaceAll('\0', '\n'), isWhole: part === 'whole' };
}

const nothingYet = { state: null, orphan: false, full: false, lastLine: '', measure: null, summary: null };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One at a time: splitting a text with very many lines would take many times its memory. */
function* linesOf(text: string): Generator<string> {
  let from = 0;
  for (let count = 0; count < limits.lines && from <= text.length; count++) {
    const end = text.indexOf('\n', from);
    yield text.slice(from, end < 0 ? undefined : end);
    if (end < 0) return;
    from = end + 1;
  }
}

function splitOnce(line: string): [string, string] {
  const space = line.indexOf(' ');
  return space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
}

/** The parsed JSON; undefined: too long, or invalid. */
function parsed(text: string, read: (text: string) => unknown = JSON.parse): unknown {
  if (text.length > limits.value) return undefined;
  try {
    return read(text);
  } catch {
    return undefined;
  }
}

function objectOf(text: string): Record<string, unknown> | null {
  const value = parsed(text, parseWithNaN);
  return isPlainObject(value) && isShallow(value) ? value : null;
}
