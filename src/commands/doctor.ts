import { resolve } from 'node:path';
import { BaseCommand, experimentArg } from '../cli/base-command.js';
import { examine, type Finding } from '../operations/doctor.js';

export default class Doctor extends BaseCommand {
  static override summary = 'Check what logistician stands on; each finding has the line that mends it.';
  static override description = 'Changes nothing. Exit code 1 if something is in the way.';
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json'];
  static override args = experimentArg;

  async run(): Promise<{ findings: Finding[] }> {
    const { args } = await this.parse(Doctor);
    const findings = await examine(this.session(), resolve(args.experiment));
    const marks = {
      good: this.colors.green('ok  '),
      warning: this.colors.yellow('note'),
      bad: this.colors.red('BAD '),
    };
    for (const { what, state, detail, mend } of findings) {
      this.log(`${marks[state]}  ${what.padEnd(14)} ${detail.replaceAll('\n', `\n${' '.repeat(21)}`)}`);
      for (const line of mend) this.log(`${' '.repeat(23)}${line}`);
    }
    process.exitCode = findings.some((finding) => finding.state === 'bad') ? 1 : 0;
    return { findings };
  }
}
