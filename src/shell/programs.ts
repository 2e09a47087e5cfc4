import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The file of that program; null: there is none. @param path the folders that are searched for programs */
export const programAt = (name: string, path = process.env.PATH ?? ''): string | null =>
  (name.includes('/') ? [name] : path.split(delimiter).map((folder) => join(folder, name))).find((file) =>
    existsSync(file),
  ) ?? null;

/** @param path the folders that are searched for programs. */
export const isProgram = (name: string, path?: string): boolean => programAt(name, path) !== null;

/** How each package manager installs a package. */
const managers = {
  'apt-get': 'sudo apt-get install',
  dnf: 'sudo dnf install',
  pacman: 'sudo pacman -S',
  zypper: 'sudo zypper install',
  apk: 'sudo apk add',
  brew: 'brew install',
} as const;

type Manager = keyof typeof managers;

/** Names of packages that differ from the name of the program. */
const packages: Readonly<Record<string, Readonly<Partial<Record<Manager, readonly string[]>>>>> = {
  docker: { 'apt-get': ['docker.io'], dnf: ['moby-engine'], brew: ['--cask docker'] },
  ssh: {
    'apt-get': ['openssh-client'],
    dnf: ['openssh-clients'],
    pacman: ['openssh'],
    zypper: ['openssh-clients'],
    apk: ['openssh-client'],
    brew: ['openssh'],
  },
  // Docker's own packages and Debian's have different names.
  'docker-buildx': {
    'apt-get': ['docker-buildx', 'docker-buildx-plugin'],
    apk: ['docker-cli-buildx'],
  },
};

/** Pages about installing by hand. */
const pages: Readonly<Record<string, string>> = {
  'docker-buildx': 'https://github.com/docker/buildx#manual-download',
};

/** As `installLines`, but only packages that the package manager has; if it has none, the page about installing by hand.
 * @param ask runs a command that changes nothing, and returns its output */
export async function linesThatInstall(
  program: string,
  ask: (...argv: string[]) => Promise<string>,
  path?: string,
): Promise<string[]> {
  const lines = await known(installLines(program, path), ask);
  const page = pages[program];
  return lines.length > 0 || page === undefined ? lines : [`${page}    # no package of this system has it`];
}

/** Only apt-get's packages differ between versions of a system. One question is for all: without a cache of its own,
 * apt reads all of its lists for each. */
async function known(lines: string[], ask: (...argv: string[]) => Promise<string>): Promise<string[]> {
  if (!lines.some((line) => line.startsWith(managers['apt-get']))) return lines;
  const nameIn = (line: string) => line.split(' ').at(-1) ?? '';
  const said = await ask('apt-cache', 'show', '--quiet', '--no-all-versions', ...lines.map(nameIn));
  const there = new Set([...said.matchAll(/^Package: (.+)$/gm)].map(([, name]) => name));
  return lines.filter((line) => there.has(nameIn(line)));
}

/** Lines of which one installs the program here; none without a known package manager. */
export function installLines(program: string, path?: string): string[] {
  const known = Object.keys(managers) as Manager[];
  const manager = known.find((name) => isProgram(name, path));
  if (!manager) return [];
  const names = packages[program]?.[manager] ?? [program];
  return names.map((name) => `${managers[manager]} ${name}`);
}

/** Whether a version is older than another; both are numbers separated by dots. */
export function isOlder(version: string, than: string): boolean {
  const [own, other] = [version, than].map((text) => text.split('.').map(Number));
  for (const [place, wanted] of (other ?? []).entries()) {
    const number = own?.[place] ?? 0;
    if (number !== wanted) return number < wanted;
  }
  return false;
}
