import * as Flags from '@oclif/core/flags';
import { experimentAndRunsArg, RunCommand } from '../cli/run-command.js';
import { experimentAndRuns } from '../cli/run-words.js';
import { UserError } from '../errors.js';
import { annotate, notesIn } from '../operations/history/annotate.js';
import { runOf } from '../operations/history/one-run.js';

class BadTag extends UserError {
  constructor(tag: string) {
    super(`"${tag}" is no tag: letters, digits, and . _ - / : between them, at most 64.`, [], { exit: 2 });
  }
}

const isTag = (text: string): boolean => /^[\p{L}\p{N}][\p{L}\p{N}._/:-]{0,63}$/u.test(text);

export default class Tag extends RunCommand {
  static override summary = 'Tag a run, or show its tags.';
  static override description =
    'Tags stand in notes.json beside the receipt, which stays as it is, and in history, describe and filters.';
  static override usage = 'tag [EXPERIMENT] RUN [TAG…] [--remove]';
  static override examples = [
    '<%= config.bin %> tag last paper figure-2',
    '<%= config.bin %> tag last figure-2 --remove',
    "<%= config.bin %> history --where 'tag=paper'",
  ];
  static override strict = false;
  static override args = experimentAndRunsArg;
  static override flags = {
    remove: Flags.boolean({ description: 'remove these tags, or, if none is named, all' }),
  };

  async run() {
    const { argv, flags } = await this.parse(Tag);
    const { folder, runs } = experimentAndRuns(argv as string[]);
    const [word = 'last', ...tags] = runs;
    const bad = flags.remove ? undefined : tags.find((tag) => !isTag(tag));
    if (bad !== undefined) throw new BadTag(bad);
    const { home } = this.session(flags);
    const run = runOf(home, this.experimentFolder(folder), word);
    const change = (old: readonly string[]) => {
      if (!flags.remove) return [...new Set([...old, ...tags])];
      return tags.length === 0 ? [] : old.filter((tag) => !tags.includes(tag));
    };
    const isChange = flags.remove || tags.length > 0;
    const now = isChange ? await annotate(run, (old) => ({ ...old, tags: change(old.tags) })) : notesIn(run);
    this.log(now.tags.length > 0 ? now.tags.join(' ') : `${run.id} has no tags.`);
    return { run: run.id, tags: now.tags };
  }
}
