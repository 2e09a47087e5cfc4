import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { motoPython } from './cloud/moto.js';
import { hasTerraform } from './cloud/terraform.js';
import { providerMirror } from './terraform.js';

/** The image that test jobs run in. */
export const baseImage = 'debian:bookworm-slim';

/** What of git a container of the base image needs. */
const gitToMount = ['/usr/bin/git', '/usr/lib/git-core'];

/** Words of `docker run` that bring it there. */
export const mountGit = gitToMount.flatMap((path) => ['--volume', `${path}:${path}:ro`]);

/** What tests need beyond Node, and how to see that it is there. */
const engines = {
  docker: () => succeeds('docker', 'image', 'inspect', baseImage),
  git: () => succeeds('git', 'version'),
  /** This computer's git runs in containers of the base image, too. */
  'git-to-mount': () =>
    gitToMount.every((path) => existsSync(path)) && /bookworm/.test(readFileSync('/etc/os-release', 'utf8')),
  lfs: () => succeeds('git-lfs', 'version'),
  sshd: () => existsSync('/usr/sbin/sshd') && succeeds('sh', '-c', 'command -v ssh ssh-keygen'),
  rsync: () => succeeds('rsync', '--version'),
  /** For users that a test makes: root hides faults of ownership. */
  root: () => process.getuid?.() === 0 && succeeds('sh', '-c', 'command -v useradd runuser'),
  bash: () => succeeds('bash', '--version'),
  jq: () => succeeds('jq', '--version'),
  zsh: () => succeeds('zsh', '--version'),
  fish: () => succeeds('fish', '--version'),
  /** For a Docker Engine of a test's own, which it may kill. */
  dockerd: () => process.getuid?.() === 0 && succeeds('sh', '-c', 'command -v dockerd && command -v ip'),
  /** Terraform's provider for AWS, on this disk. */
  'aws-provider': () => providerMirror() !== null,
  'cloud-init': () => succeeds('cloud-init', '--version'),
  /** For the API of the test cloud. */
  moto: () => motoPython() !== null,
  aws: () => succeeds('sh', '-c', 'command -v aws'),
  /** With the AWS provider on this computer. */
  terraform: () => hasTerraform(),
} as const;

export type EngineName = keyof typeof engines;

/** What Debian does not have: `bin/test` cannot always bring it, and says so. */
const fromElsewhere: ReadonlySet<EngineName> = new Set(['terraform', 'aws-provider', 'moto', 'git-to-mount']);

/** Whether one of the engines is missing: for `describe.skipIf`. Where engines are required, as in CI, that is
 *  an error instead, so that a test that did not run cannot pass for one that did; but not for those that may be
 *  missing there. */
export function isMissing(...needed: EngineName[]): boolean {
  const missing = needed.filter((name) => !engines[name]());
  const lacking = missing.filter((name) => !fromElsewhere.has(name));
  if (lacking.length > 0 && process.env.LOGISTICIAN_TEST_ENGINES === 'required') {
    throw new Error(
      `These tests need ${lacking.join(' and ')}, and LOGISTICIAN_TEST_ENGINES=required forbids skipping.`,
    );
  }
  return missing.length > 0;
}

function succeeds(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Whether `bin/test --all` runs: for tests that are slow, in files whose others are not. */
export const isThorough = Boolean(process.env.LOGISTICIAN_TEST_ALL);

/** `isMissing`, for a file all of which is left to `bin/test --all`. */
export const isLeftOut = (...needed: EngineName[]): boolean => !isThorough || isMissing(...needed);

/** Of variants of one thing: all of them with `bin/test --all`, else the first. */
export const variants = <T>(first: T, ...others: readonly T[]): T[] =>
  isThorough ? [first, ...others] : [first];
