import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { accessLines } from '../../shell/access.js';
import { pasteable } from '../../shell/word.js';

/** A file of the user's AWS settings that cannot be read, or that changes what our own lines do. */
export class BadAwsFile extends UserError {}

/** Longer than any list of profiles, in bytes. */
const longest = 2 ** 20;

/** Looks at the files from which the SDK, the AWS CLI and Terraform take profiles, before they do: for a FIFO some of
 * them wait for ever, and the SDK takes a file that it may not read for a missing one. @throws BadAwsFile */
export function verifyProfileFiles(env: NodeJS.ProcessEnv): void {
  for (const [variable, name] of [
    ['AWS_CONFIG_FILE', 'config'],
    ['AWS_SHARED_CREDENTIALS_FILE', 'credentials'],
  ] as const) {
    const said = env[variable];
    if (said) settingsIn(said, `unset ${variable}    # or name another file`);
    else settingsIn(inHome(env, name));
  }
}

const withoutBundle = 'unset AWS_CA_BUNDLE    # or name another file';

/** The certificates in a file that AWS_CA_BUNDLE names; null: it names none. @throws BadAwsFile */
export function certificatesIn(path: string | undefined): string | null {
  if (!path) return null;
  const text = settingsIn(path, withoutBundle);
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new BadAwsFile(`The file that AWS_CA_BUNDLE names has no certificates, or does not exist: ${path}`, [
    withoutBundle,
  ]);
}

/** Commands of the CLI that we call, and which an alias must not replace: that may be any line of shell. */
const ours: Readonly<Record<string, RegExp>> = {
  toplevel: /^(ec2|sts|s3api)$/,
  'command ec2': /^((terminate|start|stop)-instances|delete-(key-pair|security-group)|revoke-.*)$/,
  'command sts': /^get-caller-identity$/,
  'command s3api': /^head-bucket$/,
};

/** @throws BadAwsFile if an alias of the AWS CLI replaces a command that we call */
export function refuseAliases(env: NodeJS.ProcessEnv): void {
  // The CLI knows no other place of it, and has no option to do without it.
  const path = inHome(env, join('cli', 'alias'));
  let section = '';
  for (const line of settingsIn(path, pasteable`mv ${path} ${path}.old`).split('\n')) {
    section = /^\s*\[\s*(.+?)\s*\]/.exec(line)?.[1] ?? section;
    const [, name = ''] = /^\s*([^\s=:#;]+)\s*[=:]/.exec(line) ?? [];
    if (ours[section]?.test(name))
      throw new BadAwsFile(
        `The alias ${name} in ${path} replaces a command of \`aws\` that is called here.`,
        [`${pasteable`\${EDITOR:-vi} ${path}`}    # give it another name`],
      );
  }
}

const inHome = (env: NodeJS.ProcessEnv, name: string): string => join(env.HOME || homedir(), '.aws', name);

/** The text of a file; empty: it does not exist. @throws BadAwsFile */
function settingsIn(path: string, remedy = aside(path)): string {
  const refuse = (why: string, lines: readonly string[] = [remedy]) =>
    new BadAwsFile(`The AWS settings in ${path} cannot be used: ${why}.`, lines);
  // Where people want none.
  if (path === '/dev/null') return '';
  try {
    const file = statSync(path);
    if (!file.isFile()) throw refuse(file.isDirectory() ? 'it is a folder' : 'it is not a file');
    if (file.size > longest) throw refuse('it is longer than 1 MiB');
    const text = readFileSync(path, 'utf8');
    if (text.includes('\0')) throw refuse('it is not a text');
    return text;
  } catch (error) {
    if (error instanceof BadAwsFile) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return '';
    throw code === 'EACCES' ? refuse('you may not read it', accessLines(path)) : refuse(message);
  }
}

const aside = (path: string): string => `${pasteable`mv ${path} ${path}.old`}    # then: aws configure`;
