import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { scratchFolder } from './repository.js';
import { until } from './until.js';

/** A Docker Engine of a test's own, which it may kill. It shares nothing with the one of this computer: not its
 *  files, not its socket, not its containers, and no network but a bridge that it is given. */
export class OwnEngine {
  readonly #folder = scratchFolder();
  readonly #bridge = `lgt${process.pid}`;
  readonly #log = join(this.#folder, 'dockerd.log');
  readonly host = `unix://${join(this.#folder, 'docker.sock')}`;
  #dockerd: ChildProcess | null = null;

  constructor(private readonly flags: readonly string[] = []) {
    // `docker0` of the other engine stays as it is only where this one has a bridge by name.
    ip('link', 'add', 'name', this.#bridge, 'type', 'bridge');
    ip('address', 'add', `172.30.${process.pid % 256}.1/24`, 'dev', this.#bridge);
    ip('link', 'set', this.#bridge, 'up');
    // Users who are not root get to its socket too.
    chmodSync(this.#folder, 0o711);
    mkdirSync(join(this.#folder, 'tmp'));
    writeFileSync(join(this.#folder, 'daemon.json'), '{}');
  }

  /** Starts it, for the first time or after a kill, and waits until it answers. */
  async start(): Promise<void> {
    const at = (name: string) => join(this.#folder, name);
    const log = openSync(this.#log, 'a');
    const own = `logistician-test-${process.pid}`;
    this.#dockerd = spawn(
      'dockerd',
      [
        ...['--config-file', at('daemon.json'), '--host', this.host, '--pidfile', at('pid')],
        ...['--data-root', at('data'), '--exec-root', at('exec')],
        // Where there is a containerd of the system's, dockerd takes that one.
        ...['--containerd-namespace', own, '--containerd-plugins-namespace', `${own}-plugins`],
        ...['--bridge', this.#bridge, '--iptables=false', '--ip-masq=false', '--ip-forward=false'],
        ...['--userland-proxy=false', ...this.flags],
      ],
      { stdio: ['ignore', log, log], env: { ...process.env, DOCKER_TMPDIR: at('tmp') } },
    );
    closeSync(log);
    this.#dockerd.on('error', () => {});
    await until(`dockerd answers: ${this.#log}`, () => this.answers()).catch((error: Error) => {
      throw new Error(`${error.message}\n${readFileSync(this.#log, 'utf8').slice(-4000)}`);
    });
  }

  answers(): boolean {
    try {
      this.docker('version');
      return true;
    } catch {
      return false;
    }
  }

  /** What Docker prints that asks this engine. */
  docker(...args: string[]): string {
    return execFileSync('docker', ['--host', this.host, ...args], { stdio: 'pipe' })
      .toString()
      .trim();
  }

  /** Brings an image of this computer's engine here. */
  load(image: string): void {
    const own = ['-c', 'docker save "$1" | docker --host "$2" load', 'sh', image, this.host];
    const { DOCKER_HOST: _, ...env } = process.env;
    execFileSync('sh', own, { stdio: 'pipe', env });
  }

  /** As the kernel does it where memory is short: the engine has no moment to put anything in order. */
  async kill(): Promise<void> {
    const dockerd = this.#dockerd;
    if (!dockerd || dockerd.exitCode !== null || dockerd.signalCode !== null) return;
    const gone = new Promise((resolve) => dockerd.once('exit', resolve));
    dockerd.kill('SIGKILL');
    await gone;
    // Its containerd dies with it, and would be in the way of the next one's.
    await until('its containerd is gone', () => this.#processes('containerd --config').length === 0);
    rmSync(join(this.#folder, 'pid'), { force: true });
  }

  /** Leaves nothing, in any state. */
  async remove(): Promise<void> {
    await this.kill();
    for (const left of this.#processes('')) {
      try {
        process.kill(left, 'SIGKILL');
      } catch {
        // It went by itself.
      }
    }
    await until('its processes are gone', () => this.#processes('').length === 0);
    for (const mount of this.#mounts()) execFileSync('umount', ['--lazy', mount]);
    rmSync(this.#folder, { recursive: true, force: true });
    ip('link', 'delete', this.#bridge);
  }

  /** Ids of processes that have its folder, and the text, on their command lines: containerd and its shims. */
  #processes(text: string): number[] {
    return readdirSync('/proc')
      .filter((id) => /^\d+$/.test(id))
      .filter((id) => {
        const path = join('/proc', id, 'cmdline');
        const line = existsSync(path) ? read(path).replaceAll('\0', ' ') : '';
        return line.includes(this.#folder) && line.includes(text) && !line.includes('runner.sh');
      })
      .map(Number);
  }

  /** What is mounted below its folder, the innermost first. */
  #mounts(): string[] {
    return read('/proc/self/mounts')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
      .filter((path) => path.startsWith(`${this.#folder}/`))
      .sort()
      .reverse();
  }
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
