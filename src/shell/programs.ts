import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** @param path the folders that programs are looked for in. */
export const isProgram = (name: string, path = process.env.PATH ?? ''): boolean =>
  name.includes('/')
    ? existsSync(name)
    : path.split(delimiter).some((folder) => existsSync(join(folder, name)));

/** How each system installs something, by the program that does it. */
const managers = {
  'apt-get': 'sudo apt-get install',
  dnf: 'sudo dnf install',
  pacman: 'sudo pacman -S',
  zypper: 'sudo zypper install',
  apk: 'sudo apk add',
  brew: 'brew install',
} as const;

type Manager = keyof typeof managers;

/** Names of packages where they are not the name of the program. */
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
  // Docker's own packages have another name than Debian's.
  'docker-buildx': {
    'apt-get': ['docker-buildx', 'docker-buildx-plugin'],
    apk: ['docker-cli-buildx'],
  },
};

/** The lines one of which installs the program here; none, where no package manager is found that we know. */
export function installLines(program: string, path?: string): string[] {
  const known = Object.keys(managers) as Manager[];
  const manager = known.find((name) => isProgram(name, path));
  if (!manager) return [];
  const names = packages[program]?.[manager] ?? [program];
  return names.map((name) => `${managers[manager]} ${name}`);
}
