import { simpleGit } from 'simple-git';
import { revealEnv } from '../../shell/command.js';
import { ofLongReads } from '../../shell/limits.js';
import { ofAHook } from '../../shell/process.js';
import { reveal } from '../../shell/word.js';
import { git, reading } from './git.js';

/** Reads from one repository; changes go through git's command line. */
export interface Git {
  /** What `git ARGS` prints. Those of the same moment run side by side. @throws GitFailed */
  raw(...args: string[]): Promise<string>;
  /** The same with more settings, each `KEY=VALUE`. @throws GitFailed */
  rawWith(settings: readonly string[], ...args: string[]): Promise<string>;
  /** The settings of these names, each a line `NAME VALUE`; '' where none is set.
   *  @param names as regular expressions, in lower case */
  settings(...names: string[]): Promise<string>;
}

/** A read that failed; the message is all that git said, in English. */
export class GitFailed extends Error {}

export function openGit(folder: string): Git {
  const rawWith: Git['rawWith'] = (settings, ...args) => {
    const how = { ...reading, settings: [...reading.settings, ...settings] };
    const line = git(folder, args, how);
    const env = { ...withoutHook(), ...revealEnv(line) };
    const allowEnvironment = Object.keys(env);
    // simple-git puts the commands of one instance in a row.
    return simpleGit({ baseDir: folder, ...options, allowEnvironment })
      .env(env)
      .raw(line.argv.slice(1).map(reveal));
  };
  const settings: Git['settings'] = async (...names) => {
    // After a command without output simple-git waits for 50 ms: one setting that each repository has is among them.
    const pattern = `^(${[always, ...names].join('|')})$`;
    const lines = await rawWith([], 'config', '--get-regexp', pattern).catch(() => '');
    return lines.replace(/^core\.repositoryformatversion .*\n/gm, '');
  };
  return { rawWith, settings, raw: (...args) => rawWith([], ...args) };
}

const always = String.raw`core\.repositoryformatversion`;

const withoutHook = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      ofAHook.has(name) || value === undefined ? [] : [[name, value]],
    ),
  );

const refusals = [
  ...['Alias', 'AskPass', 'CommandBinaries', 'ConfigEnvCount', 'ConfigPaths', 'CredentialHelper'],
  ...['DiffExternal', 'DiffTextConv', 'Editor', 'Exec', 'Filter', 'FsMonitor', 'GitProxy', 'GpgProgram'],
  ...['HooksPath', 'Include', 'MergeDriver', 'Pack', 'Pager', 'ProtocolOverride', 'SshCommand'],
  ...['Submodule', 'TemplateDir', 'UrlRewrite'],
];

const options = {
  // It needs no timer at each end, which keeps our own process from ending.
  completion: { onExit: false },
  timeout: { block: ofLongReads.timeoutMs },
  errors: (
    error: Buffer | Error | undefined,
    { exitCode, stdErr }: { exitCode: number; stdErr: Buffer[] },
  ) =>
    exitCode === 0
      ? error
      : new GitFailed(Buffer.concat(stdErr).toString().trim() || `git ended with exit code ${exitCode}`),
  // simple-git refuses what could come from a stranger. Our words do not, and the environment is the person's own.
  unsafe: Object.fromEntries(refusals.map((name) => [`allowUnsafe${name}`, true])),
};
