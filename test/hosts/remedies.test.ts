import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut } from '../support/engines.js';
import { holdingOn, jobsOn, onHosts, writeSshConfig } from '../support/hosts.js';
import { Fleet, type LabMachine } from '../support/machines.js';
import type { TestProject } from '../support/project.js';
import { executedOnMachines } from '../support/remedies.js';
import { binOf, paste, type Refusal, refusedBy } from '../support/remedy.js';
import { makeKey, sshConfig, sshProgram } from '../support/sshd.js';
import { Terminal } from '../support/terminal.js';

const dry = ['deploy', '--dry-run'];

describe.skipIf(isLeftOut('docker', 'git', 'sshd', 'root'))(
  'N6: what is proposed about a machine is taken in its state',
  () => {
    let fleet: Fleet;
    let near: LabMachine;
    let project: TestProject;
    let known: string;
    let temporary: string;
    let at: { cwd: string; env: NodeJS.ProcessEnv };

    beforeAll(async () => {
      fleet = await Fleet.start({ near: {} });
      near = fleet.get('near');
      project = onHosts(fleet, { parameters: { experiment_conditions: ['--lr 1', '--hold a'] } });
      known = join(project.home, 'known_hosts');
      const settings = {
        HostName: near.address,
        User: near.user,
        IdentityFile: fleet.key,
        IdentitiesOnly: 'yes',
        UserKnownHostsFile: known,
      };
      writeSshConfig(project, sshConfig('near', settings));
      const bin = binOf(project);
      // What the person pastes is by the same configuration.
      const ssh = sshProgram(join(project.scratch, 'ssh'), join(project.home, '.ssh', 'config'));
      // Its folder of sockets is opened to others here.
      temporary = mkdtempSync('/tmp/remedies-');
      const env = { ...project.env, PATH: `${ssh}:${bin}:${project.env.PATH}`, TMPDIR: temporary };
      at = { cwd: project.experiment, env };
      knows(near.hostKey);
    });
    afterAll(async () => {
      await project?.remove();
      await fleet?.remove();
      rmSync(temporary, { recursive: true, force: true });
    });

    const knows = (...keys: readonly string[]) =>
      writeFileSync(known, keys.map((key) => `${near.address} ${key}`).join(''));
    const stranger = () => {
      const key = join(mkdtempSync(join(project.scratch, 'stranger-')), 'key');
      makeKey(key);
      return readFileSync(`${key}.pub`, 'utf8');
    };
    const refused = async (...words: string[]): Promise<Refusal> => {
      const found = await refusedBy(project, words, at);
      expect(found, `${words.join(' ')} is refused`).not.toBe(null);
      return found as Refusal;
    };
    const taken = async (...words: string[]) => expect(await refusedBy(project, words, at)).toBe(null);
    const deploys = async () => {
      await project.ok(['deploy', '--yes', '--force'], at);
      return holdingOn(near, project, 'hold-a');
    };
    const stopAnswering = () => near.exec('iptables -w -A INPUT -i eth0 -p tcp --dport 22 -j REJECT');
    const answer = () => near.exec('iptables -w -F INPUT');

    it('NoHosts: they are named', async () => {
      project.setParameters({ experiment_conditions: ['1'] });
      const { name, suggestions } = await refused(...dry, '--target', 'hosts');
      expect([name, suggestions.length]).toEqual(['NoHosts', 2]);
      const [inFile = '', asFlag = ''] = suggestions;
      await paste(asFlag.replace('user@gpu1,user@gpu2:2222', 'near'), at);
      const key = inFile.replace(/ {4}#.*/, '').replace('"user@gpu1", "user@gpu2:2222"', '"near"');
      project.setParameters({ ...(JSON.parse(`{${key}}`) as object), experiment_conditions: ['1'] });
      await taken(...dry, '--target', 'hosts');
      project.repository.git('checkout', '--quiet', '--', '.');
    });

    it('UnknownHostKey: it is looked at and accepted by ssh, or by deploy', async () => {
      knows();
      const { suggestions } = await refused(...dry);
      expect(suggestions).toHaveLength(3);
      const [bySsh = '', byDeploy = ''] = suggestions;
      await paste(byDeploy, at);
      const terminal = new Terminal(['bash', '-c', bySsh], at);
      await terminal.shows('Are you sure you want to continue connecting');
      terminal.enter('yes');
      expect(await terminal.ended, terminal.text).toBe(0);
      await taken(...dry);
    });

    // parameters.json has no machine that could be meant instead.
    it.each([
      ['deploy', '--dry-run', '--hosts', 'near'],
      ['doctor', '--hosts', 'near'],
      ['clean', '--hosts', 'near', '--yes'],
    ])('UnknownHostKey: %s does what was typed, and accepts it', async (...words) => {
      project.setParameters({ hosts: ['nowhere'], experiment_conditions: ['1'] });
      project.repository.git('commit', '--quiet', '--all', '--message', 'Elsewhere');
      knows();
      const wide = { ...at, env: { ...at.env, COLUMNS: '1000' } };
      const { stdout, stderr } = await project.cli(words, wide);
      const lines = `${stdout}${stderr}`.match(/logistician .*--accept-new-host-keys.*/g);
      expect(lines).toEqual([
        `logistician ${words.join(' ')} --accept-new-host-keys    # accepts new keys, never changed ones`,
      ]);
      expect(await paste(lines?.[0] ?? '', at)).not.toContain('not in known_hosts');
      project.repository.git('reset', '--quiet', '--hard', 'HEAD^');
      rmSync(join(project.stateFolder, 'known_hosts'), { force: true });
      knows(near.hostKey);
    });

    it('NoMachine: doctor says more of each', async () => {
      await stopAnswering();
      const { name, suggestions } = await refused(...dry);
      expect([name, suggestions]).toEqual(['NoMachine', ['logistician doctor --hosts']]);
      const { code, stdout } = await project.cli(['doctor', '--hosts'], at);
      expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/^BAD +near +refuses/m) });
      await answer();
    });

    it('ChangedHostKey: the old key is taken away once the new one is known to be right', async () => {
      knows(stranger());
      const { suggestions, message } = await refused(...dry);
      expect(message).toContain('known_hosts has another');
      expect(suggestions).toHaveLength(2);
      await paste(suggestions[0] ?? '', at);
      expect((await refused(...dry)).message).toContain('is not in known_hosts');
      knows(near.hostKey);
    });

    it('KeysRefused: it is given a key of ours', async () => {
      await near.exec(`rm ~ada/.ssh/authorized_keys; echo ada:open | chpasswd
        sed -i 's/^PasswordAuthentication.*//; 1i PasswordAuthentication yes' /etc/ssh/sshd_config`);
      await near.killSshd();
      const { suggestions } = await refused(...dry);
      expect(suggestions).toHaveLength(3);
      const password = join(project.scratch, 'password');
      writeFileSync(password, '#!/bin/sh\necho open\n');
      chmodSync(password, 0o755);
      const asked = { SSH_ASKPASS: password, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':0' };
      for (const line of suggestions.slice(0, 2)) await paste(line, { ...at, env: { ...at.env, ...asked } });
      await taken(...dry);
    });

    it('ChangedHostKey of a live one: the same, and deploy learns the new one', async () => {
      await deploys();
      const pinned = join(project.experiment, '.logistician', 'known_hosts');
      const right = join(project.scratch, 'right');
      copyFileSync(pinned, right);
      writeFileSync(pinned, `near ${stranger()}`);
      const { name, suggestions } = await refused('logs', 'hold-a');
      expect([name, suggestions.length]).toEqual(['ChangedHostKey', 2]);
      expect(suggestions[1]).toMatch(/^logistician deploy {4}#/);
      await paste(suggestions[0] ?? '', at);
      await project.ok(['deploy', '--yes'], at);
      await taken('logs', 'hold-a');
      expect(readFileSync(pinned, 'utf8')).toBe(readFileSync(right, 'utf8'));
    });

    it('targets/over-ssh/access.ts: the folder of sockets is closed to others', async () => {
      const config = readFileSync(join(project.experiment, '.logistician', 'ssh_config'), 'utf8');
      chmodSync(dirname(/ControlPath "?([^"\n]+)/.exec(config)?.[1] ?? ''), 0o755);
      const { suggestions } = await refused('logs', 'hold-a');
      expect(suggestions).toHaveLength(2);
      for (const line of suggestions) await paste(line, at);
      await taken('logs', 'hold-a');
    });

    it('Unreadable: results are fetched once they can be read', async () => {
      const [run = ''] = project.runs;
      const results = `${jobsOn(near, project)}/${run}/data/results`;
      await near.exec(`install -d -m 700 ${results}/closed`);
      await project.ok(['stop', '--grace', '1'], at);
      const { stderr } = await project.cli(['sync'], at);
      const suggestions = [...stderr.matchAll(/^ {4}(logistician .*)$/gm)].map(([, line = '']) => line);
      expect({ stderr, suggestions }).toEqual({
        stderr: expect.stringContaining('Not all results of '),
        suggestions: [
          expect.stringMatching(/^logistician sync /),
          expect.stringMatching(/^logistician terminate --discard /),
        ],
      });
      await near.exec(`chown ada ${results}/closed`);
      await paste(suggestions[0] ?? '', at);
      await near.exec(`chown root ${results}/closed`);
    });

    it('NotAllCollected: once it answers, or without what was not collected', async () => {
      await stopAnswering();
      const { name, suggestions } = await refused('terminate', '--yes', '--grace', '1');
      expect([name, suggestions.length]).toEqual(['NotAllCollected', 2]);
      await answer();
      await paste(suggestions[1] ?? '', at);
      expect((await project.json(['status'], at)).live).toBe(false);
      await deploys();
      await stopAnswering();
      const again = await refused('terminate', '--yes', '--grace', '1');
      await answer();
      await paste(again.suggestions[0] ?? '', at);
      expect(await near.exec('docker ps --all --quiet')).toBe('');
    });

    it('each class that is listed as executed here has a case', () => {
      const text = readFileSync(new URL(import.meta.url), 'utf8');
      expect(executedOnMachines.filter((name) => !text.includes(`'${name}`))).toEqual([]);
    });
  },
);
