import { resolve } from 'node:path';
import { type History, openHistories, openHistory } from '../operations/history/open-history.js';
import { foldersHere, foldersKnown } from '../operations/look/overview.js';

/** The history of the experiment that was typed, of its project, or of all that this computer knows.
 * @param find its folder. @throws NoExperiment, NoSuchFolder */
export function scopedHistory(
  home: string,
  typed: string,
  { project, all }: { readonly project: boolean; readonly all: boolean },
  find: (typed: string) => string,
): History {
  if (!project && !all) return openHistory(home, find(typed));
  const here = foldersHere(resolve(typed));
  return openHistories(home, all ? [...new Set([...here, ...foldersKnown(home)])] : here);
}
