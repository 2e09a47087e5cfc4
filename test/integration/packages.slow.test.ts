import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { userData } from '../../src/machines/user-data.js';
import { newHostKey } from '../../src/tools/ssh/host-key.js';
import { type Distribution, distributions, FreshComputer } from '../support/distributions.js';
import { isMissing } from '../support/engines.js';
import { until } from '../support/until.js';

const template = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../templates/machine/${name}`, import.meta.url)), 'utf8');

/** BuildKit, from nothing that would have to be downloaded. */
const build = `cd "$(mktemp -d)" && echo hello >a && printf 'FROM scratch\\nCOPY a /\\n' >Dockerfile && DOCKER_BUILDKIT=1 docker build --quiet .`;

describe.skipIf(isMissing('docker', 'root'))(
  'A3, A4: a new machine installs what jobs need from packages',
  () => {
    it.for(Object.keys(distributions) as Distribution[])('of %s', async (name, { skip }) => {
      let base: string;
      try {
        base = await distributions[name]();
      } catch (error) {
        // Such as without mmdebstrap, or where no mirror has it.
        console.log(`left out: ${name}, whose packages do not exist here: ${`${error}`.split('\n')[0]}`);
        return skip();
      }
      const computer = new FreshComputer();
      try {
        const text = userData(template('cloud-init.yaml'), {
          ...{ deadline: 86_400, unused: 1800, idle: template('idle.sh') },
          ...{ loginUser: 'ubuntu', programs: ['git-lfs'], hostKey: newHostKey().file },
        });
        await computer.start(base, text.reveal());
        const log = () => computer.exec('tail -n 60 /var/log/cloud-init-output.log || :');
        await until('its boot is over', () =>
          computer.exec('[ ! -e /var/lib/cloud/instance/boot-finished ] || echo yes').catch(() => ''),
        ).catch(async (error: Error) => {
          throw new Error(`${error.message}\n${await log()}`);
        });
        const asUser = (line: string) => computer.exec(`runuser -u ubuntu -- sh -c '${line}'`);
        const facts = await Promise.all([
          asUser('docker version --format "{{.Client.Version}} {{.Server.Version}}"'),
          asUser('git --version && rsync --version && git lfs version'),
          computer.exec(build),
          computer.exec('systemctl is-active logistician-deadline.timer logistician-unused.timer docker'),
          computer.exec(
            'systemctl is-enabled apt-daily.timer apt-daily-upgrade.timer unattended-upgrades || :',
          ),
          computer.exec('sh -n /run/logistician-idle.sh && wc -l </run/logistician-idle.sh'),
        ]).catch(async (error: Error) => {
          throw new Error(`${error.message}\n${await log()}`);
        });
        expect(facts).toEqual([
          expect.stringMatching(/^\d+\S+ \d+\S+\n$/),
          expect.stringMatching(/^git version [\s\S]*^rsync +version [\s\S]*^git-lfs\//m),
          expect.stringMatching(/^sha256:/),
          'active\nactive\nactive\n',
          'masked\nmasked\nmasked\n',
          `${template('idle.sh').trimEnd().split('\n').length}\n`,
        ]);
        console.log(`${name}: docker ${facts[0]?.trim()}`);
      } finally {
        await computer.remove();
      }
    });
  },
);
