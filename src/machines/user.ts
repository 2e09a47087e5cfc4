import { userInfo } from 'node:os';

/** Who runs this. */
export interface User {
  readonly id: number;
  readonly group: number;
  /** The number, for one whom the system has no name for, as in some containers. */
  readonly name: string;
}

export function currentUser(): User {
  const id = process.getuid?.() ?? 0;
  const group = process.getgid?.() ?? 0;
  try {
    return { id, group, name: userInfo().username };
  } catch {
    return { id, group, name: String(id) };
  }
}
