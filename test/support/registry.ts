import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

interface Blob {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

const docker = 'application/vnd.docker';
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A registry on this computer, with one image of the engine in it, that answers as much as `docker pull` asks: by
 *  version 2 of its protocol, over plain HTTP, which engines take from 127.0.0.1. */
export class Registry {
  readonly #blobs = new Map<string, Blob>();
  #server: Server | null = null;

  /** @param port where it listens while it is up. @param name what it calls the image. @param image as the engine knows
   * it */
  constructor(
    readonly port: number,
    readonly name: string,
    image: string,
  ) {
    const folder = mkdtempSync(join(tmpdir(), 'logistician-registry-'));
    try {
      mkdirSync(join(folder, 'saved'));
      execFileSync('docker', ['save', '--output', join(folder, 'image.tar'), image]);
      execFileSync('tar', ['-xf', join(folder, 'image.tar'), '-C', join(folder, 'saved')]);
      this.#take(join(folder, 'saved'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** What `docker pull` calls the image. */
  get image(): string {
    return `127.0.0.1:${this.port}/${this.name}`;
  }

  async up(): Promise<void> {
    const server = createServer(({ url = '', method }, response) => {
      const [, name, what = ''] = /^\/v2\/(.*)\/(?:manifests|blobs)\/(.+)$/.exec(url) ?? [];
      const blob = name === this.name ? this.#blobs.get(what) : undefined;
      if (url !== '/v2/' && !blob) return response.writeHead(404).end();
      response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
      if (blob) {
        response.setHeader('Content-Type', blob.mediaType);
        response.setHeader('Docker-Content-Digest', digestOf(blob.bytes));
        response.setHeader('Content-Length', blob.bytes.length);
      }
      return response.writeHead(200).end(method === 'HEAD' ? undefined : blob?.bytes);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
  }

  down(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  #take(saved: string): void {
    const [image] = JSON.parse(readFileSync(join(saved, 'manifest.json'), 'utf8'));
    const add = (mediaType: string, bytes: Buffer) => {
      const digest = digestOf(bytes);
      this.#blobs.set(digest, { mediaType, bytes });
      return { mediaType, size: bytes.length, digest };
    };
    const config = add(`${docker}.container.image.v1+json`, readFileSync(join(saved, image.Config)));
    const layers = image.Layers.map((layer: string) =>
      add(`${docker}.image.rootfs.diff.tar.gzip`, gzipSync(readFileSync(join(saved, layer)), { level: 1 })),
    );
    const mediaType = `${docker}.distribution.manifest.v2+json`;
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
    add(mediaType, manifest);
    this.#blobs.set('latest', { mediaType, bytes: manifest });
  }
}
