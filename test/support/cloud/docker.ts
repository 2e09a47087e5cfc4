import { execFile } from 'node:child_process';

/** @throws Error with what docker complains of */
export const docker = (...args: string[]): Promise<string> => run('docker', args);

export function run(program: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stderr}`));
      else resolve(stdout.trim());
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
