import type { Command } from '@oclif/core/command';
import { Help } from '@oclif/core/help';
import { verbGroups } from './cli/verb-groups.js';

/** oclif's help, with the verbs in groups instead of one list by the alphabet. */
export default class GroupedHelp extends Help {
  protected override formatCommands(commands: Command.Loadable[]): string {
    const width = Math.max(...commands.map(({ id }) => id.length));
    return Object.entries(verbGroups)
      .map(([title, verbs]) => {
        const rows = verbs.flatMap((verb): [string, string | undefined][] => {
          const command = commands.find(({ id }) => id === verb);
          return command ? [[verb.padEnd(width), this.summary(command)]] : [];
        });
        const body = this.renderList(rows, {
          indentation: 2,
          spacer: '\n',
          stripAnsi: this.opts.stripAnsi ?? false,
        });
        return this.section(title, body);
      })
      .join('\n\n');
  }
}
