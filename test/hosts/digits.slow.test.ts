import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/runs/record.js';
import { digits, measures } from '../support/digits.js';
import { isMissing } from '../support/engines.js';
import { asNobody, onHosts, writeSshConfig } from '../support/hosts.js';
import { Fleet } from '../support/machines.js';
import { copyOfPackage, linesOf, type TestProject } from '../support/project.js';
import { sshConfig } from '../support/sshd.js';

describe.skipIf(isMissing('docker', 'git', 'sshd', 'root'))('the digits', () => {
  let fleet: Fleet;
  let project: TestProject;
  let as: string[];

  beforeAll(async () => {
    fleet = await Fleet.start({ gpu1: {}, gpu2: {}, gpu3: {} });
    project = onHosts(fleet, {
      files: {
        'train.py': digits.program,
        'experiments/one/Dockerfile': digits.dockerfile,
      },
      parameters: {
        experiment_command: 'python3 train.py --epochs 3 --seed 1',
        experiment_grid: { optimizer: ['sgd', 'adam'], lr: [0.001, 0.01, 0.1] },
        environment: digits.environment,
        docker_image_transport: 'ssh',
      },
    });
    // All of it is that user's: the program, the keys and what they open.
    copyOfPackage(join(project.scratch, 'installed'));
    const [key, known] = ['key', 'known_hosts'].map((name) => join(project.home, '.ssh', name));
    copyFileSync(fleet.key, key ?? '');
    chmodSync(key ?? '', 0o600);
    writeFileSync(known ?? '', readFileSync(fleet.knownHosts));
    const config = fleet.machines.map(({ name, address, user }) =>
      sshConfig(name, {
        HostName: address,
        User: user,
        IdentityFile: key ?? '',
        UserKnownHostsFile: known ?? '',
      }),
    );
    writeSshConfig(project, config.join('\n'));
    as = asNobody(project);
  });
  afterAll(async () => {
    await project?.remove();
    await fleet?.remove();
  });

  const cli = async (words: readonly string[]) => {
    const program = [...as, process.execPath, join(project.scratch, 'installed/bin/run.js'), ...words];
    const { code, stdout, stderr } = await project.startProgram(program).ended;
    if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
    return stdout;
  };

  it('come out on three machines as they do here, for a user who is root nowhere', async () => {
    expect(await cli(['deploy', '--wait', '--yes'])).toContain('6 of 6 ended: 6 succeeded');
    const there = project.receipts();
    expect(
      there
        .map(({ machine }) => machine.name)
        .sort()
        .join(' '),
    ).toBe('gpu1 gpu1 gpu2 gpu2 gpu3 gpu3');
    await cli(['deploy', '--wait', '--yes', '--target', 'local', '--force']);
    const here = project.receipts().filter(({ target }) => target === 'local');
    expect(here).toHaveLength(6);

    const of = (receipts: RunRecord[], { condition }: RunRecord) =>
      receipts.find((one) => one.condition === condition);
    for (const receipt of there) {
      const same = of(here, receipt);
      expect(receipt.state).toBe('succeeded');
      expect(receipt.image.id).toBe(same?.image.id);
      const { commit, tree } = receipt.recipe.source;
      expect({ commit, tree }).toEqual({
        commit: project.repository.head,
        tree: same?.recipe.source.tree,
      });
      const there = measures(project.run(receipt.id));
      expect(there).toEqual(measures(project.run(same?.id)));
      expect(Object.keys(there.results)).toContain('model.npz');
      expect(existsSync(project.run(receipt.id, 'data', 'measures', 'summary.json'))).toBe(true);
    }
  });

  it('leave files of that user alone, and belonged to another one there', async () => {
    expect(linesOf('find', project.scratch, '!', '-uid', '65534')).toEqual([]);
    const owners = await fleet.get('gpu1').exec(`find ~ada/logistician -printf '%u\\n' | sort -u`);
    expect(owners).toBe('ada\n');
    const best = await project.ok(['best', '-k', '20']);
    expect(best.match(/^\d+ .*0\.\d+/gm)).toHaveLength(12);
  });
});
