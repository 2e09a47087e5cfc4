import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { dryRunFlag } from '../cli/base-command.js';
import { fromHere } from '../cli/from-here.js';
import { remark } from '../cli/notify.js';
import { experimentAndRunsArg, RunCommand } from '../cli/run-command.js';
import { experimentAndRuns } from '../cli/run-words.js';
import { table } from '../cli/table.js';
import { finalStates, type RunState } from '../machines/job-state.js';
import { runOf } from '../operations/history/one-run.js';
import { copyOutput, outputOf, printOutput } from '../operations/history/output.js';
import { count } from '../phrases.js';
import { ignoreFromGit } from '../runs/ignored-folder.js';
import { sizeText } from '../runs/measures/read.js';

export default class Output extends RunCommand {
  static override summary = 'Copy the results of a run into a folder.';
  static override description =
    'What the job left in /data/results, or one file or folder of it or of /data. What is on another machine still, `sync` collects first. Links are copied as links.';
  static override usage = 'output [EXPERIMENT] [RUN] [PATH] [-o FOLDER] [--list] [--force]';
  static override examples = [
    '<%= config.bin %> output',
    '<%= config.bin %> output last model.pt -o best.pt',
    '<%= config.bin %> output hidden-8-lr-0-1 --list',
    '<%= config.bin %> output last logs/docker.txt -o log.txt',
    '<%= config.bin %> output last summary.csv -o - | head',
  ];
  static override strict = false;
  static override args = experimentAndRunsArg;
  static override flags = {
    ...dryRunFlag,
    output: Flags.string({
      char: 'o',
      helpValue: 'FOLDER',
      description:
        'copy to this folder, which must not exist (of a file: this file, or - for standard output). Default: output/RUN, in a folder that git ignores',
    }),
    list: Flags.boolean({ char: 'l', description: 'show the files and their sizes instead' }),
    force: Flags.boolean({ description: 'copy into a folder that exists, and replace files in it' }),
  };

  async run() {
    const { argv, flags } = await this.parse(Output);
    const { folder, runs } = experimentAndRuns(argv as string[]);
    const [word = 'last', path = null] = runs;
    const session = this.session(flags);
    const run = runOf(session.home, this.experimentFolder(folder), word);
    const found = outputOf(run, path);
    const { files } = found;
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const result = { run: run.id, source: found.source, files, bytes };
    if (!finalStates.has(run.row.state as RunState))
      remark(this.screen, `the run is ${run.row.state}: files may be half-written.`);
    if (flags.list) {
      const rows = files.map((file) => [file.path || fromHere(found.source), sizeText(file.bytes)]);
      this.log(table([{ head: 'FILE', least: 20, cut: 'middle' }, { head: 'SIZE' }], rows, this.width).text);
      this.log(`\n${count(files.length, 'file')}, ${sizeText(bytes)}`);
      return { ...result, copied_to: null };
    }
    if (this.isToStandardOutput(flags.output)) {
      await printOutput(session, found, runs);
      return { ...result, copied_to: null };
    }
    const name = found.isFolder ? '' : (found.source.split('/').at(-1) ?? '');
    const into = flags.output ?? join('output', run.id, path !== null && found.isFolder ? path : name);
    // A copy would make the tree dirty, so that nothing could be deployed. A folder of the person stays as it is.
    if (flags.output === undefined && !flags['dry-run'] && !existsSync('output')) ignoreFromGit('output');
    await copyOutput(session, found, into, { force: flags.force, words: runs });
    this.log(`${count(files.length, 'file')}, ${sizeText(bytes)}, to ${into}`);
    return { ...result, copied_to: into };
  }
}
