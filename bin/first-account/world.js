import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a try has here: a project, and a home folder whose records are its own. It lies where a next try finds it, if this
 * one is cut off as by a loss of power. */
export class World {
  /** Of the environment, over that of this process. */
  env = {};
  #child = null;

  constructor(region) {
    const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
    this.folder = join(cache, 'logistician-try-aws');
    this.project = join(this.folder, 'project');
    this.region = region;
  }

  get isThere() {
    return existsSync(this.folder);
  }

  /** The number of the process that uses it; null: none that runs. */
  get holder() {
    try {
      const pid = Number(readFileSync(join(this.folder, 'pid'), 'utf8'));
      process.kill(pid, 0);
      return pid;
    } catch {
      return null;
    }
  }

  make() {
    const home = join(this.folder, 'home');
    mkdirSync(home, { recursive: true, mode: 0o700 });
    this.claim();
    // Profiles, sign-ins and settings of Terraform and git are the user's own.
    for (const name of readdirSync(homedir()))
      if (name.startsWith('.') && !['.logistician', '.cache'].includes(name))
        symlinkSync(join(homedir(), name), join(home, name));
    const plugins = join(homedir(), '.logistician', 'plugin-cache');
    mkdirSync(join(home, '.logistician'), { mode: 0o700 });
    if (existsSync(plugins)) symlinkSync(plugins, join(home, '.logistician', 'plugin-cache'));
    mkdirSync(this.project);
  }

  claim() {
    writeFileSync(join(this.folder, 'pid'), `${process.pid}`);
    writeFileSync(join(this.folder, 'region'), this.region);
  }

  /** That of an earlier try, whose region may have been another. */
  asItWas() {
    const earlier = new World(readFileSync(join(this.folder, 'region'), 'utf8'));
    writeFileSync(join(this.folder, 'pid'), `${process.pid}`);
    return earlier;
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Names of the experiments that there are. */
  get experiments() {
    const folder = join(this.project, 'experiments');
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  write(path, text) {
    const file = join(this.project, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
  }

  read(...path) {
    return readFileSync(join(this.project, ...path), 'utf8');
  }

  list(...path) {
    return readdirSync(join(this.project, ...path)).filter((name) => !name.startsWith('.'));
  }

  logistician(words, seconds = 120) {
    return this.#run(process.execPath, [join(root, 'bin', 'run.js'), ...words], seconds);
  }

  git(...words) {
    const who = ['-c', 'user.name=Try', '-c', 'user.email=try@example.org', '-c', 'commit.gpgsign=false'];
    return this.#run('git', [...who, ...words], 60);
  }

  /** What the CLI of AWS answers. @throws Error */
  async aws(...words) {
    const all = ['--region', this.region, '--output', 'json', ...words];
    const { code, stdout, stderr } = await this.#run('aws', all, 60);
    if (code !== 0) throw new Error(`aws ${words.join(' ')}: ${stderr.trim().split('\n').at(-1)}`);
    return JSON.parse(stdout || '{}');
  }

  /** Has the program that runs end, as Ctrl-C does. */
  interrupt() {
    this.#signal('SIGINT');
  }

  #signal(name) {
    try {
      process.kill(-this.#child.pid, name);
    } catch {
      // It has ended.
    }
  }

  /** In a group of its own, so that a Ctrl-C here comes to us alone. */
  async #run(program, words, seconds) {
    const began = Date.now();
    const env = { ...process.env, AWS_PAGER: '', ...this.env, HOME: join(this.folder, 'home') };
    const child = spawn(program, words, {
      cwd: this.project,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const timers = ['SIGINT', 'SIGKILL'].map((name, place) =>
      setTimeout(() => this.#signal(name), (seconds + 60 * place) * 1000),
    );
    const [out, err] = [child.stdout, child.stderr].map((stream) => {
      const chunks = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      return chunks;
    });
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (number) => resolve(number ?? 1));
    }).finally(() => timers.map(clearTimeout));
    const text = (chunks) => Buffer.concat(chunks).toString();
    return { code, stdout: text(out), stderr: text(err), seconds: (Date.now() - began) / 1000 };
  }
}
