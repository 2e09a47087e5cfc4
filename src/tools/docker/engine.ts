import type { AgentOptions } from 'node:http';
import type Docker from 'dockerode';
import { ownLine, UserError } from '../../errors.js';
import { command } from '../../shell/command.js';
import type { Executor } from '../../shell/executor.js';
import { installLines, isProgram } from '../../shell/programs.js';
import { endpointOf } from './endpoint.js';
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
    const { host, tls } = await endpointOf(this.env, (context) =>
      this.executor.read(
        command(...programWordsOf(this.docker), 'context', 'inspect', '--format', '{{json .}}', context),
      ),
    );
    const { default: Dockerode } = await import('dockerode');
    if (host.startsWith('unix://')) {
      // As Node's own, but with an empty name of a server: to find out whether "localhost" is an address takes it four
      // milliseconds.
      const { Agent } = await import('node:http');
      const agent = new Agent({ keepAlive: true, timeout: 5000, servername: '' } as AgentOptions);
      return new Dockerode({ socketPath: host.slice('unix://'.length), agent } as Docker.DockerOptions);
    }
    const url = new URL(host.replace(/^tcp:/, 'http:'));
    if (url.protocol === 'ssh:') {
      return new Dockerode({
        protocol: 'ssh',
        host: url.hostname,
        port: Number(url.port || 22),
        username: url.username || undefined,
        sshOptions: { agent: this.env.SSH_AUTH_SOCK },
      } as Docker.DockerOptions);
    }
    const at = { host: url.hostname, port: Number(url.port || (tls ? 2376 : 2375)) };
    // Without these words dockerode goes by the environment in its own way.
    if (!tls) return new Dockerode({ ...at, protocol: 'http' });
    const { Agent } = await import('node:https');
    return new Dockerode({ ...at, protocol: 'https', agent: new Agent(tls) } as Docker.DockerOptions);
  }
}

function unavailable(error: unknown, docker: string, host: string | undefined): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  // Of the network, of files, and of TLS. An engine that wants TLS says so where it is asked without.
  const isUnreached = code !== undefined || (error instanceof Error && message.includes('HTTPS server'));
  if (host && isUnreached && code !== 'EACCES' && code !== 'EPERM') {
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
      if (!isUnreached) return error;
      return new DockerUnavailable(
        `Docker does not answer as it should (${message}).`,
        [`${docker} context ls`, `${docker} info`],
        { cause: error },
      );
  }
}
