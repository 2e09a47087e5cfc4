import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { docker, run } from '../docker.js';

const root = '/sys/fs/cgroup';
const isUnified = existsSync(join(root, 'cgroup.controllers'));

/** The control group that holds a machine with all its containers: those of its own engine are beside the machine's,
 *  not in it, where they are not given one. */
export class ControlGroup {
  constructor(readonly path: string) {}

  /** Makes it. @returns the flags for the container that is the machine */
  async create(mebibytes: number): Promise<string[]> {
    // Where systemd keeps the groups, none can be named by its path: the machine alone is bounded there.
    const driver = await docker('info', '--format', '{{.CgroupDriver}}');
    if (driver !== 'cgroupfs') return ['--memory', `${mebibytes}m`];
    mkdirSync(this.#memory(), { recursive: true });
    const limit = isUnified ? 'memory.max' : 'memory.limit_in_bytes';
    writeFileSync(this.#memory(limit), String(mebibytes * 1024 * 1024));
    return ['--cgroup-parent', this.path];
  }

  /** The most that it has had, in MiB; null where the kernel does not say. */
  get peak(): number | null {
    const file = this.#memory(isUnified ? 'memory.peak' : 'memory.max_usage_in_bytes');
    return existsSync(file) ? Math.round(Number(readFileSync(file, 'utf8')) / 1024 / 1024) : null;
  }

  /** What it has now without what it could give back at once, in MiB. */
  get used(): number {
    const stat = readFileSync(this.#memory('memory.stat'), 'utf8');
    const key = isUnified ? 'anon' : 'total_rss';
    return Math.round(Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(stat)?.[1]) / 1024 / 1024);
  }

  async remove(): Promise<void> {
    const groups = ['-depth', '-type', 'd', '-path', `${root}*${this.path}*`];
    // A group whose last process has just ended may be busy for a moment; another comes and takes it along.
    await run('find', [root, ...groups, '-exec', 'rmdir', '{}', '+']).catch(() => {});
  }

  #memory(file = ''): string {
    return join(root, isUnified ? '' : 'memory', this.path, file);
  }
}
