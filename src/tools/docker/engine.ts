import { homedir } from 'node:os';
import type Docker from 'dockerode';
import { ownLine, UserError } from '../../errors.js';
import { command } from '../../shell/command.js';
import type { Executor } from '../../shell/executor.js';
import { installLines, isProgram } from '../../shell/programs.js';
import { programWordsOf } from './lines.js';

/** Docker cannot be used; the message says whether it is not installed, not running or not permitted. */
export class DockerUnavailable extends UserError {}

/** Facts about a machine's engine. Memory in bytes. */
export interface EngineFacts {
  readonly version: string;
  readonly cpus: number;
  readonly memory: number;
  readonly hasNvidia: boolean;
  readonly architecture: string;
  readonly users: EngineUsers;
}

/** How the engine maps user ids of containers: `own`, not at all; `remapped`, to others (`userns-remap`); `rootless`,
 * root to the user who runs the engine, and others elsewhere. */
export type EngineUsers = 'own' | 'remapped' | 'rootless';

/** Added by `doctor` to an engine's version. */
export const engineUserWords: Readonly<Record<EngineUsers, string>> = {
  own: '',
  remapped: ' (with user namespaces: jobs run outside of them, as their user)',
  rootless: ' (rootless: jobs run as root of its namespace, which is its user)',
};

/** @param options SecurityOptions of `docker info` */
export const engineUsersOf = (options: readonly string[]): EngineUsers => {
  const names = options.map((option) => /^name=([^,]*)/.exec(option)?.[1] ?? option);
  if (names.includes('rootless')) return 'rootless';
  return names.includes('userns') ? 'remapped' : 'own';
};

export interface ImageFacts {
  readonly id: string;
  readonly digests: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Of all of its layers, also those that it shares with others. */
  readonly bytes: number;
}

/** Reads from the same engine as the docker program; changes go through its command line. */
export class Engine {
  #client: Promise<Docker> | undefined;

  constructor(
    private readonly executor: Executor,
    private readonly docker: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** @throws DockerUnavailable */
  async facts(): Promise<EngineFacts> {
    const info = await this.#ask((client) => client.info());
    return {
      version: info.ServerVersion,
      cpus: info.NCPU,
      memory: info.MemTotal,
      hasNvidia: 'nvidia' in (info.Runtimes ?? {}),
      architecture: info.Architecture,
      users: engineUsersOf(info.SecurityOptions ?? []),
    };
  }

  /** The image of that name or tag; null: none. @throws DockerUnavailable */
  async image(name: string): Promise<ImageFacts | null> {
    return this.#ask(async (client) => {
      try {
        const image = await client.getImage(name).inspect();
        const { Id: id, RepoDigests: digests, Config: config, Size: bytes } = image;
        return { id, digests: digests ?? [], labels: config?.Labels ?? {}, bytes };
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return null;
        throw error;
      }
    });
  }

  /** Ids of containers with the label and the status. @throws DockerUnavailable */
  async containers(label: string, status: 'running' | 'exited'): Promise<string[]> {
    const filters = { label: [label], status: [status] };
    const found = await this.#ask((client) => client.listContainers({ all: true, filters }));
    return found.map((container) => container.Id);
  }

  async #ask<T>(question: (client: Docker) => Promise<T>): Promise<T> {
    try {
      this.#client ??= this.#connect();
      return await question(await this.#client);
    } catch (error) {
      throw unavailable(error, this.docker, this.env.DOCKER_HOST);
    }
  }

  async #connect(): Promise<Docker> {
    // The engine may answer without the program, but every change needs it.
    const [program = ''] = programWordsOf(this.docker);
    if (!isProgram(program, this.env.PATH))
      throw new DockerUnavailable(`${this.docker} is not installed, or not on the PATH.`, [
        ...installLines('docker', this.env.PATH),
        ownLine('doctor'),
      ]);
    const endpoint = this.env.DOCKER_HOST || (await this.#contextEndpoint());
    const { default: Dockerode } = await import('dockerode');
    if (endpoint.startsWith('unix://'))
      return new Dockerode({ socketPath: endpoint.slice('unix://'.length) });
    if (endpoint.startsWith('ssh://')) {
      const url = new URL(endpoint);
      return new Dockerode({
        protocol: 'ssh',
        host: url.hostname,
        port: Number(url.port || 22),
        username: url.username || undefined,
        sshOptions: { agent: this.env.SSH_AUTH_SOCK },
      } as Docker.DockerOptions);
    }
    const url = new URL(endpoint.replace(/^tcp:/, 'http:'));
    return new Dockerode({ host: url.hostname, port: Number(url.port || 2375) });
  }

  /** The endpoint of the docker context in use, usually the default one. */
  async #contextEndpoint(): Promise<string> {
    const settings = `${this.env.DOCKER_CONFIG || `${homedir()}/.docker`}/config.json`;
    const { readFile } = await import('node:fs/promises');
    const chosen =
      this.env.DOCKER_CONTEXT || currentContext(await readFile(settings, 'utf8').catch(() => '{}'));
    if (!chosen || chosen === 'default') return 'unix:///var/run/docker.sock';
    const format = '{{.Endpoints.docker.Host}}';
    return this.executor.read(
      command(...programWordsOf(this.docker), 'context', 'inspect', '--format', format, chosen),
    );
  }
}

function currentContext(config: string): string | undefined {
  try {
    return (JSON.parse(config) as { currentContext?: string }).currentContext;
  } catch {
    return undefined;
  }
}

function unavailable(error: unknown, docker: string, host: string | undefined): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (host && code && code in { ENOENT: 0, ECONNREFUSED: 0, ENOTFOUND: 0, ETIMEDOUT: 0 }) {
    return new DockerUnavailable(
      `Docker does not answer at ${host}, the address in the variable DOCKER_HOST (${message}).`,
      ['unset DOCKER_HOST', `${docker} info`],
      { cause: error },
    );
  }
  switch (code) {
    case 'ENOENT':
      return new DockerUnavailable(
        'Docker does not answer: its socket does not exist. Is it installed and running?',
        ['sudo systemctl start docker', `${docker} info`],
        { cause: error },
      );
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'ETIMEDOUT':
      return new DockerUnavailable(
        'Docker does not answer: nothing listens at its socket. Is it running?',
        ['sudo systemctl start docker', `${docker} info`],
        { cause: error },
      );
    case 'EACCES':
    case 'EPERM':
      return new DockerUnavailable(
        'Docker is running, but you are not allowed to use it: you are not in its group.',
        ['sudo usermod --append --groups docker "$USER"', 'newgrp docker'],
        { cause: error },
      );
    default:
      return error;
  }
}
