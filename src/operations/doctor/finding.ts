import type { Suggestion } from '../../errors.js';
import type { Finding } from '../../targets/target.js';

export type { Finding } from '../../targets/target.js';

export const good = (what: string, detail: string): Finding => ({ what, state: 'good', detail, mend: [] });
export const bad = (what: string, detail: string, ...mend: Suggestion[]): Finding => ({
  what,
  state: 'bad',
  detail,
  mend,
});
export const warning = (what: string, detail: string, ...mend: Suggestion[]): Finding => ({
  ...bad(what, detail, ...mend),
  state: 'warning',
});
