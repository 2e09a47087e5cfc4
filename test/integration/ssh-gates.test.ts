import { rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { command } from '../../src/shell/command.js';
import { Executor } from '../../src/shell/executor.js';
import { Journal } from '../../src/shell/journal.js';
import { type NamedRoute, sshConfig as ourConfig } from '../../src/tools/ssh/config-file.js';
import { askHostKey } from '../../src/tools/ssh/handshake.js';
import { throughSsh } from '../../src/tools/ssh/lines.js';
import { SshPool } from '../../src/tools/ssh/pool.js';
import { isMissing } from '../support/engines.js';
import { scratchFolder } from '../support/repository.js';
import { Sshd, sshConfig } from '../support/sshd.js';

describe.skipIf(isMissing('sshd', 'bash'))('gates before machines', () => {
  const folder = scratchFolder();
  const executor = new Executor(new Journal(() => {}));
  const servers: Sshd[] = [];
  const pools: SshPool[] = [];
  const shared: [config: string, machine: string][] = [];

  afterEach(async () => {
    for (const pool of pools.splice(0)) pool.close();
    for (const [config, machine] of shared.splice(0))
      await executor.attempt(command('ssh', '-F', config, '-O', 'exit', machine));
    for (const server of servers.splice(0)) await server.stop();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const start = async (...given: Parameters<typeof Sshd.start>): Promise<Sshd> => {
    const server = await Sshd.start(...given);
    servers.push(server);
    return server;
  };

  /** Writes the ssh_config of a deployment that knows these machines, as the one server each. @returns its path */
  function deployed(
    name: string,
    machines: readonly (NamedRoute & { server: Sshd })[],
    includes: string[] = [],
  ): string {
    const [config, knownHosts] = [join(folder, `${name}-config`), join(folder, `${name}-known`)];
    writeFileSync(knownHosts, machines.map(({ name, server }) => `${name} ${server.hostKey}`).join(''));
    writeFileSync(config, ourConfig(machines, { config, knownHosts, sockets: folder, includes, key: null }));
    for (const machine of machines) shared.push([config, machine.name]);
    return config;
  }

  it('M2: lead to two machines of one address, and to each its own lines', async () => {
    const homes = ['/tmp', '/usr'];
    const machines = await Promise.all(
      homes.map(async (home, place) => {
        const name = `node${place + 1}`;
        const server = await start(join(folder, name), { home });
        // Each gate reaches another machine at what is the same address from there.
        const proxyCommand = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${server.port}; cat <&3 & exec cat >&3'`;
        const route = server.route(name, { host: '10.0.0.5', port: 22, proxyCommand });
        return { name, aliases: [], route, server };
      }),
    );
    const config = deployed('one-address', machines);
    const homeOf = async ({ name }: NamedRoute) =>
      (await executor.change(throughSsh(config, name, command('printenv', 'HOME')))).stdout.trim();
    for (const again of [1, 2])
      for (const [place, machine] of machines.entries())
        expect([again, await homeOf(machine)]).toEqual([again, homes[place]]);
  });

  it('M13: know machines by the name that was typed', async () => {
    const server = await start(join(folder, 'typed'));
    const gate = join(folder, 'gate');
    writeFileSync(
      gate,
      `#!/bin/bash
[ "$1 $2" = "gpu1.lab 22" ] || { echo "gate: no machine $*" >&2; exit 1; }
exec 3<>/dev/tcp/127.0.0.1/${server.port}; cat <&3 & exec cat >&3
`,
      { mode: 0o755 },
    );
    const route = server.route('ada-gpu1', {
      typed: 'gpu1.lab',
      host: 'somewhere.invalid',
      port: 22,
      proxyCommand: `${gate} %n %p`,
    });
    const config = deployed('typed', [{ name: 'ada-gpu1', aliases: [], route, server }]);
    const pool = new SshPool();
    pools.push(pool);
    const connection = server.connection('ada-gpu1', pool, server.hostKey, { route, config });
    expect(await connection.query(command('echo', 'by session'))).toMatchObject({ stdout: 'by session\n' });
    expect((await executor.change(connection.reach(command('echo', 'by ssh')))).stdout).toBe('by ssh\n');
  });

  describe('M8: that hears few callers at a time', () => {
    const many = Array.from({ length: 12 }, (_, n) => `m${n}`);

    /** Many machines behind a gate that turns the fourth away who has not said yet who he is. */
    async function behindGate() {
      const own = join(folder, String(servers.length), `${Math.random()}`);
      const gate = await start(join(own, 'gate'), {
        more: { MaxStartups: '3:100:3', AllowTcpForwarding: 'yes', MaxSessions: '100' },
      });
      const machine = await start(join(own, 'machine'));
      const users = join(folder, 'users-config');
      writeFileSync(
        users,
        sshConfig('gate', {
          HostName: gate.address,
          Port: gate.port,
          User: userInfo().username,
          IdentityFile: join(gate.folder, 'key'),
          UserKnownHostsFile: join(gate.folder, 'known_hosts-gate'),
        }),
      );
      gate.configFor('gate');
      const routes = many.map((name) => ({
        name,
        aliases: [],
        server: machine,
        route: machine.route(name, { jump: 'gate', config: users }),
      }));
      const config = deployed('many', routes, [users]);
      shared.push([config, 'gate']);
      return { gate, machine, routes, config };
    }

    it('all are reached, by sessions, at the first look and by printed lines', async () => {
      const { gate, machine, routes, config } = await behindGate();
      const keys = await Promise.all(routes.map(({ name, route }) => askHostKey(name, route, [])));
      expect(new Set(keys.map(({ key }) => key))).toEqual(new Set([machine.hostKey.split(' ')[1]]));

      const pool = new SshPool();
      pools.push(pool);
      const connections = routes.map(({ name, route }) =>
        machine.connection(name, pool, machine.hostKey, { route, config }),
      );
      const answers = await Promise.all(connections.map((one) => one.query(command('echo', 'yes'))));
      expect(answers.map(({ stdout }) => stdout)).toEqual(many.map(() => 'yes\n'));

      await Promise.all(
        connections.map(async (one) => {
          await one.ready();
          await executor.change(one.reach(command('true')));
        }),
      );
      const connectionsBefore = (gate.log.match(/Connection from/g) ?? []).length;
      await Promise.all(connections.map((one) => one.ready()));
      expect((gate.log.match(/Connection from/g) ?? []).length).toBe(connectionsBefore);
    });

    it('what it says is said when it refuses all', async () => {
      const { machine, routes } = await behindGate();
      const [{ name, route }] = routes as [(typeof routes)[number]];
      const to = (changes: object) =>
        machine.connection(name, new SshPool(), machine.hostKey, { route: { ...route, ...changes } });
      await expect(to({ jump: 'no-such-gate.invalid' }).query(command('true'))).rejects.toThrow(
        /^m0 cannot be reached through no-such-gate.invalid: .*Could not resolve hostname/,
      );
      const proxyCommand = `sh -c 'echo "gate: ask for m" >&2; exit 1'`;
      await expect(to({ jump: null, proxyCommand }).query(command('true'))).rejects.toThrow(
        `m0 cannot be reached through ${proxyCommand}: gate: ask for m.`,
      );
    });
  });
});
