import {
  type ClientRequest,
  type ClientRequestArgs,
  Agent as HttpAgent,
  request as overHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as overTls } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';
import { proxyFor } from './proxy.js';
import { certificatesIn } from './user-files.js';

/** Agents for requests by HTTP and HTTPS. */
export interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

type Connected = (error: Error | null, socket: Duplex) => void;

/** Agents that go through the proxy that the environment names for each host, and trust the certificates in
 * AWS_CA_BUNDLE instead of the usual ones, as the AWS CLI and Terraform do. @throws BadAwsFile; its requests AwsRefused */
export function agentsOf(env: NodeJS.ProcessEnv): Agents {
  const ca = certificatesIn(env.AWS_CA_BUNDLE);
  const settings = { keepAlive: true, maxSockets: 50, ...(ca !== null && { ca }) };
  return { httpAgent: new PlainAgent(env, settings), httpsAgent: new TlsAgent(env, settings) };
}

class PlainAgent extends HttpAgent {
  constructor(
    private readonly env: NodeJS.ProcessEnv,
    settings: ConstructorParameters<typeof HttpAgent>[0],
  ) {
    super(settings);
  }

  override createConnection(options: ClientRequestArgs, done: Connected): Duplex | null | undefined {
    const direct = () => super.createConnection(options, done);
    return through(this.env, 'http', options, direct, done, (socket) => socket);
  }
}

class TlsAgent extends HttpsAgent {
  constructor(
    private readonly env: NodeJS.ProcessEnv,
    settings: ConstructorParameters<typeof HttpsAgent>[0],
  ) {
    super(settings);
  }

  override createConnection(options: ClientRequestArgs, done: Connected): Duplex | null | undefined {
    const direct = () => super.createConnection(options, done);
    const secured = (socket: Socket) => connect({ ...(options as ConnectionOptions), socket });
    return through(this.env, 'https', options, direct, done, secured);
  }
}

function through(
  env: NodeJS.ProcessEnv,
  protocol: 'http' | 'https',
  { host, port }: ClientRequestArgs,
  direct: () => Duplex | null | undefined,
  done: Connected,
  made: (socket: Socket) => Duplex,
): Duplex | null | undefined {
  const fail = (error: Error) => done(error, undefined as never);
  const target = `${host}:${port}`;
  let proxy: URL | null;
  try {
    proxy = proxyFor(new URL(`${protocol}://${target}`), env);
  } catch (error) {
    fail(error as Error);
    return undefined;
  }
  if (proxy === null) return direct();
  asked(proxy, target)
    .once('connect', ({ statusCode, statusMessage }, socket) => {
      if (statusCode === 200) return done(null, made(socket));
      socket.destroy();
      fail(proxyError(proxy, `answers ${statusCode} ${statusMessage} for ${target}`));
    })
    .once('response', (answer) => {
      answer.destroy();
      fail(proxyError(proxy, `answers ${answer.statusCode} ${answer.statusMessage} for ${target}`));
    })
    .once('timeout', function (this: ClientRequest) {
      this.destroy(new Error('it does not answer'));
    })
    .once('error', (error) => fail(proxyError(proxy, `cannot be used: ${error.message}`)))
    .end();
  return undefined;
}

/** A request for a connection to the target. */
function asked(proxy: URL, target: string): ClientRequest {
  const { protocol, hostname, port, username, password } = proxy;
  const isTls = protocol === 'https:';
  const pass = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return (isTls ? overTls : overHttp)({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port || (isTls ? 443 : 80),
    method: 'CONNECT',
    path: target,
    agent: false,
    timeout: 10_000,
    headers: {
      host: target,
      ...(username !== '' && { 'proxy-authorization': `Basic ${pass.toString('base64')}` }),
    },
  });
}

/** The address alone: a URL may have a password in it. */
const proxyError = ({ host }: URL, why: string): Error =>
  Object.assign(new Error(`the proxy ${host} ${why}`), { code: 'EPROXY' });
