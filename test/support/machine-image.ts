import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { baseImage } from './engines.js';

const folder = fileURLToPath(new URL('machine/', import.meta.url));

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

/** The image that lab machines run, made if it is not there: Debian with sshd, git and a Docker Engine, and all
 *  that such an engine stores once it has the base image. */
export function machineImage(): string {
  const tag = `logistician-test/machine:${fingerprint()}`;
  if (docker('image', 'ls', '--quiet', tag) !== '') return tag;
  const tools = docker('build', '--quiet', '--label', 'logistician.test=image', folder);
  const label = ['--label', 'logistician.test=image'];
  // Its /var/lib/docker must be a volume: an engine writes to no layer of another.
  const seeding = ['--mount', 'type=volume,target=/var/lib/docker', ...machineFlags];
  const machine = docker('run', '--detach', ...label, ...seeding, tools, 'tini', 'sleep', 'infinity');
  try {
    const load = 'docker save "$1" | docker exec --interactive "$2" /machine/seed.sh';
    execFileSync('sh', ['-c', load, 'sh', baseImage, machine], { stdio: 'pipe' });
    docker('commit', '--change', 'CMD ["tini", "--", "/machine/boot.sh"]', machine, tag);
  } finally {
    docker('rm', '--force', '--volumes', machine);
  }
  return tag;
}

/** Changes with all that the image is made of. */
function fingerprint(): string {
  const hash = createHash('sha256').update(docker('image', 'inspect', '--format', '{{.Id}}', baseImage));
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 12);
}

const docker = (...args: string[]): string =>
  execFileSync('docker', args, { stdio: 'pipe' }).toString().trim();
