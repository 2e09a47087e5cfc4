import { join } from 'node:path';

/** Where the things of one job are: `work` holds what it sees, the rest is the queue's. */
export const foldersOf = (spool: string, run: string) => {
  const folder = join(spool, 'jobs', run);
  const work = join(folder, 'work');
  return {
    folder,
    work,
    data: join(work, 'data'),
    source: join(work, 'source'),
    home: join(work, 'home'),
    log: join(work, 'data', 'logs', 'docker.txt'),
    index: join(folder, 'log-index'),
    state: join(folder, 'state.json'),
    script: join(folder, 'job.sh'),
    job: join(folder, 'job.json'),
    known: join(spool, 'known', run),
  };
};

export type Folders = ReturnType<typeof foldersOf>;
