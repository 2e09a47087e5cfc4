import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { BaseCommand, experimentArg } from '../cli/base-command.js';
import { leakFlags } from '../cli/leak-flags.js';
import { machineFlags, machinesOf } from '../cli/machine-flags.js';
import { green, red, yellow } from '../cli/style.js';
import { suggested } from '../cli/suggestions.js';
import { examine, examineMachines } from '../operations/doctor/doctor.js';
import { leakFindings, leaks } from '../operations/doctor/leaks.js';

export default class Doctor extends BaseCommand {
  static override summary = 'Check what logistician stands on; each finding has the line that mends it.';
  static override description =
    'Changes nothing, save that a host key which is accepted is kept for the experiment. Exit code 1 if something is in the way. With --hosts it looks, over SSH, at the machines of the experiment, or at those that are named; with --leaks, at AWS.';
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
      description: 'look at machines: those of parameters.json, or these',
    }),
    ...leakFlags('look for what is left at AWS of which no record here knows'),
  };

  async run() {
    const { args, flags } = await this.parse(Doctor, withListOrNone(this.argv));
    const session = this.session();
    const here = await examine(session, resolve(args.experiment));
    const machines = machinesOf({ ...flags, hosts: flags.hosts || undefined }, this.isTerminal);
    const there = flags.hosts === undefined ? [] : await examineMachines(session, args.experiment, machines);
    const region = flags.region ?? null;
    const left = flags.leaks
      ? leakFindings(await leaks(session, resolve(args.experiment), region), region)
      : [];
    const findings = [...here, ...there, ...left].map((finding) => ({
      ...finding,
      mend: suggested(finding.mend, this.argv),
    }));
    const marks = {
      good: green('ok  '),
      warning: yellow('note'),
      bad: red('BAD '),
    };
    for (const { what, state, detail, mend } of findings) {
      this.log([marks[state], `  ${what.padEnd(14)} ${detail.replaceAll('\n', `\n${' '.repeat(21)}`)}`]);
      for (const line of mend) this.log(`${' '.repeat(23)}${line}`);
    }
    process.exitCode = findings.some((finding) => finding.state === 'bad') ? 1 : 0;
    return { findings };
  }
}

/** `--hosts` alone as `--hosts=`. */
const withListOrNone = (argv: readonly string[]): string[] =>
  argv.map((word, place) => {
    const next = argv[place + 1];
    const isAlone = next === undefined || next.startsWith('-') || existsSync(next);
    return word === '--hosts' && isAlone ? '--hosts=' : word;
  });
