import * as Flags from '@oclif/core/flags';
import { BaseCommand, experimentArg } from '../cli/base-command.js';
import { filled, foldedCommand } from '../cli/fold.js';
import { leakFlags } from '../cli/leak-flags.js';
import { machineFlags, machinesOf, withListOrNone } from '../cli/machine-flags.js';
import { columnsOf } from '../cli/screen.js';
import { green, red, yellow } from '../cli/style.js';
import { examine, examineMachines } from '../operations/doctor/doctor.js';
import { leakFindings, leaks } from '../operations/doctor/leaks.js';

export default class Doctor extends BaseCommand {
  static override summary =
    'Check what logistician needs; each problem comes with the command that fixes it.';
  static override description =
    'Changes nothing, except that a host key which you accept is kept for the experiment. Exit code 1 if it finds a problem. With --hosts it checks, over SSH, the machines of the experiment, or those that are named; with --leaks, AWS.';
  static override usage = 'doctor [EXPERIMENT] [--hosts [LIST]] [--leaks [--region REGION]]';
  static override examples = [
    '<%= config.bin %> doctor',
    '<%= config.bin %> doctor --hosts',
    '<%= config.bin %> doctor --hosts me@gpu1,me@gpu2',
    '<%= config.bin %> doctor --leaks --region all',
    '<%= config.bin %> doctor --json',
  ];
  static override args = experimentArg;
  static override flags = {
    ...machineFlags,
    hosts: Flags.string({
      helpValue: 'LIST',
      description: 'check machines over SSH: those of parameters.json, or these',
    }),
    ...leakFlags('look for machines and other resources at AWS that no record here names'),
  };

  async run() {
    const { args, flags } = await this.parse(Doctor, withListOrNone(this.argv));
    const session = this.session(flags);
    const folder = this.experimentFolder(args.experiment);
    const here = await examine(session, folder);
    const machines = machinesOf({ ...flags, hosts: flags.hosts || undefined }, this.isTerminal);
    const there = flags.hosts === undefined ? [] : await examineMachines(session, folder, machines);
    const region = flags.region ?? null;
    const left = flags.leaks ? leakFindings(await leaks(session, folder, region), region) : [];
    const findings = [...here, ...there, ...left].map((finding) => ({
      ...finding,
      mend: this.mending(finding.mend),
    }));
    const marks = {
      good: green('ok  '),
      warning: yellow('note'),
      bad: red('BAD '),
    };
    const width = columnsOf(process.stdout, {});
    for (const { what, state, detail, mend } of findings) {
      const told = filled(detail, width - beside.length).replaceAll('\n', `\n${beside}`);
      this.log([marks[state], `  ${what.padEnd(14)} ${told}`]);
      for (const line of mend) this.log(foldedCommand(`${beside}  ${line}`, width));
    }
    process.exitCode = findings.some((finding) => finding.state === 'bad') ? 1 : 0;
    return { findings };
  }
}

/** The room that a finding's mark and name take. */
const beside = ' '.repeat(21);
