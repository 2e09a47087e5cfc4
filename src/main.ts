import { existsSync } from 'node:fs';
import { failureText } from './cli/failure.js';
import { asHelpFlags } from './cli/help-words.js';
import { Screen } from './cli/screen.js';
import { settleSurroundings } from './cli/surroundings.js';
import { joinTexts } from './cli/words.js';
import { UserError } from './errors.js';

/** Each verb is a file beside this one. */
const isVerb = (word: string) =>
  existsSync(new URL(`./commands/${encodeURIComponent(word)}.js`, import.meta.url));

export async function main(url: string): Promise<unknown> {
  try {
    settleSurroundings();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const screen = new Screen(process.stderr, process.env);
    screen.write(failureText(error, null, screen.width));
    process.exitCode = error.exit;
    return;
  }
  const { execute } = await import('./cli/oclif.js');
  const result = await execute({ dir: url, args: asHelpFlags(joinTexts(process.argv.slice(2)), isVerb) });
  // Of a program that the SDK of AWS has started, such as a credential_process, and that hangs, the end is not awaited.
  setTimeout(() => process.exit(), 1000).unref();
  return result;
}
