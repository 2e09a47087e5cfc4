import { execFileSync } from 'node:child_process';

/** The region of the environment or the profile; empty: none. */
export function regionOf() {
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  return AWS_REGION || AWS_DEFAULT_REGION || said('aws', 'configure', 'get', 'region');
}

/** Variables with the credentials of a role for an hour; none without a role. @throws Error */
export async function credentialsOf(world, role) {
  if (!role) return {};
  const session = ['--role-session-name', 'logistician-try', '--duration-seconds', '3600'];
  const { Credentials } = await world.aws('sts', 'assume-role', '--role-arn', role, ...session);
  return {
    AWS_ACCESS_KEY_ID: Credentials.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: Credentials.SecretAccessKey,
    AWS_SESSION_TOKEN: Credentials.SessionToken,
    AWS_PROFILE: '',
  };
}

/** What runs here, by name. */
export async function versions(world) {
  const own = await world.logistician(['--version']);
  return [
    ['Logistician', own.stdout.trim()],
    [
      'commit',
      said('git', '-C', new URL('.', import.meta.url).pathname, 'rev-parse', '--short=10', 'HEAD') ||
        'unknown',
    ],
    ['this computer', `${process.platform} ${process.arch}`],
    ['endpoint', process.env.AWS_ENDPOINT_URL ? 'another one than AWS' : 'AWS'],
    ['region', world.region],
  ];
}

function said(program, ...words) {
  try {
    return execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}
