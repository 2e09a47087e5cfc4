import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../../src/shell/command.js';
import { SshPool } from '../../src/tools/ssh/pool.js';
import { isMissing } from '../support/engines.js';
import { scratchFolder } from '../support/repository.js';
import { Sshd } from '../support/sshd.js';

/** Milliseconds for which the way below holds back what the server says. */
let hold = 0;

/** A way to the server on which what it says comes in lumps, as from a computer that has much else to do. */
function lumps(to: Sshd): Promise<{ server: Server; port: number }> {
  const server = createServer((here) => {
    const there = connect(to.port, to.address);
    let held: Buffer[] = [];
    there.on('data', (chunk) => {
      if (held.push(chunk) === 1)
        setTimeout(() => {
          here.write(Buffer.concat(held));
          held = [];
        }, hold);
    });
    here.pipe(there);
    for (const [one, other] of [
      [here, there],
      [there, here],
    ] as const)
      one.on('close', () => other.destroy()).on('error', () => other.destroy());
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve({ server, port: typeof address === 'object' && address ? address.port : 0 });
    });
  });
}

describe.skipIf(isMissing('sshd'))('a command that ends at once', () => {
  const folder = scratchFolder();
  const pool = new SshPool();
  let sshd: Sshd;
  let way: Awaited<ReturnType<typeof lumps>>;

  beforeAll(async () => {
    sshd = await Sshd.start(join(folder, 'sshd'));
    way = await lumps(sshd);
  });
  afterAll(async () => {
    pool.close();
    way.server.close();
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is no lost connection where its exit code comes with the answer to the request', async () => {
    const route = { ...sshd.route('gpu2'), port: way.port };
    const gpu2 = sshd.connection('gpu2', pool, sshd.hostKey, { route });
    expect(await gpu2.query(command('true'))).toMatchObject({ code: 0 });
    hold = 2000;
    for (const [text, code, stdout] of [
      ['exit 7', 7, ''],
      ['echo yes', 0, 'yes\n'],
      ['kill -9 $$', 143, ''],
    ] as const)
      expect(await gpu2.query(command('sh', '-c', text))).toMatchObject({ code, stdout });
  });
});
