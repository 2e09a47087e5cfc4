import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Attacker, looking, ofRuns, withEach } from '../support/attacker.js';
import { isMissing, isThorough, variants } from '../support/engines.js';
import { actsOnTerminal } from '../support/hostile-words.js';
import { holdingOn, letGoOn, onHosts, well } from '../support/hosts.js';
import { Fleet, type LabMachine } from '../support/machines.js';
import type { TestProject } from '../support/project.js';

/** The login shell of a machine that has turned bad: every line of ours goes through it. What is in `how` says which. */
const shell = (victims: string, program: string) => `#!/bin/sh
how=$(cat /tmp/how)
case $how in
  good) exec /bin/bash "$@" ;;
  # Neither a report nor rsync's own words, and nothing that a terminal should see.
  garbage)
    printf '\\033]52;c;ZXZpbA==\\007\\033[2J %s $(%s) \\n' "${'`'}${program}${'`'}" "${program}"
    head -c 200000 /dev/urandom
    printf 'job ../../../../${victims}\\nstate {"state":"running"}\\n' >&2
    ;;
  # What it was asked for, with other words in it.
  altered)
    /bin/bash "$@" | LC_ALL=C sed \\
      -e 's#^job .*/#job ${victims}/#' \\
      -e 's#"state":"[a-z]*"#"state":"running","container":"x;${program}","started":"\\x1b[2J"#' \\
      -e 's#^log .*#log \\x1b]52;c;ZXZpbA==\\x07#' \\
      -e 's#"times":{[^}]*}#"times":null#'
    ;;
  # What it says is right, and what it sends is not ours: paths that lead out, and links.
  links)
    case "$*" in
      *rsync*--server*)
        for data in "$HOME"/logistician/*/*/data; do
          rm -rf "$data/results" "$data/logs"
          ln -s "${victims}" "$data/results"
          ln -s "${victims}" "$data/logs"
          printf '#!/bin/sh\\n${program}\\n' | tee "$data/job.sh" "$data/state.json" >"$data/run.json"
          chmod +x "$data/job.sh"
        done
        ;;
    esac
    exec /bin/bash "$@"
    ;;
esac
`;

/** A machine is another user's computer: what it says is data, and what it sends stays in one run's data/. */
describe.skipIf(isMissing('docker', 'git', 'sshd', 'root'))('T4, T13, T15: hostile machines', () => {
  const attacker = new Attacker();
  let fleet: Fleet;
  let bad: LabMachine;
  let good: LabMachine;
  let project: TestProject;

  beforeAll(async () => {
    fleet = await Fleet.start({ bad: {}, good: {} });
    [bad, good] = [fleet.get('bad'), fleet.get('good')];
    const hosts = fleet.machines.map(({ name }) => ({ address: name, slots: 1 }));
    project = onHosts(fleet, { parameters: { hosts, experiment_conditions: ['--hold 1', '--hold 2'] } });
    await well(project, ['deploy', '--yes']);
  });
  afterAll(async () => {
    await project?.remove();
    await fleet?.remove();
    attacker.remove();
  });

  const turn = (how: string) => bad.exec(`echo ${how} >/tmp/how`);
  const everyVerb = (verbs: readonly (readonly string[])[]) =>
    withEach(project, verbs, (verb, { stdout, stderr }) => {
      attacker.expectNothingDone();
      // The log of one job is its own, byte for byte, and so is what `ssh` shows.
      if (verb[0] !== 'ssh' && verb[0] !== 'logs')
        expect(actsOnTerminal(`${stdout}${stderr}`), verb.join(' ')).toBeNull();
    });
  const conditionOn = async (machine: LabMachine) => {
    const { conditions } = await project.json<{ conditions: { condition: string; machine: string }[] }>([
      'status',
    ]);
    return conditions.find((row) => row.machine === machine.name)?.condition ?? '';
  };
  const withoutEnd = looking.filter(([verb]) => verb !== 'stop' && verb !== 'terminate');

  it('with any answer: nothing is done here, and the other machine is served', async () => {
    const theirs = await conditionOn(bad);
    const ours = await conditionOn(good);
    await holdingOn(bad, project, theirs);
    const held = await holdingOn(good, project, ours);
    const before = project
      .receipts()
      .map(({ id, condition, fingerprint }) => ({ id, condition, fingerprint }));
    const text = Buffer.from(shell(attacker.victims, attacker.program)).toString('base64');
    await bad.exec(`echo ${text} | base64 -d >/usr/local/bin/sh-of-ada
      chmod 755 /usr/local/bin/sh-of-ada; echo good >/tmp/how; chsh -s /usr/local/bin/sh-of-ada ada`);
    for (const how of variants('altered', 'garbage', 'links')) {
      await turn(how);
      await everyVerb([
        ...withoutEnd,
        ['doctor', '--hosts'],
        ['logs', theirs],
        ['ssh', theirs, '--', 'true'],
        ['stop', theirs, '--grace', '1'],
      ]);
    }
    expect(
      project.receipts().map(({ id, condition, fingerprint }) => ({ id, condition, fingerprint })),
    ).toEqual(before);
    const { conditions } = await project.json(['status']);
    expect(conditions.find(({ condition }) => condition === ours)).toMatchObject({ state: 'running' });
    await letGoOn(good, project, held);
  });

  it('the results of the other are collected, and terminate leaves nothing there', async () => {
    await turn('garbage');
    await everyVerb([
      ['clean', '--hosts', '--dry-run'],
      ['clean', '--hosts', '--yes'],
    ]);
    await everyVerb([['deploy', '--yes'], ['sync'], ['terminate', '--yes', '--grace', '1']]);
    if (isThorough) await everyVerb(ofRuns('last', project.scratch));
    const ours = project.receipts().find(({ machine }) => machine.name === 'good');
    expect(ours).toMatchObject({ state: 'succeeded', collected: expect.any(String) });
    expect(project.readRun(ours?.id, 'data', 'logs', 'docker.txt')).toContain('let go');
    await turn('good');
    await everyVerb([['terminate', '--yes', '--discard', '--grace', '1']]);
    expect(await good.exec('docker ps --all --quiet')).toBe('');
    expect(await bad.exec('docker ps --all --quiet')).toBe('');
  });
});
