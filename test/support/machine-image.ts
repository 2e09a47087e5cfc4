import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { baseImage } from './engines.js';

const folder = fileURLToPath(new URL('machine/', import.meta.url));

/** What a container needs to have a Docker Engine in it. `--privileged` is more than a computer may have to give. */
export const machineFlags: readonly string[] = [
  ...['--cap-drop', 'ALL'],
  ...[
    ...[
      'CHOWN',
      'DAC_OVERRIDE',
      'DAC_READ_SEARCH',
      'FOWNER',
      'FSETID',
      'KILL',
      'SETGID',
      'SETUID',
      'SETPCAP',
    ],
    ...[
      'NET_BIND_SERVICE',
      'NET_ADMIN',
      'NET_RAW',
      'SYS_CHROOT',
      'SYS_PTRACE',
      'SYS_ADMIN',
      'SYS_BOOT',
      'MKNOD',
    ],
    ...['AUDIT_WRITE', 'SETFCAP'],
  ].flatMap((capability) => ['--cap-add', capability]),
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
  // Its /var/lib/docker must be a volume: layers cannot be stacked on layers.
  const seeding = ['--mount', 'type=volume,target=/var/lib/docker', ...machineFlags];
  const machine = docker('run', '--detach', ...label, ...seeding, tools, 'tini', 'sleep', 'infinity');
  try {
    const within = (script: string) => docker('exec', machine, 'sh', '-euc', script);
    within(`mount -o remount,rw /proc/sys
      dockerd >/var/log/dockerd.log 2>&1 &
      until docker version >/dev/null 2>&1; do kill -0 $! || { cat /var/log/dockerd.log >&2; exit 1; }; sleep 0.1; done`);
    const load = 'docker save "$1" | docker exec --interactive "$2" docker load';
    execFileSync('sh', ['-c', load, 'sh', baseImage, machine], { stdio: 'pipe' });
    within(`kill "$(cat /run/docker.pid)"
      while pgrep dockerd; do sleep 0.1; done
      cp -a /var/lib/docker /machine/seed
      rm -r /etc/docker /var/log/dockerd.log`);
    docker('commit', '--change', 'CMD ["tini", "--", "/machine/boot.sh"]', machine, tag);
  } finally {
    docker('rm', '--force', '--volumes', machine);
  }
  return tag;
}

/** Changes with all that the image is made of. */
function fingerprint(): string {
  const hash = createHash('sha256').update(docker('image', 'inspect', '--format', '{{.Id}}', baseImage));
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 12);
}

const docker = (...args: string[]): string =>
  execFileSync('docker', args, { stdio: 'pipe' }).toString().trim();
