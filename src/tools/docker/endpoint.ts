import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the engine is, and how it is spoken to, as for the docker program. */
export interface Endpoint {
  /** `unix://…`, `ssh://…` or `tcp://…`. */
  readonly host: string;
  /** null: without TLS. */
  readonly tls: Tls | null;
}

/** What is in PEM, if it is there. */
interface Tls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Whether the engine has to prove who it is. */
  readonly rejectUnauthorized: boolean;
}

/** By DOCKER_HOST, or else the docker context in use, which is usually the default one.
 * @param inspect the output of `docker context inspect --format '{{json .}}' NAME`. @throws Error for a file of a
 * certificate that cannot be read */
export async function endpointOf(
  env: NodeJS.ProcessEnv,
  inspect: (context: string) => Promise<string>,
): Promise<Endpoint> {
  const settings = env.DOCKER_CONFIG || join(homedir(), '.docker');
  if (env.DOCKER_HOST) return { host: env.DOCKER_HOST, tls: await tlsOf(env, settings) };
  const chosen = env.DOCKER_CONTEXT || (await currentContext(join(settings, 'config.json')));
  if (!chosen || chosen === 'default') return { host: 'unix:///var/run/docker.sock', tls: null };
  const { Endpoints, TLSMaterial, Storage } = JSON.parse(await inspect(chosen)) as Inspected;
  const names = TLSMaterial?.docker ?? [];
  const { Host: host, SkipTLSVerify: skips = false } = Endpoints.docker;
  const files = (name: string) =>
    names.includes(name) ? readFile(join(Storage.TLSPath, 'docker', name)) : undefined;
  return { host, tls: names.length > 0 || skips ? await tlsFrom(files, !skips) : null };
}

/** Of `docker context inspect`. */
interface Inspected {
  readonly Endpoints: { readonly docker: { readonly Host: string; readonly SkipTLSVerify?: boolean } };
  /** Names of files in TLSPath, by endpoint. */
  readonly TLSMaterial?: Readonly<Record<string, readonly string[]>>;
  readonly Storage: { readonly TLSPath: string };
}

/** What the variables of the docker program say. Only the authority's certificate must be there. */
async function tlsOf(env: NodeJS.ProcessEnv, settings: string): Promise<Tls | null> {
  if (!env.DOCKER_TLS_VERIFY && !env.DOCKER_TLS) return null;
  const folder = env.DOCKER_CERT_PATH || settings;
  const files = (name: string) => {
    const text = readFile(join(folder, name));
    return name === caFile ? text : text.catch(() => undefined);
  };
  return tlsFrom(files, Boolean(env.DOCKER_TLS_VERIFY));
}

const caFile = 'ca.pem';

async function tlsFrom(
  files: (name: string) => Promise<Buffer | undefined> | undefined,
  rejectUnauthorized: boolean,
): Promise<Tls> {
  const [ca, cert, key] = await Promise.all([caFile, 'cert.pem', 'key.pem'].map(files));
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), rejectUnauthorized };
}

async function currentContext(settings: string): Promise<string | undefined> {
  try {
    return (JSON.parse(await readFile(settings, 'utf8')) as { currentContext?: string }).currentContext;
  } catch {
    return undefined;
  }
}
