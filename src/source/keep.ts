import type { Executor } from '../shell/executor.js';
import { keepCommit } from '../tools/git/command-line.js';
import type { Pin } from './pin.js';
import type { Project } from './project.js';

/** Keeps the pinned commit from git's own cleaning. */
export async function keepPin(project: Project, executor: Executor, { commit }: Pin): Promise<void> {
  await executor.change(keepCommit(project.root, commit));
}
