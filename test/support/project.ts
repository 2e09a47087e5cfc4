import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunRecord } from '../../src/runs/record.js';
import { findState } from '../../src/runs/state-folder.js';
import { baseImage } from './engines.js';
import { expectReceipt } from './receipts.js';
import { type Files, Repository, scratchFolder } from './repository.js';
import { until } from './until.js';

/** The package whose bin/run.js is tested: this one, or one that is installed elsewhere. */
export const packageRoot =
  process.env.LOGISTICIAN_TEST_PACKAGE ?? fileURLToPath(new URL('../../', import.meta.url));

/** How a command line ended. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a started program differs in from one that a person starts in the experiment's folder. */
export interface How {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What it reads; nothing if left out. */
  readonly input?: string;
  /** Words in front of it, such as `setpriv …`. */
  readonly as?: readonly string[];
}

/** What has not ended after so many seconds, on a computer that has much else to do, never would. */
const longest = 560;

/** A program running, in a process group of its own as a shell gives it one. */
export class Started {
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly ended: Promise<Finished>;

  constructor(private readonly child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => this.#stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    const timer = setTimeout(() => this.signal('SIGKILL'), longest * 1000);
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        if (signal) reject(new Error(`ended by ${signal}:\n${this.stdout}\n${this.stderr}`));
        else resolve({ code: code ?? -1, stdout: this.stdout, stderr: this.stderr });
      });
    });
    // Who waits for the end gets it; nothing else has to.
    this.ended.catch(() => {});
  }

  get stdout(): string {
    return Buffer.concat(this.#stdout).toString('utf8');
  }

  get stderr(): string {
    return Buffer.concat(this.#stderr).toString('utf8');
  }

  /** Waits for a text on either output. */
  async says(text: string | RegExp): Promise<void> {
    const isThere = () => {
      const all = `${this.stdout}\n${this.stderr}`;
      return typeof text === 'string' ? all.includes(text) : text.test(all);
    };
    await until(`it says ${text}`, isThere).catch((error: Error) => {
      throw new Error(`${error.message}\n--- it said\n${this.stdout}\n${this.stderr}`);
    });
  }

  /** To the program, and to none that it has started. */
  signalAlone(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** To the whole group, as a terminal's Ctrl-C is; to none once the program has ended: its number may be another's
   *  by then, such as a command line's that another test has started. */
  signal(signal: NodeJS.Signals): void {
    if (this.isAtWork) process.kill(-(this.child.pid ?? 0), signal);
  }

  get isAtWork(): boolean {
    const { pid, exitCode, signalCode } = this.child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }
}

/** The job of most tests; what it is to do is in its arguments. */
const jobScript = `set -eu
case \${1-} in
  --lr)
    echo "the rate is $2"
    echo "$2" >/data/results/rate.txt
    ;;
  --fail)
    echo "this goes wrong"
    exit "$2"
    ;;
  --hold)
    trap 'echo saved; echo saved >/data/results/saved.txt; exit 3' TERM INT
    echo "holding $2"
    tries=0
    while [ ! -e /data/results/go ] && [ "$tries" -lt 3000 ]; do
      sleep 0.3 &
      wait $!
      tries=$((tries + 1))
    done
    echo "let go"
    ;;
  *) echo "hello $*" ;;
esac
`;

export interface ProjectOptions {
  /** Settings of parameters.json, over those that every test experiment has. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly files?: Files;
  /** The package whose bin/run.js is started; left out: the one that is tested. */
  readonly package?: string;
  /** Whether there is the experiment experiments/one, and a commit that holds all. */
  readonly bare?: boolean;
}

/** A git repository that has nothing to do with this one, a home folder, and the real command line. */
export class TestProject {
  readonly scratch = scratchFolder();
  readonly home = join(this.scratch, 'home');
  readonly root = join(this.scratch, 'project');
  /** Names of the experiments begin so; no two test projects have the same. */
  readonly name = `e2e-${randomBytes(4).toString('hex')}`;
  readonly experiment = join(this.root, 'experiments', 'one');
  readonly repository = new Repository(this.root);
  /** All that the command lines have said. */
  readonly said: string[] = [];
  readonly #started: Started[] = [];
  readonly #noPackages = join(this.scratch, 'apt.conf');
  readonly #package: string;

  constructor(options: ProjectOptions = {}) {
    const { parameters = {}, files = {}, bare = false } = options;
    this.#package = options.package ?? packageRoot;
    mkdirSync(this.home);
    mkdirSync(this.root);
    writeFileSync(this.#noPackages, `Dir::State::lists "${this.scratch}/no-lists";\n`);
    // In words that an old git knows, too.
    this.repository.git('init', '--quiet');
    this.repository.git('symbolic-ref', 'HEAD', 'refs/heads/main');
    for (const [key, value] of [
      ['user.name', 'A Researcher'],
      ['user.email', 'researcher@example.org'],
    ])
      this.repository.git('config', key ?? '', value ?? '');
    if (bare) {
      this.repository.write(files);
      return;
    }
    this.repository.write({
      'job.sh': jobScript,
      'experiments/one/Dockerfile': `FROM ${baseImage}\n`,
      ...files,
    });
    this.setParameters(parameters);
    this.repository.commit('First');
  }

  /** Writes parameters.json of experiments/one. */
  setParameters(settings: Readonly<Record<string, unknown>>): void {
    const all = { experiment_name: this.name, experiment_command: 'sh job.sh', ...settings };
    this.repository.write({ 'experiments/one/parameters.json': `${JSON.stringify(all, null, 2)}\n` });
  }

  get env(): NodeJS.ProcessEnv {
    const kept = [
      'PATH',
      'LANG',
      'TMPDIR',
      'DOCKER_HOST',
      'DOCKER_CONTEXT',
      'DOCKER_CERT_PATH',
      'DOCKER_TLS_VERIFY',
    ];
    const inherited = Object.fromEntries(
      kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
    );
    return {
      ...inherited,
      HOME: this.home,
      GIT_CONFIG_NOSYSTEM: '1',
      // Which packages the system has is asked of lists that take a second to read, and have none of these.
      APT_CONFIG: this.#noPackages,
      COLUMNS: '100',
      // Other tests have slots of their own, as on other computers.
      LOGISTICIAN_SLOTS: join(this.scratch, 'slots'),
    };
  }

  /** A folder for PATH that has all programs but one. */
  pathWithout(program: string): string {
    const folder = join(this.scratch, `without-${program}`);
    mkdirSync(folder, { recursive: true });
    // The first of a name is the one that is found.
    for (const place of (process.env.PATH ?? '')
      .split(':')
      .filter((one) => existsSync(one))
      .reverse())
      for (const name of readdirSync(place).filter((one) => one !== program)) {
        rmSync(join(folder, name), { force: true });
        symlinkSync(join(place, name), join(folder, name));
      }
    return folder;
  }

  /** Starts `logistician` with these words. */
  start(words: readonly string[], how: How = {}): Started {
    const argv = [...(how.as ?? []), process.execPath, join(this.#package, 'bin', 'run.js'), ...words];
    return this.startProgram(argv, how);
  }

  /** What `logistician` writes to standard output, where that is no text. */
  bytesOf(words: readonly string[]): Buffer {
    return execFileSync(process.execPath, [join(this.#package, 'bin', 'run.js'), ...words], {
      ...{ cwd: this.experiment, env: this.env, maxBuffer: 2 ** 28 },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  startProgram(argv: readonly string[], { cwd, env, input }: How = {}): Started {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, {
      cwd: cwd ?? (existsSync(this.experiment) ? this.experiment : this.root),
      env: { ...this.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    const started = new Started(child);
    this.#started.push(started);
    void started.ended.then(({ stdout, stderr }) => this.said.push(stdout, stderr)).catch(() => {});
    return started;
  }

  /** Runs `logistician` with these words to its end. */
  cli(words: readonly string[], how: How = {}): Promise<Finished> {
    return this.start(words, how).ended;
  }

  /** The same where it must succeed. @returns what stands on standard output. */
  async ok(words: readonly string[], how: How = {}): Promise<string> {
    const { code, stdout, stderr } = await this.cli(words, how);
    if (code !== 0)
      throw new Error(`logistician ${words.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
    return stdout;
  }

  /** The same with `--json`, parsed. */
  async json<T = StatusOutput>(words: readonly string[], how: How = {}): Promise<T> {
    const dashes = words.indexOf('--');
    const place = dashes < 0 ? words.length : dashes;
    return JSON.parse(await this.ok([...words.slice(0, place), '--json', ...words.slice(place)], how)) as T;
  }

  /** Ids of the runs there are, oldest first. */
  get runs(): string[] {
    return this.runsIn(this.experiment);
  }

  runsIn(experiment: string): string[] {
    const folder = join(experiment, 'runs');
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  }

  /** Path of something that a run left. */
  run(id: string | undefined, ...path: string[]): string {
    return join(this.experiment, 'runs', id ?? 'no such run', ...path);
  }

  readRun(id: string | undefined, ...path: string[]): string {
    return readFileSync(this.run(id, ...path), 'utf8');
  }

  /** What this computer has written of experiments/one: its deployment, its queue, its job folders. */
  get stateFolder(): string {
    return findState(this.home, this.experiment, false).folder;
  }

  /** The runner's own folder of a run on this computer: job.sh, state.json and, while the job is not at its end, logs/. */
  jobFolder(run: string | undefined, ...path: string[]): string {
    return join(this.stateFolder, 'jobs', run ?? 'no such run', ...path);
  }

  /** Where a run on this computer has its output: where no container reaches it, until the job has ended. */
  logOf(run: string | undefined): string {
    const now = this.jobFolder(run, 'logs', 'docker.txt');
    return existsSync(now) ? now : this.run(run, 'data', 'logs', 'docker.txt');
  }

  /** The receipt of a run, the newest if none is named, which must be one. */
  receipt(id?: string): RunRecord {
    return this.receiptIn(this.experiment, id);
  }

  receiptIn(experiment: string, id = this.runsIn(experiment).at(-1)): RunRecord {
    return expectReceipt(join(experiment, 'runs', id ?? 'no such run', 'run.json'));
  }

  /** Every receipt there is. */
  receipts(): RunRecord[] {
    return this.receiptsIn(this.experiment);
  }

  receiptsIn(experiment: string): RunRecord[] {
    return this.runsIn(experiment).map((id) => this.receiptIn(experiment, id));
  }

  /** Lets go of a job that holds. */
  letGo(run: string): void {
    execFileSync('touch', [this.run(run, 'data', 'results', 'go')]);
  }

  /** The run id of the condition, once the runner says that it runs and the job has begun to hold. */
  async holding(condition: string): Promise<string> {
    return until(
      `${condition} holds`,
      () => this.runs.find((id) => id.includes(condition) && this.#saysHolding(id)) ?? null,
    );
  }

  /** What the job has printed so far, while it runs. */
  saidBy(id: string | undefined): string {
    const path = this.logOf(id);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  #saysHolding(id: string): boolean {
    return this.saidBy(id).includes('holding');
  }

  /** Ids of this project's containers, running or not. */
  get containers(): string[] {
    return linesOf('docker', 'ps', '--all', '--format', '{{.ID}} {{.Label "logistician.experiment"}}')
      .filter((line) => line.includes(` ${this.name}`))
      .map((line) => line.split(' ')[0] ?? '');
  }

  /** Processes on whose command line the project's folder is. */
  get processes(): string[] {
    return linesOf('ps', '-eww', '-o', 'pid=,args=').filter((line) => line.includes(this.scratch));
  }

  /** Waits until nothing of the project is running. */
  async quiet(): Promise<void> {
    await until(`no process of ${this.scratch}`, () => this.processes.length === 0).catch((error: Error) => {
      throw new Error(`${error.message}:\n${this.processes.join('\n')}`);
    });
    if (this.containers.length > 0) throw new Error(`containers are left: ${this.containers.join(' ')}`);
  }

  /** Leaves nothing. */
  async remove(): Promise<void> {
    for (const started of this.#started) started.signal('SIGKILL');
    for (const line of this.processes) killHard(Number.parseInt(line, 10));
    await Promise.allSettled(this.#started.map((started) => started.ended));
    const images = linesOf(
      'docker',
      'image',
      'ls',
      '--format',
      '{{.Repository}}:{{.Tag}}',
      `logistician/${this.name}*`,
    );
    await until(`no container of ${this.name}`, () => {
      const { containers } = this;
      // One that goes by itself at this moment cannot be removed: it is looked at again.
      if (containers.length > 0) spawnSync('docker', ['rm', '--force', ...containers]);
      return containers.length === 0;
    });
    if (images.length > 0) linesOf('docker', 'image', 'rm', ...images);
    rmSync(this.scratch, { recursive: true, force: true, maxRetries: 5 });
    const secrets = `/dev/shm/logistician-${process.getuid?.()}`;
    try {
      rmdirSync(secrets);
    } catch {
      // Not there, or another user's job has secrets at this moment.
    }
  }
}

/** kill -9, where it has not ended by itself. @param pid negative: a whole group */
export function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It had ended.
  }
}

/** What of `status --json` the tests look at. */
export interface StatusOutput {
  readonly live: boolean;
  readonly deployment: {
    readonly id: string;
    readonly commit: string;
    readonly released: string | null;
  } | null;
  readonly unreachable: readonly { readonly machine: string; readonly why: string }[];
  readonly conditions: readonly {
    readonly condition: string;
    readonly run: string | null;
    readonly state: string | null;
    readonly reason: string | null;
    readonly exit_code: number | null;
    readonly last_line: string | null;
    readonly measure: Readonly<Record<string, unknown>> | null;
    readonly deployed: boolean;
  }[];
}

export function linesOf(program: string, ...args: string[]): string[] {
  return execFileSync(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    .toString()
    .split('\n')
    .filter((line) => line.trim() !== '');
}

/** What npm would install, in a folder of its own: it works without this repository. */
export function copyOfPackage(into: string): void {
  const { files } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    files: string[];
  };
  const isLeftOut = (name: string) => name.startsWith('!');
  for (const name of ['package.json', ...files.filter((one) => !isLeftOut(one))])
    cpSync(join(packageRoot, name), join(into, name), { recursive: true });
  for (const name of files.filter(isLeftOut)) rmSync(join(into, name.slice(1)), { recursive: true });
}
