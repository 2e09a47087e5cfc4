import { type DockerOption, type Misread, readDockerOptions, switchValue } from './docker-args.js';

/** Facts about the file other than its docker_run_args. */
export interface Beside {
  /** Whether the key `gpus` leaves all GPUs to docker_run_args. */
  readonly leavesGpus: boolean;
}

/** Why the words may not be passed to `docker run`: words that Docker would misread, and options that prevent the
 * runner from controlling the container: it reads its exit code and log, ends it, and keeps its data. */
export function dockerArgProblems(words: readonly string[], beside: Beside): Misread[] {
  const { options, misread } = readDockerOptions(words);
  const refused = options.flatMap((option) => {
    const why = rules.get(option.name)?.(option, beside);
    return why ? [{ place: option.place, what: `${option.written} ${why}` }] : [];
  });
  return [...misread, ...refused];
}

type Rule = (option: DockerOption, beside: Beside) => string | null;

const never =
  (why: string): Rule =>
  () =>
    why;

/** A switch that must keep our value. */
const only =
  (fit: boolean, why: string): Rule =>
  ({ value }) =>
    switchValue(value) === fit ? null : why;

const logged = never(
  'would change how the log is kept, which is read as json-file: leave it out; it is kept in data/logs.',
);
const interactive = only(
  false,
  'is for a terminal, and a job has none: leave it out; run and shell have their own.',
);

const ruleOf: Readonly<Record<string, Rule>> = {
  rm: only(
    false,
    'removes the container before its exit code and log are read: leave it out; it is removed once they are kept.',
  ),
  name: never(
    'takes the name by which the container is found again: leave it out; --hostname and --label are free.',
  ),
  restart: never(
    'hides how a job ended behind its next start: leave it out; deploy --retry-failed runs failed conditions again.',
  ),
  detach: only(false, 'lets go of the job while it runs: leave it out; deploy needs no open terminal.'),
  cidfile: never(
    'fails for the second job on a machine: leave it out; container.id in run.json and --label tell of it.',
  ),
  'log-driver': logged,
  'log-opt': logged,
  entrypoint: never('replaces the shell that starts the job: write the program into experiment_command.'),
  pull: never('would ask a registry for an image that is built here: leave it out; --fresh pulls its base.'),
  'sig-proxy': only(true, 'keeps Ctrl-C from the job: leave it out.'),
  attach: never('chooses what of the output is seen, and the log is all of it: leave it out.'),
  interactive,
  tty: interactive,
  'detach-keys': never('lets go of the job at a key: leave it out.'),
  help: only(false, 'runs no job: leave it out.'),
  init: only(true, 'takes away the process that passes signals on to the job: leave it out.'),
  'stop-signal': ({ value }) =>
    /^(?:SIG)?(?:TERM|INT)$|^(?:15|2)$/i.test(value)
      ? null
      : 'may be SIGTERM or SIGINT: what else ends a job ends the shell that waits for it to save itself.',
  label: ({ value }) =>
    value.startsWith('logistician.')
      ? 'names a label of Logistician, by which it finds its containers: choose another name.'
      : null,
  gpus: (_, { leavesGpus }) =>
    leavesGpus
      ? null
      : 'adds to the GPUs that the key "gpus" gives: set that key; or "gpus": "none", and only these are given.',
  env: ({ value }) => variableProblem(value),
  'env-file': ({ value }) => relativeProblem(value, 'its variables into "environment" or "secrets"'),
  'label-file': ({ value }) => relativeProblem(value, 'its labels one by one as --label'),
  'security-opt': ({ value }) => {
    const profile = /^seccomp[=:](?!unconfined$|builtin$)(.*)$/s.exec(value)?.[1];
    return profile === undefined ? null : relativeProblem(profile);
  },
  volume: ({ value }) => sourceProblem(volumeSource(value)) ?? targetProblem(volumeTarget(value)),
  tmpfs: ({ value }) => targetProblem(value.split(':')[0] ?? ''),
  mount: ({ value }) =>
    sourceProblem(mountSource(value)) ?? targetProblem(mountField(value, /^(?:target|dst|destination)$/i)),
};

const rules: ReadonlyMap<string, Rule> = new Map(Object.entries(ruleOf));

/** Variables that the runner sets for the job, or that it needs to pass on signals. */
const ours = /^(?:OPTIONS|CONFIGURATION_FILE|TINI_KILL_PROCESS_GROUP|LOGISTICIAN_.*)$/s;

function variableProblem(word: string): string | null {
  const [name = ''] = word.split('=', 1);
  if (ours.test(name)) return `sets ${name}, which Logistician sets: choose another name.`;
  return word.includes('=')
    ? null
    : `${word} has no value, and takes that of the machine's runner, which is not yours: write ${word}=VALUE, or name it in "secrets".`;
}

/** `TARGET`, or `SOURCE:TARGET[:MODE]`. */
function volumeTarget(value: string): string {
  const [first = '', second] = value.split(':');
  return second ?? first;
}

/** A folder; '': none, or a named volume, whose name has no slash. */
function volumeSource(value: string): string {
  const [first = '', second] = value.split(':');
  return second !== undefined && /\/|^\.{1,2}$|^~/.test(first) ? first : '';
}

/** The folder of a bind mount; '': not a bind mount. */
const mountSource = (value: string): string =>
  mountField(value, /^type$/i) === 'bind' ? mountField(value, /^(?:source|src)$/i) : '';

/** The folders of this computer that the words mount, as written. */
export function mountSources(words: readonly string[]): string[] {
  const { options } = readDockerOptions(words);
  return options.flatMap(({ name, value }) => (name === 'volume' ? volumeSource(value) : []) || []);
}

/** A field of comma-separated ones, which may be quoted. */
function mountField(value: string, name: RegExp): string {
  const fields = value.match(/(?:"(?:[^"]|"")*"|[^,])+/g) ?? [];
  const pairs = fields.map((field) => field.replaceAll('"', '').split(/=(.*)/s));
  return pairs.findLast(([key = '']) => name.test(key.trim()))?.[1] ?? '';
}

const sourceProblem = (source: string): string | null =>
  source === ''
    ? null
    : relativeProblem(source, 'the folder into "inputs", where paths start from the experiment');

/** Docker's working folder differs between `run`, `deploy` and machines. */
function relativeProblem(path: string, instead?: string): string | null {
  if (path.startsWith('/')) return null;
  const or = instead ? `, or ${instead}` : '';
  return `names ${path}, which is relative to the folder in which Docker is started: write the full path${or}.`;
}

function targetProblem(target: string): string | null {
  const path = normalized(target);
  if (path === '/data' || path.startsWith('/data/'))
    return `hides ${path}, from where results are collected: folders to read go in "inputs"; mount others elsewhere.`;
  if (path === '/run/logistician' || path.startsWith('/run/logistician/'))
    return `hides ${path}, where secrets are handed over: mount it elsewhere.`;
  return path === '/project' || path === '/home/logistician'
    ? `hides ${path}, which Logistician mounts: mount it below, or elsewhere.`
    : null;
}

/** As Docker cleans it: `//data/../data/` is `/data`. */
function normalized(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
