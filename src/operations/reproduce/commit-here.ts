import { ownLine } from '../../errors.js';
import type { RunRecord } from '../../runs/record.js';
import { pasteable } from '../../shell/word.js';
import { pinCommit, UnknownCommit } from '../../source/pin.js';
import type { Project } from '../../source/project.js';
import { CannotReproduce } from './cannot.js';

/** Refuses a run whose commit is not in the repository. @throws CannotReproduce; UnknownCommit, with the line that makes it
 * again, where git has removed it and its files are kept */
export async function refuseMissingCommit(
  project: Project,
  { recipe: { source }, id }: RunRecord,
): Promise<void> {
  const { remote, commit, pushed } = source;
  try {
    await pinCommit(project, commit);
  } catch (error) {
    if (!(error instanceof UnknownCommit) || error.isKept) throw error;
    throw new CannotReproduce(
      `The commit ${commit.slice(0, 10)} of the run ${id} is not in ${project.root}.`,
      remote !== null && pushed
        ? [pasteable`git -C ${project.root} fetch ${remote} ${commit}`]
        : [ownLine('rerun', [id, '--commit', 'HEAD'], 'at the commit of now')],
    );
  }
}
