import { userInfo } from 'node:os';

/** The user who runs jobs. */
export interface User {
  readonly id: number;
  readonly group: number;
  /** The numeric id if the system has no name for the user, as in some containers. */
  readonly name: string;
  /** Ids of all groups; default: unknown. */
  readonly groups?: readonly number[];
}

export function currentUser(): User {
  const id = process.getuid?.() ?? 0;
  const group = process.getgid?.() ?? 0;
  const groups = process.getgroups?.() ?? [];
  try {
    return { id, group, name: userInfo().username, groups };
  } catch {
    return { id, group, name: String(id), groups };
  }
}

/** The user's ids in a container. For a rootless engine they are root's, and no further group matters. `groups` are
 * those beside the primary one. */
export const inContainer = (
  { id, group, groups = [] }: User,
  rootless: boolean,
): { readonly id: number; readonly group: number; readonly groups: readonly number[] } =>
  rootless
    ? { id: 0, group: 0, groups: [] }
    : { id, group, groups: [...new Set(groups)].filter((one) => one !== group) };
