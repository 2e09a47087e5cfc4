import { typedAgain, UserError } from '../errors.js';
import { visible, visibleLine } from './text.js';

/** A question to the user; its answer is stored under its name. */
export interface Question {
  readonly type: 'input' | 'confirm' | 'select';
  readonly name: string;
  readonly message: string;
  readonly default?: string | boolean;
  readonly choices?: readonly string[];
  readonly when?: boolean;
  readonly validate?: (answer: string) => string | true;
}

/** Asks the user at the terminal. A default with characters that control a terminal is not proposed. */
export async function ask<Answers extends object>(questions: readonly Question[]): Promise<Answers> {
  const { default: inquirer } = await import('inquirer');
  const fit = questions.map((question) => {
    const { validate, default: proposal, ...rest } = question;
    const isFit = typeof proposal !== 'string' || visibleLine(proposal) === proposal;
    return {
      ...rest,
      message: visible(question.message),
      ...(proposal !== undefined && isFit && { default: proposal }),
      ...(validate && {
        validate: (answer: string) => {
          const said = validate(answer);
          return typeof said === 'string' ? visible(said) : said;
        },
      }),
    };
  });
  return inquirer.prompt<Answers>(fit as unknown as Parameters<typeof inquirer.prompt<Answers>>[0]);
}

export class NeedsYes extends UserError {
  constructor(question: string, verb: string) {
    super(`"${question}" cannot be asked without a terminal.`, [typedAgain(verb, ['--yes'])]);
  }
}

export interface Confirmation {
  /** Whether the answer was given beforehand. */
  readonly yes: boolean;
  readonly isTerminal: boolean;
  /** Of the command that asks. */
  readonly verb: string;
  /** Whether a yes ends or loses something: then Enter alone means no. */
  readonly ends: boolean;
}

/** Asks yes or no. @throws NeedsYes without a terminal, unless `yes` says so */
export async function confirm(
  question: string,
  { yes, isTerminal, verb, ends }: Confirmation,
): Promise<boolean> {
  if (yes) return true;
  if (!isTerminal) throw new NeedsYes(question, verb);
  return sure(question, !ends);
}

/** Asks yes or no at the terminal. */
export async function sure(message: string, proposal: boolean): Promise<boolean> {
  const answers = await ask<{ sure: boolean }>([
    { type: 'confirm', name: 'sure', message, default: proposal },
  ]);
  return answers.sure;
}
