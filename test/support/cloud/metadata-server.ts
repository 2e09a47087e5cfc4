import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Ec2 } from './ec2.js';

/** AWS's notice that a spot instance is about to be ended. */
export interface Notice {
  readonly action: 'terminate' | 'stop' | 'hibernate';
  readonly time: string;
}

/** The part of the instance metadata service, version 2, that a watcher of spot notices asks. It listens on the address
 *  that this computer has in the cloud's network: a packet to the well-known link-local one would leave the machine. */
export class MetadataServer {
  readonly #notices = new Map<string, Notice>();

  private constructor(private readonly server: Server) {}

  static async start(ec2: Ec2, address: string): Promise<MetadataServer> {
    const server = createServer((asked, answered) => {
      const answer = (status: number, text = '') =>
        answered.writeHead(status, { 'content-type': 'text/plain' }).end(text);
      metadata
        .#answer(ec2, asked.socket.remoteAddress ?? '', asked.method ?? '', asked.url ?? '', asked.headers)
        .then(([status, text]) => answer(status, text))
        .catch(() => answer(500));
    });
    const metadata = new MetadataServer(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, address, resolve);
    });
    return metadata;
  }

  get url(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return `http://${address}:${port}`;
  }

  /** What an instance is told from now on. */
  announce(instance: string, notice: Notice): void {
    this.#notices.set(instance, notice);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #answer(
    ec2: Ec2,
    from: string,
    method: string,
    url: string,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): Promise<[status: number, text?: string]> {
    const instance = (await ec2.live()).find(({ address }) => address === from);
    if (!instance) return [404];
    const token = Buffer.from(instance.id).toString('base64');
    if (url === '/latest/api/token') {
      if (method !== 'PUT') return [405];
      return headers['x-aws-ec2-metadata-token-ttl-seconds'] ? [200, token] : [400];
    }
    if (headers['x-aws-ec2-metadata-token'] !== token) return [401];
    const notice = this.#notices.get(instance.id);
    const texts: Readonly<Record<string, string | undefined>> = {
      'instance-id': instance.id,
      'instance-type': instance.type,
      'instance-life-cycle': instance.isSpot ? 'spot' : 'on-demand',
      'ami-id': instance.image,
      'local-ipv4': instance.address,
      'spot/instance-action': notice && JSON.stringify(notice),
      'spot/termination-time': notice?.time,
    };
    const text = texts[url.replace('/latest/meta-data/', '')];
    return text === undefined ? [404] : [200, text];
  }
}
