import { simpleGit } from 'simple-git';
import { revealEnv } from '../../shell/command.js';
import { ofLongReads } from '../../shell/limits.js';
import { ofAHook } from '../../shell/process.js';
import { reveal } from '../../shell/word.js';
import { unlessBlocked } from './blocked.js';
import { git, reading } from './git.js';

/** Reads from one repository; changes go through git's command line. */
export interface Git {
  /** The output of `git ARGS`. Concurrent calls run in parallel. @throws GitFailed, PipeForGit */
  raw(...args: string[]): Promise<string>;
  /** The same with more settings, each `KEY=VALUE`. @throws GitFailed, PipeForGit */
  rawWith(settings: readonly string[], ...args: string[]): Promise<string>;
  /** The settings of these names, each a line `NAME VALUE`; '' if none is set.
   * @param names as regular expressions, in lower case */
  settings(...names: string[]): Promise<string>;
}

/** A failed read; the message is git's error output, in English. */
export class GitFailed extends Error {}

export function openGit(folder: string): Git {
  const rawWith: Git['rawWith'] = (settings, ...args) => {
    const how = { ...reading, settings: [...reading.settings, ...settings] };
    const line = git(folder, args, how);
    const env = { ...withoutHook(), ...revealEnv(line) };
    const allowEnvironment = Object.keys(env);
    // simple-git runs the commands of one instance one after the other.
    return unlessBlocked(folder, (abort) =>
      simpleGit({ baseDir: folder, ...options, abort, allowEnvironment })
        .env(env)
        .raw(line.argv.slice(1).map(reveal))
        .catch((error: Error) => {
          // simple-git wraps our error, and prefixes its class.
          throw new GitFailed(error.message.replace(/^Error: /, ''), { cause: error });
        }),
    );
  };
  const settings: Git['settings'] = async (...names) => {
    // simple-git waits 50 ms after a command without output, so a setting that every repository has is included.
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
  // Without its timers, which would keep our process alive.
  completion: { onExit: false },
  timeout: { block: ofLongReads.timeoutMs },
  errors: (
    error: Buffer | Error | undefined,
    { exitCode, stdErr }: { exitCode: number; stdErr: Buffer[] },
  ) =>
    exitCode === 0
      ? error
      : new GitFailed(Buffer.concat(stdErr).toString().trim() || `git ended with exit code ${exitCode}`),
  // simple-git refuses options that could come from an attacker. Ours do not, and the environment is the user's own.
  unsafe: Object.fromEntries(refusals.map((name) => [`allowUnsafe${name}`, true])),
};
