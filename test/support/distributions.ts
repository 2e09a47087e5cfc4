import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { docker, execIn, run } from './docker.js';
import { baseImage } from './engines.js';
import { machineFlags } from './machine-image.js';
import { scratchFolder } from './repository.js';

const label = ['--label', 'logistician.test=distribution'];

/** Distributions that images at AWS are of, each made from its own packages, which its mirror may not have here. */
export const distributions = {
  'Debian 12': async () => baseImage,
  'Debian 13': () => made('trixie', []),
  'Ubuntu 24.04': async () => {
    // Debian vouches for Ubuntu's keys.
    const script =
      '(apt-get update && apt-get install -y ubuntu-keyring) >&2 && base64 /usr/share/keyrings/ubuntu-archive-keyring.gpg';
    const image = await made('trixie', []);
    const keys = await docker('run', '--rm', ...label, image, 'sh', '-c', script);
    const folder = scratchFolder();
    // apt reads it as a user of its own.
    chmodSync(folder, 0o755);
    const keyring = join(folder, 'ubuntu.gpg');
    writeFileSync(keyring, Buffer.from(keys, 'base64'));
    const words = ['--components=main,universe', `--keyring=${keyring}`];
    return made('noble', words, 'http://archive.ubuntu.com/ubuntu').finally(() =>
      rmSync(folder, { recursive: true }),
    );
  },
} as const;

export type Distribution = keyof typeof distributions;

/** An image of its packages, made if it is not there. @throws Error where they cannot be downloaded */
async function made(suite: string, words: readonly string[], ...mirror: string[]): Promise<string> {
  const name = `logistician-test/${suite}`;
  if (await docker('image', 'inspect', name).catch(() => '')) return name;
  const folder = scratchFolder();
  try {
    const file = join(folder, 'base.tar');
    await run('mmdebstrap', ['--variant=apt', ...words, suite, file, ...mirror]);
    await docker('import', file, name);
    return name;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A computer of a distribution that has just been made, and reaches its packages. */
export class FreshComputer {
  readonly #folder = scratchFolder();
  readonly #name = `logistician-test-${randomBytes(4).toString('hex')}`;

  /** @param base an image of the distribution */
  async start(base: string, userData: string): Promise<void> {
    const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
    const tag = `${this.#name}:latest`;
    await docker(
      'build',
      '--quiet',
      ...label,
      '--build-arg',
      `base=${base}`,
      '--tag',
      tag,
      here('distribution/'),
    );
    const seed = join(this.#folder, 'seed');
    mkdirSync(seed);
    writeFileSync(join(seed, 'user-data'), userData, { mode: 0o600 });
    writeFileSync(join(seed, 'meta-data'), JSON.stringify({ 'instance-id': this.#name }));
    await docker(
      ...['run', '--detach', '--name', this.#name, ...label, ...machineFlags],
      ...['--tmpfs', '/run/lock', '--volume', '/var/lib/docker'],
      ...['--volume', `${seed}:/var/lib/cloud/seed/nocloud:ro`],
      ...['--volume', `${here('cloud/machine/cloud.cfg')}:/etc/cloud/cloud.cfg:ro`],
      tag,
    );
  }

  /** @returns what a line of shell prints there */
  exec(line: string): Promise<string> {
    return execIn(this.#name, line);
  }

  async remove(): Promise<void> {
    await docker('rm', '--force', '--volumes', this.#name).catch(() => {});
    await docker('image', 'rm', '--force', this.#name).catch(() => {});
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
