import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut } from '../support/engines.js';
import { Fleet } from '../support/machines.js';
import { packageRoot } from '../support/project.js';
import { ShellSession } from '../support/shell-session.js';
import { TestUser } from '../support/user.js';

const golden = fileURLToPath(new URL('../golden/newcomers-day.txt', import.meta.url));

const train = `rate=$2
echo "epoch 1 of 2, learning rate $rate"
if [ "$rate" = 10 ]; then
  echo "RuntimeError: loss is NaN"
  exit 1
fi
echo "epoch 2 of 2"
echo "{\\"accuracy\\": 0.9\${#rate}3712}" >"$LOGISTICIAN_SUMMARY_MEASURES_PATH"
`;

/** The newcomer's own: what is between a code that failed and one that does not. */
const mended = train.replace('"$rate" = 10', '"$rate" = 1000');

describe.skipIf(isLeftOut('docker', 'git', 'sshd', 'root'))("a newcomer's day", () => {
  let user: TestUser;
  let fleet: Fleet;
  let shell: ShellSession;
  let project: string;
  const day: string[] = [];

  beforeAll(async () => {
    user = new TestUser();
    fleet = await Fleet.start({ gpu1: {} });
    copyPackage(join(user.home, 'logistician'));
    project = join(user.home, 'moons');
    mkdirSync(project);
    writeFileSync(join(project, 'train.sh'), train);
    mkdirSync(join(user.home, '.ssh'), { mode: 0o700 });
    for (const file of ['key', 'known_hosts'])
      execFileSync('cp', [join(fleet.folder, file), join(user.home, '.ssh')]);
    const config = readFileSync(fleet.sshConfig, 'utf8').replaceAll(fleet.folder, join(user.home, '.ssh'));
    writeFileSync(join(user.home, '.ssh', 'config'), config, { mode: 0o600 });
    const [id = ''] = user.ids.split(':');
    execFileSync('find', [user.home, '-links', '1', '-uid', '0', '-exec', 'chown', user.ids, '{}', '+']);
    execFileSync('find', [user.home, '-type', 'd', '-uid', '0', '-exec', 'chown', user.ids, '{}', '+']);
    const as = ['setpriv', '--reuid', id, '--regid', user.ids.split(':')[1] ?? '', '--init-groups'];
    shell = await ShellSession.open([...as, '--'], user.home, {
      HOME: user.home,
      USER: user.name,
      LANG: 'C.UTF-8',
      PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    });
  });
  afterAll(async () => {
    shell?.close();
    await fleet?.remove();
    await user?.remove();
  });

  /** A step of the day, whose screen is kept, without the commands that are issued: they have a row each. */
  async function step(line: string, answers: readonly (readonly [string | RegExp, string])[] = []) {
    const [typed = '', ...rows] = await shell.types(line, answers);
    const shown = rows.filter((row) => !/^[$#] /.test(row));
    day.push(...[typed, ...shown].map(lasting), '');
  }
  const lasting = (row: string): string =>
    row
      .replaceAll(user.home, '/home/ada')
      .replaceAll(/\b\d{8}-\d{9}-/g, '20261120-120000000-')
      .replaceAll(/(?<= )(?:\d+m )?<?\d+s(?= |$)/g, (time) => 'Ns'.padEnd(time.length))
      .replaceAll(/(?<![-\w])[0-9a-f]{10}\b/g, 'c0ffee0000')
      .replace(/^(machines +)(?!gpu1).*/, '$1laptop, 2 slots')
      .replace(/^(machines +gpu1), .*/, '$1, 2 slots')
      // How wide a column of times is depends on them.
      .replaceAll(/ {3,}/g, (spaces, _, whole) => (/ (?:AGE|DEPLOYED|Ns) /.test(whole) ? '   ' : spaces))
      .trimEnd();

  it('from the README to the end of a sweep', async () => {
    await shell.types('cd logistician');
    for (const line of installLines()) {
      await shell.types(line);
      expect({ line, code: await shell.code() }).toEqual({ line, code: 0 });
    }
    await shell.types('cd ../moons');
    for (const words of ['user.name Ada', 'user.email ada@example.org', 'init.defaultBranch main'])
      await shell.types(`git config --global ${words}`);

    await step('logistician create');
    await step('git init --quiet');
    await step('logistician create', [
      ['Folder', 'experiments/moons'],
      ['Name', ''],
      ['Remote', ''],
      ['Command', 'sh train.sh'],
      ['Where', ''],
    ]);
    await step('cd experiments/moons');
    await step('logistician run -o "--lr 0.1"');
    await step('git add --all && git commit --quiet -m "An experiment"');
    await step('logistician run -o "--lr 0.1"');

    const grid = {
      experiment_name: 'moons',
      experiment_command: 'sh train.sh',
      experiment_grid: { lr: [0.1, 1, 10] },
    };
    writeFileSync(join(project, 'experiments/moons/parameters.json'), `${JSON.stringify(grid, null, 2)}\n`);
    await step('logistician validate');
    await step('logistician deploy', [['Run these', 'y']]);
    await step('logistician status --watch');
    await step('logistician logs --failed');

    writeFileSync(join(project, 'train.sh'), mended);
    await step('logistician deploy --retry-failed --yes --wait');
    await step('logistician deploy');
    await step('logistician deploy --snapshot --wait', [['Run these', 'y']]);

    await step('git commit --quiet --all -m "Larger rates"');
    await step('logistician deploy --hosts gpu1 --force --wait', [['Run these', 'y']]);
    await step('logistician status');
    await step('logistician list');
    await step('logistician terminate');
    await step('logistician status');
    // The project's commits stay for the next deployment.
    expect(await fleet.get('gpu1').exec('docker ps -aq; ls -A /home/ada/logistician')).toBe('source\n');
    same(`${day.join('\n')}\n`);
  });
});

/** UPDATE_GOLDEN writes it again. */
function same(text: string): void {
  if (process.env.UPDATE_GOLDEN) writeFileSync(golden, text);
  expect(text).toBe(readFileSync(golden, 'utf8'));
}

/** As a clone with its packages: nothing of it is fetched. */
function copyPackage(folder: string): void {
  mkdirSync(folder);
  const listed = execFileSync('git', [
    '-C',
    packageRoot,
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
  ]);
  execFileSync(
    'rsync',
    [
      '-a',
      '--no-owner',
      '--no-group',
      '--from0',
      '--ignore-missing-args',
      '--files-from=-',
      packageRoot,
      folder,
    ],
    { input: listed },
  );
  const modules = [join(packageRoot, 'node_modules'), folder];
  if (spawnSync('cp', ['-al', ...modules], { stdio: 'ignore' }).status !== 0)
    execFileSync('cp', ['-a', ...modules]);
}

/** What the README says under "Install", but for the clone and the packages, and with its line for PATH. */
function installLines(): string[] {
  const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8');
  const [, section = ''] = /^## Install$(.*?)^## /ms.exec(readme) ?? [];
  const [, block = ''] = /^```sh\n(.*?)^```$/ms.exec(section) ?? [];
  const [, path = ''] = /`(export PATH=[^`]*)`/.exec(section) ?? [];
  const lines = block.split('\n').filter((line) => line !== '' && !line.startsWith('git clone'));
  return [path, ...lines.map((line) => line.replace(/^npm ci && /, ''))];
}
