import * as Flags from '@oclif/core/flags';
import { experimentAndRunsArg, RunCommand } from '../cli/run-command.js';
import { experimentAndRuns } from '../cli/run-words.js';
import { UserError } from '../errors.js';
import { currentUser } from '../machines/user.js';
import { annotate, notesIn } from '../operations/history/annotate.js';
import { runOf } from '../operations/history/one-run.js';

class NoText extends UserError {
  constructor() {
    super('A note is one text, behind the run: note RUN "a text".', [], { exit: 2 });
  }
}

export default class Note extends RunCommand {
  static override summary = 'Write a note about a run, or show its notes.';
  static override description =
    'Notes stand in notes.json beside the receipt, which stays as it is, and in history, describe and filters.';
  static override usage = 'note [EXPERIMENT] RUN ["TEXT"] [--remove]';
  static override examples = [
    '<%= config.bin %> note last "diverged at epoch 7"',
    '<%= config.bin %> note hidden-8-lr-0-1',
    "<%= config.bin %> history --where 'note contains diverged'",
  ];
  static override strict = false;
  static override args = experimentAndRunsArg;
  static override flags = { remove: Flags.boolean({ description: 'remove all notes of the run' }) };

  async run() {
    const { argv, flags } = await this.parse(Note);
    const { folder, runs } = experimentAndRuns(argv as string[]);
    const [word = 'last', text, more] = runs;
    if (more !== undefined || (text !== undefined && (flags.remove || text.trim() === '')))
      throw new NoText();
    const { home, now } = this.session(flags);
    const run = runOf(home, this.experimentFolder(folder), word);
    const added = { time: now().toISOString(), user: currentUser().name, text: text ?? '' };
    const isChange = flags.remove || text !== undefined;
    const { notes } = isChange
      ? await annotate(run, (old) => ({ ...old, notes: flags.remove ? [] : [...old.notes, added] }))
      : notesIn(run);
    for (const note of notes) this.log(`${note.time}  ${note.text}`);
    if (notes.length === 0) this.log(`${run.id} has no notes.`);
    return { run: run.id, notes };
  }
}
