import * as Args from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.js';
import { completionScript, type Shell, shells } from '../cli/completion/scripts.js';

export default class Completion extends BaseCommand {
  static override summary = 'Print a shell completion script.';
  static override description =
    'It completes verbs, flags, experiments and conditions. One line in the shell’s startup file loads it.';
  static override examples = [
    'eval "$(<%= config.bin %> completion bash)"    # in ~/.bashrc',
    'eval "$(<%= config.bin %> completion zsh)"    # in ~/.zshrc, after compinit',
    '<%= config.bin %> completion fish | source    # in ~/.config/fish/config.fish',
  ];
  static override args = {
    shell: Args.string({
      description: 'bash, zsh or fish; the one of $SHELL if left out',
      options: [...shells],
      ignoreStdin: true,
    }),
  };

  async run(): Promise<{ shell: Shell; script: string }> {
    const { args } = await this.parse(Completion);
    const own = shells.find((name) => name === process.env.SHELL?.split('/').at(-1));
    const shell = (args.shell as Shell | undefined) ?? own ?? 'bash';
    const script = completionScript(shell, this.config.commands);
    this.log(script.trimEnd());
    return { shell, script };
  }
}
