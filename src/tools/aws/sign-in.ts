// Pure: the lines by which a user gets other credentials.

/** In a shell that sets keys, all else that signs in changes nothing: they come before every profile. */
const setsKeys = (env: NodeJS.ProcessEnv): boolean =>
  Boolean(env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY);

const withoutKeys = 'unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN';

const inShell = [
  'export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… AWS_SESSION_TOKEN=…    # new ones; keys without a token: AWS_SESSION_TOKEN=',
  `${withoutKeys}    # then the profile counts: aws configure, or aws sso login`,
];

const bySso =
  'aws sso login    # with single sign-on, in version 2 of the CLI; another profile: export AWS_PROFILE=…';

/** Where there are no credentials. */
export const signIn: readonly string[] = [
  'aws configure    # or: export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…',
  bySso,
];

/** Where there are some that AWS does not take. `aws configure` alone would leave their token beside the new keys. */
export const signInAgain = (env: NodeJS.ProcessEnv): readonly string[] =>
  setsKeys(env)
    ? inShell
    : ['aws configure && aws configure set aws_session_token "…"    # "" for keys without a token', bySso];

/** To act as another profile. @param note which one */
export const asProfile = (env: NodeJS.ProcessEnv, note: string): string =>
  `${setsKeys(env) ? `${withoutKeys}; ` : ''}export AWS_PROFILE=…    # ${note}`;

/** For roles that ask for a code: the CLI asks for it, and the shell keeps what it got. */
export const keepInShell = (note: string): string =>
  `eval "$(aws configure export-credentials --format env)"    # ${note}; in version 2 of the CLI`;

/** AWS's codes for credentials that were valid. */
export const expired: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'TokenRefreshRequired',
]);

/** The lines to sign in again, if an error text, such as Terraform's, is about expired credentials. */
export const signInAfter = (text: string, env: NodeJS.ProcessEnv): readonly string[] =>
  [...expired].some((code) => text.includes(code)) ? signInAgain(env) : [];
