import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut } from '../support/engines.js';
import { footprint, holdingOn, onHosts, well, writeSshConfig } from '../support/hosts.js';
import { Fleet, type LabMachine } from '../support/machines.js';
import type { TestProject } from '../support/project.js';
import { scratchFolder } from '../support/repository.js';
import { makeKey, sshConfig } from '../support/sshd.js';
import { Terminal } from '../support/terminal.js';

describe.skipIf(isLeftOut('docker', 'git', 'sshd', 'root'))('the way to machines', () => {
  let fleet: Fleet;
  let near: LabMachine;
  let far: LabMachine;
  let folder: string;
  const projects: TestProject[] = [];

  beforeAll(async () => {
    folder = scratchFolder();
    fleet = await Fleet.start({ near: {}, far: {} });
    [near, far] = [fleet.get('near'), fleet.get('far')];
    // As in most offices: from the one the other is reached, and not from here.
    await near.exec('echo "AllowTcpForwarding yes" >>/etc/ssh/sshd_config');
    await near.killSshd();
    await far.exec(`iptables -w -A INPUT -p tcp --dport 22 ! -s ${near.address} -j REJECT`);
  });
  afterEach(async () => {
    for (const project of projects.splice(0)) await project.remove();
  });
  afterAll(async () => {
    await fleet?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const made = (...hosts: unknown[]): TestProject => {
    const parameters = { hosts, experiment_conditions: ['--lr 1'] };
    const project = onHosts(fleet, { parameters });
    projects.push(project);
    return project;
  };

  /** Deploys, runs, collects and ends; says where it ran. */
  async function deploys(project: TestProject, words: string[] = [], env: NodeJS.ProcessEnv = {}) {
    await well(project, ['deploy', '--yes', '--wait', ...words], { env });
    const { id, machine, state } = project.receipt();
    expect(state).toBe('succeeded');
    expect(project.readRun(id, 'data', 'results', 'rate.txt')).toBe('1\n');
    await project.ok(['terminate', '--yes'], { env });
    return machine.name;
  }

  const settings = (machine: LabMachine, more: Readonly<Record<string, string>> = {}) => ({
    HostName: machine.address,
    User: machine.user,
    IdentityFile: fleet.key,
    IdentitiesOnly: 'yes',
    UserKnownHostsFile: fleet.knownHosts,
    ...more,
  });

  it('--hosts, with user and address, goes before parameters.json', async () => {
    const project = made('nowhere');
    writeSshConfig(
      project,
      `IdentityFile ${fleet.key}\nIdentitiesOnly yes\nUserKnownHostsFile ${fleet.knownHosts}\n`,
    );
    const address = `ada@${near.address}:22`;
    expect(await deploys(project, ['--hosts', address])).toBe(near.address);
    const refused = await project.cli(['deploy', '--hosts', 'ada@near,-oProxyCommand=x']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('"-oProxyCommand=x" is not one');
  });

  it('a jump that parameters.json names', async () => {
    expect(await deploys(made({ address: 'far', jump: 'near', slots: 1, gpus: [] }))).toBe('far');
  });

  it('a ProxyJump in a file that ~/.ssh/config includes', async () => {
    const project = made('far');
    mkdirSync(join(project.home, '.ssh', 'config.d'));
    writeFileSync(
      join(project.home, '.ssh', 'config.d', 'lab machines'),
      `${sshConfig('far', settings(far, { ProxyJump: 'near' }))}\n${sshConfig('near', settings(near))}`,
    );
    writeSshConfig(project, `Include "${join(project.home, '.ssh', 'config.d')}/*"\n`);
    expect(await deploys(project)).toBe('far');
    const { stdout } = await well(project, ['doctor', '--hosts', 'far']);
    expect(stdout).toMatch(/^ok +far +Docker \S+, .* user ada$/m);
  });

  it('a key that only an agent has', async () => {
    const project = made('near');
    const socket = join(folder, 'agent');
    const key = join(folder, 'agent-key');
    copyFileSync(fleet.key, key);
    chmodSync(key, 0o600);
    const said = execFileSync('ssh-agent', ['-a', socket]).toString();
    const env = { SSH_AUTH_SOCK: socket };
    try {
      execFileSync('ssh-add', ['-q', key], { env: { ...process.env, ...env }, stdio: 'pipe' });
      rmSync(key);
      const { IdentityFile: _, IdentitiesOnly: __, ...rest } = settings(near);
      writeSshConfig(project, sshConfig('near', rest));
      expect(await deploys(project, [], env)).toBe('near');
      // The public half says which of its keys it is.
      writeSshConfig(
        project,
        sshConfig('near', { ...rest, IdentityFile: `${fleet.key}.pub`, IdentitiesOnly: 'yes' }),
      );
      project.setParameters({
        target: 'hosts',
        hosts: ['near'],
        experiment_conditions: ['--lr 1', 'again'],
      });
      expect(await deploys(project, ['--force', '--only', 'lr-1'], env)).toBe('near');
    } finally {
      process.kill(Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1]));
    }
  });

  it('a certificate', async () => {
    const [authority, key] = [join(folder, 'authority'), join(folder, 'certified')];
    makeKey(authority);
    makeKey(key);
    execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'ada', '-n', 'ada', `${key}.pub`]);
    await near.exec(
      `cat >/etc/ssh/authority; grep -q authority /etc/ssh/sshd_config || echo 'TrustedUserCAKeys /etc/ssh/authority' >>/etc/ssh/sshd_config`,
      readFileSync(`${authority}.pub`, 'utf8'),
    );
    await near.killSshd();
    const project = made('near');
    const certificate = `${key}-elsewhere.pub`;
    copyFileSync(`${key}-cert.pub`, certificate);
    rmSync(`${key}-cert.pub`);
    writeSshConfig(
      project,
      sshConfig('near', settings(near, { IdentityFile: key, CertificateFile: certificate })),
    );
    expect(await deploys(project)).toBe('near');
  });

  describe('M1: is asked for again by each command', () => {
    /** All verbs, where another way leads there now than when it was deployed. */
    async function bearsAnother(
      project: TestProject,
      before: NodeJS.ProcessEnv,
      change: () => NodeJS.ProcessEnv,
    ) {
      const hosts = [{ address: 'near', slots: 1 }];
      project.setParameters({ target: 'hosts', hosts, experiment_conditions: ['--lr 1', '--hold 2'] });
      await well(project, ['deploy', '--yes'], { env: before });
      const held = await holdingOn(near, project, 'hold-2');
      const env = change();
      const { conditions: rows, unreachable } = await project.json(['status'], { env });
      expect(unreachable).toEqual([]);
      expect(rows.map(({ state }) => state)).toEqual(['succeeded', 'running']);
      expect(await project.ok(['logs', 'hold-2'], { env })).toBe('holding 2\n');
      await well(project, ['sync'], { env });
      expect(project.readRun(project.runs[0], 'data', 'results', 'rate.txt')).toBe('1\n');
      expect((await well(project, ['ssh', 'lr-1', '--', 'uname', '-n'], { env })).stdout).toBe('near\n');
      await well(project, ['terminate', '--yes', '--grace', '5'], { env });
      expect(project.receipt(held)).toMatchObject({ state: 'stopped', collected: expect.any(String) });
      expect(await near.exec('docker ps --all --quiet')).toBe('');
    }

    it('M1: another agent, as after the next login', async () => {
      const project = made('near');
      const key = join(folder, 'key-of-agents');
      copyFileSync(fleet.key, key);
      chmodSync(key, 0o600);
      const agents: { socket: string; pid: number }[] = [];
      const login = (name: string) => {
        const socket = join(folder, name);
        const said = execFileSync('ssh-agent', ['-a', socket]).toString();
        agents.push({ socket, pid: Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1]) });
        const env = { SSH_AUTH_SOCK: socket };
        execFileSync('ssh-add', ['-q', key], { env: { ...process.env, ...env }, stdio: 'pipe' });
        return env;
      };
      const logout = () => {
        const agent = agents.pop();
        if (agent) process.kill(agent.pid);
      };
      const { IdentityFile: _, IdentitiesOnly: __, ...rest } = settings(near);
      writeSshConfig(project, sshConfig('near', rest));
      try {
        await bearsAnother(project, login('agent-1'), () => {
          logout();
          return login('agent-2');
        });
      } finally {
        logout();
        rmSync(key);
      }
    });

    it('M1: another key, as the user’s configuration names it now', async () => {
      const project = made('near');
      const [before, after] = [join(folder, 'key-before'), join(folder, 'key-after')];
      copyFileSync(fleet.key, before);
      chmodSync(before, 0o600);
      writeSshConfig(project, sshConfig('near', settings(near, { IdentityFile: before })));
      await bearsAnother(project, {}, () => {
        // What ssh said is kept for later commands.
        expect(readFileSync(join(project.stateFolder, 'routes.json'), 'utf8')).toContain(before);
        renameSync(before, after);
        writeSshConfig(project, sshConfig('near', settings(near, { IdentityFile: after })));
        return {};
      });
      // The lines that it prints have it, too.
      const lines = readFileSync(join(project.stateFolder, 'ssh_config'), 'utf8');
      expect(lines).toContain(after);
      expect(lines).not.toContain(before);
      rmSync(after);
    });

    it('M1: another way by Match exec, as in another network', async () => {
      const project = made('near');
      const moved = join(project.scratch, 'moved');
      // Now through the other machine, then straight there, and then there is nothing where it was.
      writeSshConfig(
        project,
        [
          `Match originalhost near exec "test ! -e ${moved}"\n  ProxyJump gate`,
          sshConfig('near', settings(near)),
          `Match originalhost gate exec "test -e ${moved}"\n  HostName nowhere.invalid`,
          sshConfig('gate', settings(far)),
        ].join('\n'),
      );
      await far.exec(`iptables -w -D INPUT -p tcp --dport 22 ! -s ${near.address} -j REJECT
        echo "AllowTcpForwarding yes" >>/etc/ssh/sshd_config`);
      await far.killSshd();
      try {
        await bearsAnother(project, {}, () => {
          writeFileSync(moved, '');
          return {};
        });
      } finally {
        await far.exec(`iptables -w -A INPUT -p tcp --dport 22 ! -s ${near.address} -j REJECT`);
      }
    });
  });

  describe('to an unknown one', () => {
    const unknown = (): TestProject => {
      const project = made('near');
      const known = join(project.home, '.ssh', 'known_hosts');
      writeSshConfig(project, sshConfig('near', settings(near, { UserKnownHostsFile: known })));
      return project;
    };
    const fingerprint = () =>
      execFileSync('ssh-keygen', ['-l', '-f', join(near.folder, 'host-key.pub')])
        .toString()
        .split(' ')[1] ?? '';

    it('is refused without a terminal, and said how to be opened', async () => {
      const project = unknown();
      const before = await footprint(near);
      const { code, stderr } = await project.cli(['deploy', '--yes']);
      expect(code).toBe(1);
      expect(stderr).toContain(fingerprint());
      expect(stderr).toMatch(/^ +ssh .*near true {4}# to see its key and accept it$/m);
      expect(stderr).toContain('logistician deploy --yes --accept-new-host-keys');
      expect(await footprint(near)).toEqual(before);
      expect(project.runs).toEqual([]);
      expect(existsSync(join(project.experiment, '.logistician', 'known_hosts'))).toBe(false);
    });

    it('is taken with --accept-new-host-keys, and held to its key from then on', async () => {
      const project = unknown();
      expect(await deploys(project, ['--accept-new-host-keys'])).toBe('near');
      expect(readFileSync(join(project.experiment, '.logistician', 'known_hosts'), 'utf8')).toBe(
        `near ${near.hostKey.split(' ').slice(0, 2).join(' ')}\n`,
      );
    });

    it('is asked about at a terminal', async () => {
      const project = unknown();
      for (const [answer, outcome] of [
        ['n', 'Nothing was sent to it'],
        ['y', '1 succeeded'],
      ] as const) {
        const terminal = Terminal.logistician(
          project,
          ['deploy', '--yes', '--wait'],
          project.experiment,
          {},
          200,
        );
        await terminal.shows(`Its ssh-ed25519 host key is ${fingerprint()}. Is that right?`);
        terminal.enter(answer);
        await terminal.shows(outcome);
        expect(await terminal.ended).toBe(answer === 'y' ? 0 : 1);
      }
    });
  });
});
