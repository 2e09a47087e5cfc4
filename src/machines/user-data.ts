import { Secret } from '../shell/word.js';

/** The settings of a machine in the cloud for its first boot. */
export interface FirstStart {
  /** Seconds from each boot until the machine powers off, more than 0. */
  readonly deadline: number;
  /** Seconds from each boot until it powers off if no job was brought, more than 0. */
  readonly unused: number;
  /** The text of templates/machine/idle.sh. */
  readonly idle: string;
  /** The login user of its image, who may use Docker. */
  readonly loginUser: string;
  /** Programs to install in addition to the usual ones. */
  readonly programs: readonly string[];
  /** The private half of its SSH host key, as OpenSSH writes it. */
  readonly hostKey: Secret;
}

/** EC2's limit, in bytes before encoding. */
export const mostUserData = 16 * 1024;

/**
 * The user data of a machine, for its cloud-init.
 *
 * @param template templates/machine/cloud-init.yaml
 * @returns the text, which is secret for the host key that it holds
 * @throws RangeError if a value would say something else in the template, or the text is more than EC2 takes
 */
export function userData(
  template: string,
  { deadline, unused, idle, loginUser, programs, hostKey }: FirstStart,
): Secret {
  for (const seconds of [deadline, unused])
    if (!(seconds > 0) || !Number.isFinite(seconds)) throw new RangeError(`no number of seconds: ${seconds}`);
  if (!/^[a-z_][a-z0-9_-]*$/.test(loginUser)) throw new RangeError(`no login name: ${loginUser}`);
  for (const name of programs)
    if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new RangeError(`no program: ${name}`);
  const values: Readonly<Record<string, string>> = {
    deadline: String(Math.ceil(deadline)),
    unused: String(Math.ceil(unused)),
    idle: inBlock(idle),
    login_user: loginUser,
    programs: programs.join(' '),
    host_key: inBlock(hostKey.reveal()),
  };
  const text = template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new RangeError(`the template asks for ${name}`);
    return value;
  });
  const size = Buffer.byteLength(text);
  if (size > mostUserData) throw new RangeError(`${size} bytes of user data, more than EC2 takes`);
  return new Secret('USER_DATA', text);
}

/** All lines of a YAML block are indented as its first one. */
const inBlock = (text: string): string => text.trim().replaceAll(/\n(?=.)/g, '\n    ');
