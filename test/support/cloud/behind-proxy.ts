import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { scratchFolder } from '../repository.js';

/** The test cloud as it is reached behind a proxy: by AWS's own names and by TLS, and by no other way. */
export class BehindProxy {
  /** What was asked for, such as `ec2.us-east-1.amazonaws.com:443`. */
  readonly targets: string[] = [];
  /** The caller's, as the service for it answers. */
  address = '203.0.113.9';
  /** What the proxy answers in place of a connection. */
  refusal: string | null = null;
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly servers: readonly Server[],
    /** The one who signs for those names. */
    readonly certificate: string,
    private readonly port: number,
  ) {}

  /** @param url of the cloud's API */
  static async start(url: string): Promise<BehindProxy> {
    const folder = scratchFolder();
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const names = ['*.amazonaws.com', '*.us-east-1.amazonaws.com', '*.eu-central-1.amazonaws.com']
      .map((name) => `DNS:${name}`)
      .join(',');
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
        ...['-subj', '/CN=AWS of a test', '-addext', `subjectAltName=${names}`],
        ...['-keyout', key, '-out', certificate],
      ],
      { stdio: 'ignore' },
    );
    const pair = { key: readFileSync(key), cert: readFileSync(certificate) };
    const aws = createTlsServer(pair, (asked, answered) => {
      if (asked.headers.host === 'checkip.amazonaws.com') answered.end(`${made.address}\n`);
      else forward(url, asked, answered);
    });
    const proxy = createServer((_, answered) => answered.writeHead(501).end());
    const [behind, port] = [await listening(aws), await listening(proxy)];
    const made = new BehindProxy([proxy, aws], certificate, port);
    proxy.on('connect', ({ url: target = '', headers }, socket: Socket) => {
      made.targets.push(target);
      const isKnown = headers['proxy-authorization'] === `Basic ${btoa('me:a word')}`;
      const refusal = made.refusal ?? (isKnown ? null : '407 Proxy Authentication Required');
      if (refusal !== null) return socket.end(`HTTP/1.1 ${refusal}\r\nContent-Length: 0\r\n\r\n`);
      const onward = connect(behind, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      for (const one of [socket, onward]) {
        made.#sockets.add(one);
        one.on('error', () => one.destroy());
      }
    });
    return made;
  }

  /** What programs need in their environment. */
  get env(): NodeJS.ProcessEnv {
    return {
      AWS_ENDPOINT_URL: undefined,
      HTTPS_PROXY: `http://me:a%20word@127.0.0.1:${this.port}`,
      NO_PROXY: undefined,
      AWS_CA_BUNDLE: this.certificate,
    };
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function forward(url: string, asked: IncomingMessage, answered: ServerResponse): void {
  const { method, headers, url: path } = asked;
  const onward = request(`${url}${path}`, { method, headers }, (answer) => {
    answered.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(answered);
  });
  onward.on('error', () => answered.destroy());
  asked.pipe(onward);
}
