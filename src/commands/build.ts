import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag, experimentArg } from '../cli/base-command.js';
import { ownLine } from '../errors.js';
import { openExperiment } from '../operations/experiment.js';
import { build } from '../operations/start/build.js';

export default class Build extends BaseCommand {
  static override summary = 'Build the experiment’s image.';
  static override description =
    'The build context is the experiment’s folder as git sees it (or the whole project, with "docker_build_context": "project"). An image of the same context and on the same base images is not built again.';
  static override examples = [
    '<%= config.bin %> build',
    '<%= config.bin %> build --fresh    # base images pulled, cache unused',
  ];
  static override args = experimentArg;
  static override flags = {
    ...dryRunFlag,
    commit: Flags.string({
      helpValue: 'COMMIT',
      description: 'build from this commit instead of the working tree',
    }),
    fresh: Flags.boolean({ description: 'build again, on the newest base images and without the cache' }),
  };

  protected override standing(): string {
    return 'The next build uses what Docker has of this one.';
  }

  async run() {
    const { args, flags } = await this.parse(Build);
    const session = this.session(flags);
    const experiment = await openExperiment(session, this.experimentFolder(args.experiment));
    const image = await build(session, experiment, { commit: flags.commit, fresh: flags.fresh });
    const made = flags['dry-run'] ? 'would be built' : 'is built';
    this.log(`${image.tag} ${image.built ? made : 'exists already'}${image.id ? `: ${image.id}` : ''}`);
    this.next(args.experiment, ownLine('run'), ownLine('shell'));
    return flags['dry-run'] ? { ...image, built: false, would_build: image.built } : image;
  }
}
