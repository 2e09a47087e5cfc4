/** One thing that was looked at. A `warning` is no hindrance on this computer. */
export interface Finding {
  readonly what: string;
  readonly state: 'good' | 'warning' | 'bad';
  readonly detail: string;
  /** Lines that mend it. */
  readonly mend: readonly string[];
}

export const good = (what: string, detail: string): Finding => ({ what, state: 'good', detail, mend: [] });
export const bad = (what: string, detail: string, ...mend: string[]): Finding => ({
  what,
  state: 'bad',
  detail,
  mend,
});
export const warning = (what: string, detail: string, ...mend: string[]): Finding => ({
  ...bad(what, detail, ...mend),
  state: 'warning',
});
