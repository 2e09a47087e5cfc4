import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { survey } from '../../src/machines/survey.js';
import { command } from '../../src/shell/command.js';
import { Executor } from '../../src/shell/executor.js';
import { Journal } from '../../src/shell/journal.js';
import { sshConfig as ourConfig } from '../../src/tools/ssh/config-file.js';
import { askHostKeyBySsh, isKnownToSsh } from '../../src/tools/ssh/greeting.js';
import { askHostKey } from '../../src/tools/ssh/handshake.js';
import { findHostKeys, fingerprint, type HostKey } from '../../src/tools/ssh/known-hosts.js';
import { SshPool } from '../../src/tools/ssh/pool.js';
import { type Route, routeOf } from '../../src/tools/ssh/route.js';
import { NoSession } from '../../src/tools/ssh/unreachable.js';
import { isMissing } from '../support/engines.js';
import { scratchFolder } from '../support/repository.js';
import { makeKey, Sshd, sshConfig } from '../support/sshd.js';

describe.skipIf(isMissing('sshd'))('what ssh does and the library for reads does not', () => {
  const folder = scratchFolder();
  const executor = new Executor(new Journal(() => {}));
  const authority = join(folder, 'authority');
  const pools: SshPool[] = [];
  let plain: Sshd;
  /** It takes a post-quantum key exchange only. */
  let strict: Sshd;

  beforeAll(async () => {
    plain = await Sshd.start(join(folder, 'plain'));
    makeKey(authority);
    const key = join(folder, 'strict', 'host-key');
    mkdirSync(join(folder, 'strict'));
    makeKey(key);
    execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'host', '-h', '-n', '127.0.0.1', `${key}.pub`]);
    strict = await Sshd.start(join(folder, 'strict'), {
      more: { KexAlgorithms: 'sntrup761x25519-sha512@openssh.com', HostCertificate: `${key}-cert.pub` },
    });
  });
  afterEach(() => {
    for (const pool of pools.splice(0)) pool.close();
  });
  afterAll(async () => {
    await plain.stop();
    await strict.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const keyOf = (server: Sshd): HostKey => {
    const [type = '', key = ''] = server.hostKey.split(' ');
    return { type, key };
  };

  /** Asks for a word there, as a person has it set up. */
  async function ask(server: Sshd, changes: Partial<Route>, settings: Record<string, string> = {}) {
    const pool = new SshPool();
    pools.push(pool);
    const config = join(folder, `config-${Math.random()}`);
    writeFileSync(config, `${sshConfig('m', settings)}${readFileSync(server.configFor('m'), 'utf8')}`);
    const route = server.route('m', changes);
    return server.connection('m', pool, server.hostKey, { route, config }).query(command('echo', 'yes'));
  }

  /** An agent for the time of the work. @param keys that it holds, in that order */
  async function withAgent<T>(keys: readonly string[], work: (socket: string) => Promise<T>): Promise<T> {
    const socket = join(folder, `agent-${Math.random()}`);
    const said = execFileSync('ssh-agent', ['-a', socket]).toString();
    try {
      const env = { ...process.env, SSH_AUTH_SOCK: socket };
      for (const key of keys) execFileSync('ssh-add', ['-q', key], { env, stdio: 'pipe' });
      return await work(socket);
    } finally {
      process.kill(Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1]));
    }
  }

  it('M6: an agent that has gone keeps no key in a file from being tried', async () => {
    const agent = join(folder, 'gone', 'agent.1');
    expect(await ask(plain, { agent, identitiesOnly: false })).toMatchObject({ stdout: 'yes\n' });
  });

  it('M6: an agent with more keys than a server hears', async () => {
    const others = Array.from({ length: 7 }, (_, n) => join(folder, `other-${n}`));
    for (const other of others) makeKey(other);
    const key = join(plain.folder, 'key');
    chmodSync(key, 0o600);
    const answer = await withAgent([...others, key], (agent) =>
      ask(plain, { agent, identitiesOnly: false, identityFiles: [key] }, { IdentityAgent: agent }),
    );
    expect(answer).toMatchObject({ stdout: 'yes\n' });
    expect(plain.log).toContain('Too many authentication failures');
  });

  it('M6: an IdentityFile that is a folder, a FIFO or not ours to read', async () => {
    const [odd, fifo] = [join(folder, 'odd'), join(folder, 'fifo')];
    mkdirSync(odd);
    execFileSync('mkfifo', [fifo]);
    const identityFiles = [odd, fifo, join(odd, 'none'), join(plain.folder, 'key')];
    expect(await ask(plain, { identityFiles })).toMatchObject({ code: 0, stdout: 'yes\n' });
  });

  it('M6: a key exchange that the library has not, also at the first contact', async () => {
    expect(await ask(strict, {})).toMatchObject({ stdout: 'yes\n' });
    const route = strict.route('m');
    await expect(askHostKey('m', route, [])).rejects.toThrow(NoSession);
    const config = strict.configFor('m');
    const before = strict.log.length;
    expect(await askHostKeyBySsh(executor, 'm', route, ['ssh-ed25519'], 'm', null, config)).toEqual(
      keyOf(strict),
    );
    // No key of the person's was offered.
    expect(strict.log.slice(before)).not.toMatch(/publickey|Starting session/);
  });

  it('M6: a server that takes one command at a time on a connection', async () => {
    const single = await Sshd.start(join(folder, 'single'), { more: { MaxSessions: 1 } });
    try {
      const pool = new SshPool();
      pools.push(pool);
      const connection = single.connection('m', pool);
      const all = await Promise.all([1, 2, 3, 4].map((n) => connection.query(command('echo', `${n}`))));
      expect(all.map(({ stdout }) => stdout)).toEqual(['1\n', '2\n', '3\n', '4\n']);
    } finally {
      await single.stop();
    }
  });

  it('M6: settings that only ssh heeds, such as the address to come from', async () => {
    const config = join(folder, 'bound');
    const caller = { home: folder, env: {}, config };
    writeFileSync(config, sshConfig('m', { HostName: '127.0.0.1', BindAddress: '127.0.0.1' }));
    expect(await routeOf(executor, 'm', null, caller)).toMatchObject({ needsSsh: true });
    writeFileSync(config, sshConfig('m', { HostName: '127.0.0.1' }));
    expect(await routeOf(executor, 'm', null, caller)).toMatchObject({ needsSsh: false });
    const [before, answer] = [plain.log.length, await ask(plain, { needsSsh: true })];
    expect(answer).toMatchObject({ stdout: 'yes\n' });
    expect(plain.log.slice(before)).toContain('Starting session');
  });

  it('M6: what ssh cannot do either is said in its words', async () => {
    const why = /^m cannot be reached: Unable to negotiate with \S+ port \d+: no matching cipher found/;
    const told = ask(strict, {}, { Ciphers: '3des-cbc' });
    await expect(told).rejects.toThrow(why);
  });

  it('M17: is asked by a new connection once Docker has refused the user, who may be let in meanwhile', async () => {
    const [config, route] = [join(folder, 'shared'), plain.route('m', { needsSsh: true })];
    const knownHosts = join(folder, 'shared-known');
    const machine = { name: 'm', aliases: [], route };
    writeFileSync(knownHosts, `m ${plain.hostKey}`);
    writeFileSync(
      config,
      ourConfig([machine], { config, knownHosts, sockets: folder, includes: [], key: null }),
    );
    const docker = join(folder, 'docker');
    writeFileSync(docker, '#!/bin/sh\necho permission denied >&2; exit 1\n', { mode: 0o755 });
    const connection = plain.connection('m', new SshPool(), plain.hostKey, { route, config });
    const script = readFileSync(new URL('../../templates/machine/survey.sh', import.meta.url), 'utf8');
    const logins = () => plain.log.match(/Accepted publickey/g)?.length ?? 0;
    const before = logins();
    for (const login of [1, 2]) {
      const found = await survey(connection, script, [docker], () => new Date());
      expect([found.refused, logins() - before]).toEqual(['permission denied', login]);
    }
  });

  describe('M17: takes the host key for the machine’s', () => {
    const known = (server: Sshd, lines: Record<string, string>, key = keyOf(server)) => {
      const config = join(folder, `knows-${Math.random()}`);
      const { address: HostName, port: Port } = server;
      writeFileSync(config, sshConfig('m', { HostName, Port, GlobalKnownHostsFile: 'none', ...lines }));
      return isKnownToSsh(executor, server.route('m'), key, 'm', null, config);
    };

    it('M17: by a KnownHostsCommand', async () => {
      const program = join(folder, 'knows');
      const saying = (key: string) => {
        writeFileSync(program, `#!/bin/sh\necho "$1 ${key}"\n`, { mode: 0o755 });
        return known(plain, { UserKnownHostsFile: 'none', KnownHostsCommand: `${program} %H` });
      };
      expect(await saying(plain.hostKey.trim())).toBe(true);
      expect(await saying(strict.hostKey.trim())).toBe(false);
      const config = join(folder, 'asks');
      writeFileSync(config, sshConfig('m', { KnownHostsCommand: `${program} %H` }));
      const route = await routeOf(executor, 'm', null, { home: folder, env: {}, config });
      expect(route.asksForKeys).toBe(true);
    });

    it('by files whose paths have blanks', async () => {
      const [file, other] = [join(folder, 'with a blank', 'known hosts'), join(folder, 'other')];
      mkdirSync(join(folder, 'with a blank'));
      const { address, port } = plain;
      writeFileSync(file, `[${address}]:${port} ${plain.hostKey}`);
      const lines = { HostName: address, Port: port, UserKnownHostsFile: `"${file}" ${other}` };
      const config = join(folder, 'with-blanks');
      writeFileSync(config, sshConfig('m', { ...lines, GlobalKnownHostsFile: `"${file}"` }));
      const route = await routeOf(executor, 'm', null, { home: folder, env: {}, config });
      expect(route.knownHosts).toEqual([file, other, file]);
      const { good, files } = await findHostKeys(executor, route.knownAs, route.knownHosts);
      expect(good).toEqual([keyOf(plain), keyOf(plain)].map((key) => ({ ...key, key: key.key.trim() })));
      expect(files).toEqual([file, file]);
    });

    it('M17: by its certificate, and no key that was shown in another connection', async () => {
      const file = join(folder, 'authorities');
      writeFileSync(file, `@cert-authority * ${readFileSync(`${authority}.pub`, 'utf8')}`);
      const lines = { UserKnownHostsFile: file, HostKeyAlias: '127.0.0.1' };
      expect(await known(strict, lines)).toBe(true);
      expect(fingerprint(keyOf(plain))).not.toBe(fingerprint(keyOf(strict)));
      expect(await known(strict, lines, keyOf(plain))).toBe(false);
      expect(await known(plain, lines)).toBe(false);
    });
  });
});
