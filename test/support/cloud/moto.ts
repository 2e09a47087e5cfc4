import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('start_moto.py', import.meta.url));

/** Fails where its server is not. Nothing of it is loaded: that takes a second. */
const hasMoto = 'from importlib.metadata import version; version("moto"); version("flask_cors")';

/** The Python that has moto's server: of bin/prepare.sh's virtual environment, or the person's own. Null if there is
 *  none. */
export function motoPython(): string | null {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const own = join(cache, 'logistician-test', 'moto', 'bin', 'python');
  for (const python of [...(existsSync(own) ? [own] : []), 'python3', 'python']) {
    try {
      execFileSync(python, ['-c', hasMoto], { stdio: 'ignore' });
      return python;
    } catch {}
  }
  return null;
}

/** moto's server running. */
export class Moto {
  private constructor(
    private readonly server: ChildProcess,
    readonly port: number,
  ) {}

  static async start(): Promise<Moto> {
    const python = motoPython();
    if (!python) throw new Error('no Python here has moto');
    const server = spawn(python, [script], {
      // Its standard input is what it lives by: it ends with this process, however that ends.
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        ...process.env,
        MOTO_ENABLE_AMI_VALIDATION: 'true',
        PYTHONDONTWRITEBYTECODE: '1',
      },
    });
    let complaint = '';
    server.stderr.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk}`.slice(-10_000);
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
      server.once('error', reject);
      server.once('exit', () => reject(new Error(`moto did not start:\n${complaint}`)));
    });
    return new Moto(server, port);
  }

  async stop(): Promise<void> {
    if (this.server.exitCode !== null) return;
    const ended = new Promise((resolve) => this.server.once('exit', resolve));
    this.server.kill('SIGKILL');
    await ended;
  }
}
