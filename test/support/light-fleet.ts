import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchFolder } from './repository.js';
import { Sshd, sshProgram } from './sshd.js';

/** A machine that is only an sshd of this computer, with an address, a host key and a home folder of its own. The
 *  Docker there is the one of this computer. */
export interface LightMachine {
  readonly name: string;
  readonly home: string;
  readonly sshd: Sshd;
}

/** Many machines for little: where their number matters, and what they could do does not. */
export class LightFleet {
  readonly folder = scratchFolder();
  /** A file in the form of ~/.ssh/config that has every machine by its name. */
  readonly sshConfig = join(this.folder, 'ssh_config');
  /** A folder for PATH with an `ssh` that knows them. */
  readonly bin = sshProgram(join(this.folder, 'bin'), this.sshConfig);
  readonly machines: LightMachine[] = [];

  /** Starts machines m001, m002 and so on. */
  static async start(count: number): Promise<LightFleet> {
    const fleet = new LightFleet();
    const starts = await Promise.allSettled(Array.from({ length: count }, (_, n) => fleet.#add(n + 1)));
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed) {
      await fleet.remove();
      throw failed.reason;
    }
    fleet.machines.sort((one, other) => (one.name < other.name ? -1 : 1));
    const configs = fleet.machines.map(({ name, sshd }) => readFileSync(sshd.configFor(name), 'utf8'));
    writeFileSync(fleet.sshConfig, configs.join('\n'), { mode: 0o600 });
    return fleet;
  }

  async #add(number: number): Promise<void> {
    const name = `m${String(number).padStart(3, '0')}`;
    const home = join(this.folder, name, 'home');
    mkdirSync(home, { recursive: true });
    const address = `127.0.${1 + Math.floor(number / 250)}.${1 + (number % 250)}`;
    this.machines.push({
      name,
      home,
      sshd: await Sshd.start(join(this.folder, name, 'sshd'), { address, home }),
    });
  }

  async remove(): Promise<void> {
    await Promise.all(this.machines.map(({ sshd }) => sshd.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
