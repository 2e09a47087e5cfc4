import { bashCompletion } from './bash.js';
import { fishCompletion } from './fish.js';
import { type CompletedVerb, completedVerbs, type KnownCommand } from './model.js';
import { zshCompletion } from './zsh.js';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const scripts: Readonly<Record<Shell, (verbs: readonly CompletedVerb[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** The script that teaches a shell what may be typed behind `logistician`. */
export const completionScript = (shell: Shell, commands: readonly KnownCommand[]): string =>
  scripts[shell](completedVerbs(commands));
