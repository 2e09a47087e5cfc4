import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { baseImage } from './engines.js';

const capabilities =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_ADMIN NET_RAW ' +
  'SYS_CHROOT SYS_PTRACE SYS_ADMIN SYS_BOOT MKNOD AUDIT_WRITE SETFCAP';

/** What a container needs to have a Docker Engine in it. `--privileged` is more than a computer may have to give. */
export const machineFlags: readonly string[] = [
  ...['--cap-drop', 'ALL'],
  ...capabilities.split(' ').flatMap((capability) => ['--cap-add', capability]),
  ...['--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined'],
  ...['--cgroupns', 'host', '--volume', '/sys/fs/cgroup:/sys/fs/cgroup'],
  ...['--tmpfs', '/run', '--tmpfs', '/tmp:exec,mode=1777'],
];

/** An image that is made here of a folder with a Dockerfile. */
export interface Recipe {
  readonly name: string;
  readonly folder: string;
  /** What the Dockerfile calls `tools`: the image that it begins with. */
  readonly from?: Recipe;
}

/** Debian with sshd, git and a Docker Engine, which has stored nothing yet. */
export const machineTools: Recipe = {
  name: 'logistician-test/machine-tools',
  folder: fileURLToPath(new URL('machine/', import.meta.url)),
};

/** The image that lab machines run, made if it is not there.
 *  @param more images that their engines have beside the base image */
export const machineImage = (more: readonly string[] = []): string =>
  seededImage('logistician-test/machine', machineTools, withBase(more), ['tini', '--', '/machine/boot.sh']);

export const withBase = (more: readonly string[]): string[] => [...new Set([baseImage, ...more])];

/** The label of an image of machines that names the volume which their engines begin with. */
const seedLabel = 'logistician.seed';
/** The label that says what is in that volume. */
const contentLabel = 'logistician.seed.content';

/** An image of machines whose engine begins with these images, made if it is not there. They come with all that they
 *  were built on: where nothing has changed since, a build on such a machine takes every step from its cache. */
export function seededImage(
  name: string,
  tools: Recipe,
  images: readonly string[],
  command: readonly string[],
): string {
  const tag = `${name}:${fingerprint(tools, images)}`;
  if (seedOf(tag) !== null) return tag;
  const content = fingerprint(machineTools, images);
  const seed = seedWith(content) ?? makeSeed(images);
  const labels = { [seedLabel]: seed, [contentLabel]: content };
  const changes = [
    `CMD ${JSON.stringify(command)}`,
    ...Object.entries(labels).map(([label, value]) => `LABEL ${label}=${value}`),
  ];
  const machine = docker('create', '--label', 'logistician.test=image', made(tools), 'true');
  try {
    docker('commit', ...changes.flatMap((change) => ['--change', change]), machine, tag);
  } finally {
    docker('rm', '--force', machine);
    if (seedOf(tag) === null) docker('volume', 'rm', seed);
  }
  return tag;
}

/** A volume with these images that machines of another kind begin with, too. */
const seedWith = (content: string): string | null =>
  docker('image', 'ls', '--quiet', '--filter', `label=${contentLabel}=${content}`)
    .split('\n')
    .filter(Boolean)
    .map(seedOf)
    .find((seed) => seed !== null) ?? null;

/** A volume, not part of the image: a layer that deletes something can be in no layer of another engine. */
function makeSeed(images: readonly string[]): string {
  const label = ['--label', 'logistician.test=image'];
  const seed = docker(
    'volume',
    'create',
    ...label,
    `logistician-test-seed-${randomBytes(4).toString('hex')}`,
  );
  const seeding = ['--mount', `type=volume,source=${seed},target=/var/lib/docker`, ...machineFlags];
  const engine = docker(
    ...['run', '--detach', ...label, ...seeding],
    ...[made(machineTools), 'tini', 'sleep', 'infinity'],
  );
  try {
    const load = 'engine=$1; shift; docker save "$@" | docker exec --interactive "$engine" /machine/seed.sh';
    const all = images.flatMap((image) => [image, ...builtOn(image)]);
    execFileSync('sh', ['-c', load, 'sh', engine, ...all], { stdio: 'pipe' });
    return seed;
  } catch (error) {
    docker('rm', '--force', engine);
    docker('volume', 'rm', seed);
    throw error;
  } finally {
    docker('rm', '--force', engine);
  }
}

/** The volume that engines of such machines begin with; null if it, or the image, is not there. */
export function seedOf(image: string): string | null {
  try {
    const seed = docker('image', 'inspect', '--format', `{{index .Config.Labels "${seedLabel}"}}`, image);
    return docker('volume', 'inspect', '--format', '{{.Name}}', seed);
  } catch {
    return null;
  }
}

/** What a machine of such an image has for a disk. @param label of the volume that goes with the machine */
export const diskFlags = (image: string, label: string): string[] => [
  ...['--mount', `type=volume,target=/var/lib/docker,volume-label=${label}`],
  ...['--mount', `type=volume,source=${seedOf(image)},target=/machine/seed,readonly`],
];

/** The name of such an image, made if it is not there. */
export function made({ name, folder, from }: Recipe): string {
  const begin = from ? ['--build-arg', `tools=${made(from)}`] : [];
  docker('build', '--quiet', '--label', 'logistician.test=image', '--tag', name, ...begin, folder);
  return name;
}

/** The images that an image was made of, step by step, as far as they are there. */
const builtOn = (image: string): string[] =>
  docker('image', 'history', '--quiet', '--no-trunc', image)
    .split('\n')
    .filter((id) => id !== '<missing>');

/** Changes with all that the image is made of. */
function fingerprint(tools: Recipe, images: readonly string[]): string {
  const hash = createHash('sha256').update(docker('image', 'inspect', '--format', '{{.Id}}', ...images));
  for (let recipe: Recipe | undefined = tools; recipe; recipe = recipe.from) {
    const { folder } = recipe;
    for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex').slice(0, 12);
}

const docker = (...args: string[]): string =>
  execFileSync('docker', args, { stdio: 'pipe' }).toString().trim();
