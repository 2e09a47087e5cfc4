import { UserError } from '../errors.js';

export class NeedsYes extends UserError {
  constructor(question: string, line: string) {
    super(`"${question}" cannot be asked without a terminal.`, [`${line} --yes`]);
  }
}

/** Asks yes or no; without a terminal it is an error unless `yes` says so. @param line the command that asks. */
export async function confirm(
  question: string,
  { yes, isTerminal, line }: { readonly yes: boolean; readonly isTerminal: boolean; readonly line: string },
): Promise<boolean> {
  if (yes) return true;
  if (!isTerminal) throw new NeedsYes(question, line);
  const { default: inquirer } = await import('inquirer');
  const { sure } = await inquirer.prompt([
    { type: 'confirm', name: 'sure', message: question, default: true },
  ]);
  return sure;
}
