import { execFile } from 'node:child_process';

/** What a program prints. @throws Error with how it ended, and all that it said */
export function run(program: string, args: readonly string[], input?: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\nended with ${error.code}\n${stdout}\n${stderr}`));
      else resolve(stdout);
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** @returns what it prints, without the last line's end. @throws Error with what it complains of */
export const docker = async (...args: string[]): Promise<string> => (await run('docker', args)).trimEnd();

/** Runs a line of shell in a container, as root. @returns what it prints */
export async function execIn(container: string, line: string, input?: string | Uint8Array): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      return await run('docker', ['exec', '--interactive', container, 'bash', '-euc', line], input);
    } catch (error) {
      // It has not begun: an engine with much to do fails at that now and then.
      if (tries === 3 || !/OCI runtime exec failed/.test(`${error}`)) throw error;
    }
  }
}
