import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { Executor } from '../../src/shell/executor.js';
import { Journal } from '../../src/shell/journal.js';
import { Engine } from '../../src/tools/docker/engine.js';
import { isMissing } from '../support/engines.js';
import { TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';

/** The engine of this computer behind TLS, as `dockerd --tlsverify` has it: who has no certificate of the authority is
 * refused. */
class TlsDoor {
  readonly server: Server;

  constructor(folder: string) {
    const read = (name: string) => readFileSync(join(folder, name));
    const how = { ca: read('ca.pem'), cert: read('server.pem'), key: read('server-key.pem') };
    this.server = createServer(
      { ...how, requestCert: true, rejectUnauthorized: true, allowHalfOpen: true },
      (client) => {
        const engine = connect({ path: '/var/run/docker.sock', allowHalfOpen: true });
        client.pipe(engine).pipe(client);
        for (const one of [client, engine])
          one.on('error', () => [client, engine].map((each) => each.destroy()));
      },
    );
  }

  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, resolve));
    return (this.server.address() as AddressInfo).port;
  }
}

/** An authority, and what it certifies: the server at localhost, and a client. */
function makeCertificates(folder: string): void {
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...newKey, '-keyout', 'ca-key.pem', '-out', 'ca.pem', '-subj', '/CN=authority');
  for (const [name, key, cert] of [
    ['localhost', 'server-key.pem', 'server.pem'],
    ['client', 'key.pem', 'cert.pem'],
  ] as const) {
    openssl('req', ...newKey.slice(0, 3), '-keyout', key, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=DNS:${name}\n`);
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-extfile', `${name}.ext`];
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-days', '2', '-out', cert);
  }
}

/** What programs are started with is the environment of this process. */
async function inEnvironment<T>(env: NodeJS.ProcessEnv, work: () => Promise<T>): Promise<T> {
  const before = process.env;
  process.env = env;
  try {
    return await work();
  } finally {
    process.env = before;
  }
}

describe.skipIf(isMissing('docker', 'git'))('an engine over TLS', () => {
  let project: TestProject;
  let port: number;
  let door: TlsDoor;
  let own: string;
  let others: string;
  let address: string;

  beforeAll(async () => {
    project = new TestProject();
    [own, others] = [join(project.scratch, 'own'), join(project.scratch, 'others')] as const;
    for (const folder of [own, others]) {
      mkdirSync(folder);
      makeCertificates(folder);
    }
    door = new TlsDoor(own);
    port = await door.open();
    address = `tcp://localhost:${port}`;
  });
  afterAll(async () => {
    door.server.close();
    await project.remove();
  });

  /** A folder of settings with a context that is in use. */
  const withContext = (name: string, settings: string): NodeJS.ProcessEnv => {
    const DOCKER_CONFIG = join(project.scratch, `config-${name}`);
    const env = { ...process.env, DOCKER_CONFIG };
    mkdirSync(DOCKER_CONFIG);
    const create = ['context', 'create', name, '--docker', `host=${address}${settings}`];
    for (const words of [create, ['context', 'use', name]])
      execFileSync('docker', words, { env, stdio: 'pipe' });
    return { DOCKER_CONFIG };
  };
  const filesIn = (folder: string, ...names: string[]) =>
    names.map((name) => `,${name}=${join(folder, `${name}.pem`)}`).join('');
  const partOf = (...names: string[]): string => {
    const folder = join(project.scratch, `part-${names.join('-')}`);
    mkdirSync(folder, { recursive: true });
    for (const name of names) copyFileSync(join(own, `${name}.pem`), join(folder, `${name}.pem`));
    return folder;
  };

  const cases: Readonly<Record<string, () => NodeJS.ProcessEnv>> = {
    'by its variables': () => ({ DOCKER_HOST: address, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: own }),
    'with certificates among the settings': () => ({
      DOCKER_HOST: address,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CONFIG: own,
    }),
    'by another authority': () => ({
      DOCKER_HOST: address,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: others,
    }),
    'at a name that it is not certified for': () => ({
      DOCKER_HOST: `tcp://127.0.0.1:${port}`,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: own,
    }),
    'the same, unverified': () => ({
      DOCKER_HOST: `tcp://127.0.0.1:${port}`,
      DOCKER_TLS: '1',
      DOCKER_CERT_PATH: own,
    }),
    'without TLS': () => ({ DOCKER_HOST: address, DOCKER_CERT_PATH: own }),
    'without a client’s certificate': () => ({
      DOCKER_HOST: address,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: partOf('ca'),
    }),
    'without the authority’s': () => ({
      DOCKER_HOST: address,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: partOf('cert', 'key'),
    }),
    'unverified, without the authority’s': () => ({
      DOCKER_HOST: address,
      DOCKER_TLS: '1',
      DOCKER_CERT_PATH: partOf('cert', 'key'),
    }),
    'by a context': () => withContext('whole', filesIn(own, 'ca', 'cert', 'key')),
    'by a context with another authority': () =>
      withContext('foreign', `,ca=${join(others, 'ca.pem')}${filesIn(own, 'cert', 'key')}`),
    'by a context that skips verification': () =>
      withContext('skips', `,skip-tls-verify=true${filesIn(own, 'cert', 'key')}`),
    'by a context without certificates': () => withContext('plain', ''),
  };

  slow.each(Object.entries(cases))(
    '%s: is reached as the docker program reaches it',
    async (_name, settings) => {
      const env = { ...project.env, ...settings() };
      const version = await promisify(execFile)('docker', ['info', '--format', '{{.ServerVersion}}'], {
        env,
      }).then(
        ({ stdout }) => stdout.trim(),
        () => null,
      );
      const facts = await inEnvironment(env, () =>
        new Engine(new Executor(new Journal(() => {})), 'docker', env).facts().catch((error: Error) => error),
      );
      if (version) expect(facts).toMatchObject({ version });
      else expect(facts).toMatchObject({ name: 'DockerUnavailable' });
    },
  );

  slow('builds and runs there', async () => {
    const env = { DOCKER_HOST: address, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: own };
    await project.ok(['build'], { env });
    expect(await project.ok(['run', '-o', '--lr 1'], { env })).toContain('the rate is 1');
    const wrong = await project.cli(['build'], { env: { ...env, DOCKER_CERT_PATH: others } });
    expect(wrong.stderr).toContain(`Docker does not answer at ${address}`);
  });
});
