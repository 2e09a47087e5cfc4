import { finalStates, type JobState, noContainers, type RunState } from './job-state.js';

type Check = (value: unknown) => boolean;

const text =
  (longest: number, pattern = /^/): Check =>
  (value) =>
    typeof value === 'string' && value !== '' && value.length <= longest && pattern.test(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check, most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every(check);
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const object =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isPlainObject(value) && Object.entries(checks).every(([key, check]) => check(own(value, key)));

const own = (value: Record<string, unknown>, key: string) =>
  Object.hasOwn(value, key) ? value[key] : undefined;

export const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const states: readonly RunState[] = ['pending', 'fetching', 'building', 'running', ...finalStates];
const time = text(40, /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?Z$/);
const imageId = text(71, /^sha256:[0-9a-f]{64}$/);
const isCode: Check = (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255;

const times: Check = (value) =>
  isPlainObject(value) && Object.entries(value).every(([state, at]) => oneOf(...states)(state) && time(at));

/** The same rules as in record.schema.json: a state that passes never makes a receipt unreadable. */
const isState = object({
  run: text(100),
  state: oneOf(...states),
  reason: orNull(text(40, /^[a-z][a-z-]*$/)),
  exit_code: orNull(isCode),
  slot: orNull(text(100)),
  gpus: orNull(text(1000)),
  container: orNull(text(200)),
  image: orNull(imageId),
  machine: text(300),
  boot: text(100),
  started: orNull(time),
  finished: orNull(time),
  kept: oneOf(null, 'copied', 'too-large'),
  times,
  engine: optional(object({ name: text(100), version: text(200) })),
  base: optional(listOf(object({ name: text(1000), id: imageId, digests: listOf(text(1000), 100) }), 100)),
  gpu_names: optional(listOf(text(200), 100)),
  driver: optional(orNull(text(100))),
});

/** Whether the fields of an ended job are consistent. */
function isConsistent(job: JobState): boolean {
  if (job.state === 'succeeded')
    return (
      job.exit_code === 0 &&
      job.reason === null &&
      [job.started, job.finished].every((value) => value !== null) &&
      (job.image !== null || job.engine?.name === noContainers) &&
      ['pending', 'running', 'succeeded'].every((state) => Object.hasOwn(job.times, state))
    );
  return !finalStates.has(job.state) || job.reason !== null;
}

/** The value as a job's state; null: invalid. A machine may be broken or hostile, and its report goes into receipts. */
export const jobStateOf = (value: unknown): JobState | null =>
  isState(value) && isConsistent(value as JobState) ? (value as JobState) : null;
