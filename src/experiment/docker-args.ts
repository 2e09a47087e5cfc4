/** An option of `docker run`, parsed as Docker does. */
export interface DockerOption {
  /** Its long name, without dashes. */
  readonly name: string;
  /** As written, without its value: `--rm`, or `-d` of `-itd`. */
  readonly written: string;
  /** The value; `true` for a switch without one. */
  readonly value: string;
  /** The index of its word. */
  readonly place: number;
}

/** A word that Docker would misread, and the remedy. */
export interface Misread {
  readonly place: number;
  readonly what: string;
}

/** Options without a value, of docker 20.10 to 28; `--rm=false` is another way to write them. */
export const switches: ReadonlySet<string> = new Set([
  ...['detach', 'disable-content-trust', 'help', 'init', 'interactive', 'no-healthcheck', 'oom-kill-disable'],
  ...['privileged', 'publish-all', 'quiet', 'read-only', 'rm', 'sig-proxy', 'tty', 'use-api-socket'],
]);

/** Options with a value. Those for Windows and some older spellings are not in Docker's help. */
export const valued: ReadonlySet<string> = new Set([
  ...['add-host', 'annotation', 'attach', 'blkio-weight', 'blkio-weight-device', 'cap-add', 'cap-drop'],
  ...['cgroup-parent', 'cgroupns', 'cidfile', 'cpu-count', 'cpu-percent', 'cpu-period', 'cpu-quota'],
  ...['cpu-rt-period', 'cpu-rt-runtime', 'cpu-shares', 'cpus', 'cpuset-cpus', 'cpuset-mems', 'detach-keys'],
  ...['device', 'device-cgroup-rule', 'device-read-bps', 'device-read-iops', 'device-write-bps'],
  ...['device-write-iops', 'dns', 'dns-opt', 'dns-option', 'dns-search', 'domainname', 'entrypoint', 'env'],
  ...['env-file', 'expose', 'gpus', 'group-add', 'health-cmd', 'health-interval', 'health-retries'],
  ...['health-start-interval', 'health-start-period', 'health-timeout', 'hostname', 'io-maxbandwidth'],
  ...['io-maxiops', 'ip', 'ip6', 'ipc', 'isolation', 'kernel-memory', 'label', 'label-file', 'link'],
  ...['link-local-ip', 'log-driver', 'log-opt', 'mac-address', 'memory', 'memory-reservation', 'memory-swap'],
  ...['memory-swappiness', 'mount', 'name', 'net', 'net-alias', 'network', 'network-alias', 'oom-score-adj'],
  ...['pid', 'pids-limit', 'platform', 'publish', 'pull', 'restart', 'runtime', 'security-opt', 'shm-size'],
  ...['stop-signal', 'stop-timeout', 'storage-opt', 'sysctl', 'tmpfs', 'ulimit', 'user', 'userns', 'uts'],
  ...['volume', 'volume-driver', 'volumes-from', 'workdir'],
]);

export const short: Readonly<Record<string, string>> = {
  ...{ a: 'attach', c: 'cpu-shares', d: 'detach', e: 'env', h: 'hostname', i: 'interactive', l: 'label' },
  ...{
    m: 'memory',
    p: 'publish',
    P: 'publish-all',
    q: 'quiet',
    t: 'tty',
    u: 'user',
    v: 'volume',
    w: 'workdir',
  },
};

/** Reads words as `docker run` does (pflag): `--name=x`, `--name x`, `-e X`, `-eX`, `-e=X`, and `-itd` for three. Words
 * after a misread one are still parsed as options. */
export function readDockerOptions(words: readonly string[]): {
  readonly options: readonly DockerOption[];
  readonly misread: readonly Misread[];
} {
  const options: DockerOption[] = [];
  const misread: Misread[] = [];
  let next = 0;
  /** The next word: it is the option's value, even if it looks like an option. */
  const taken = (written: string, place: number): string | null => {
    if (next < words.length) return words[next++] ?? '';
    misread.push({ place, what: `${written} needs a value, and would take the word that follows for it.` });
    return null;
  };
  const add = (option: Omit<DockerOption, 'value'>, value: string | null) => {
    if (value !== null) options.push({ ...option, value });
  };

  const readLong = (word: string, place: number) => {
    const equals = word.indexOf('=');
    const written = equals < 0 ? word : word.slice(0, equals);
    const name = written.slice(2);
    const option = { name, written, place };
    if (/^(?:-|$)/.test(name)) misread.push({ place, what: `"${word}" is no option of docker run.` });
    else if (/\s/.test(name)) misread.push({ place, what: oneWord(word) });
    else if (equals >= 0) add(option, word.slice(equals + 1));
    else if (switches.has(name)) add(option, 'true');
    else if (valued.has(name)) add(option, taken(written, place));
    else if (words[next] === undefined || words[next]?.startsWith('-')) add(option, 'true');
    else misread.push({ place, what: `${written} is not known here; write ${written}=VALUE, in one word.` });
  };

  const readShort = (word: string, place: number) => {
    for (let at = 1; at < word.length; at++) {
      const written = `-${word[at]}`;
      const name = short[word[at] ?? ''];
      if (name === undefined) {
        misread.push({ place, what: `${written} is no option of docker run.` });
        return;
      }
      const rest = word.slice(at + 1);
      const option = { name, written, place };
      if (rest.length > 1 && rest.startsWith('=')) return add(option, rest.slice(1));
      if (valued.has(name)) return add(option, rest === '' ? taken(written, place) : rest);
      add(option, 'true');
    }
  };

  while (next < words.length) {
    const place = next++;
    const word = words[place] ?? '';
    if (word === '--' || !/^-./s.test(word)) misread.push({ place, what: noOption(word) });
    else if (word.startsWith('--')) readLong(word, place);
    else readShort(word, place);
  }
  return { options, misread };
}

const noOption = (word: string): string =>
  `"${word}" is no option, and Docker would take it for the image: arguments of the job go in experiment_conditions or experiment_command.`;

function oneWord(word: string): string {
  const [name = '', value = ''] = word.split(/\s+(.*)/s);
  return `"${word}" is one word to Docker: write "${name}", "${value}".`;
}

/** The value of a switch, parsed as Go does; null: Docker refuses it. */
export function switchValue(value: string): boolean | null {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  return /^(?:0|f|F|FALSE|false|False)$/.test(value) ? false : null;
}
