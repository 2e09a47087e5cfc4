import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag, yesFlag } from '../cli/base-command.js';
import { ask } from '../cli/prompts.js';
import { ownLine } from '../errors.js';
import { setUp } from '../operations/start/setup.js';
import { targetHere, targetNames } from '../targets/registry.js';

export default class Setup extends BaseCommand {
  static override summary = 'Prepare this computer, once.';
  static override description =
    'Creates ~/.logistician with an SSH key pair for machines that logistician starts; an existing key is kept. No secret is asked for or stored: cloud credentials are found where every other tool finds them.';
  static override examples = ['<%= config.bin %> setup', '<%= config.bin %> setup --target local --yes'];
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    target: Flags.option({ options: targetNames, description: 'the target that create proposes' })(),
  };

  async run() {
    const { flags } = await this.parse(Setup);
    const target = flags.target ?? (this.isTerminal && !flags.yes ? await this.#ask() : targetHere);
    const done = await setUp(this.session(flags), { target });
    const made = flags['dry-run'] ? 'would create' : 'created';
    this.log(`${done.keyMade ? made : 'kept'} the SSH key ${done.key}`);
    this.next('', ownLine('doctor'), ownLine('create'));
    const { folder, key, keyMade } = done;
    if (flags['dry-run']) return { folder, key, key_made: false, would_make_key: keyMade, target };
    return { folder, key, key_made: keyMade, target };
  }

  async #ask(): Promise<string> {
    const message = 'Where do most of your conditions run?';
    const { target } = await ask<{ target: string }>([
      { type: 'select', name: 'target', message, choices: [...targetNames] },
    ]);
    return target;
  }
}
