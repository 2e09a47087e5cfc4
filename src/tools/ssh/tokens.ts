import { hostname, userInfo } from 'node:os';

/** The values of tokens in an ssh_config (ssh_config(5), TOKENS), by their letter. */
export type Tokens = Readonly<Record<string, string>>;

/** The parts of a machine's address for tokens. */
interface Named {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly typed: string;
}

/** Tokens of ProxyCommand and ProxyJump. */
export const wayTokens = ({ host, port, user, typed }: Named): Tokens => ({
  h: host,
  n: typed,
  p: String(port),
  r: user,
});

/** Tokens of paths, without `%C`, which is for sockets. */
export function pathTokens(machine: Named, alias: string | null, home: string): Tokens {
  const local = hostname();
  const { uid, username } = localUser();
  return {
    ...wayTokens(machine),
    d: home,
    i: String(uid),
    k: alias ?? machine.typed,
    L: local.split('.')[0] ?? local,
    l: local,
    u: username,
  };
}

interface LocalUser {
  readonly uid: number;
  readonly username: string;
  readonly homedir: string;
}

let user: LocalUser | undefined;

/** The user as the system knows it, found out once, for all machines. */
function localUser(): LocalUser {
  try {
    user ??= userInfo();
  } catch {
    user = { uid: process.getuid?.() ?? 0, username: '', homedir: '' };
  }
  return user;
}

/** The user's home folder by the system, where ssh looks, even if HOME says otherwise; '' if the system does not know the user. */
export const systemHome = (): string => localUser().homedir;

/** Expands tokens; unknown ones stay. */
export const expanded = (text: string, tokens: Tokens): string =>
  text.replaceAll(/%(.)/g, (sign, letter: string) => (letter === '%' ? '%' : (tokens[letter] ?? sign)));

/** The text for an ssh_config in which the machine has another name, with `%n` replaced. */
export const withTyped = (text: string, typed: string): string =>
  text.replaceAll(/%(.)/g, (sign, letter: string) => (letter === 'n' ? escaped(typed) : sign));

/** Escapes percent signs. */
export const escaped = (word: string): string => word.replaceAll('%', '%%');
