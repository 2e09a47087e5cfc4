import { existsSync } from 'node:fs';
import { UserError } from '../errors.js';
import { mountSources } from '../experiment/docker-args-check.js';
import { command } from '../shell/command.js';
import type { Executor } from '../shell/executor.js';
import { pasteable } from '../shell/word.js';
import { programWordsOf } from '../tools/docker/lines.js';

/** Docker refuses docker_run_args. */
export class RefusedDockerArgs extends UserError {}

/** No image has this name: Docker checks the options first, then looks for the image. */
const noImage = 'logistician/no-such-image:none';

/** Checks with Docker here whether it accepts docker_run_args, before an image is built. Creates nothing. @throws
 * RefusedDockerArgs with Docker's message */
export async function verifyDockerArgs(
  executor: Executor,
  docker: string,
  words: readonly string[],
): Promise<void> {
  if (words.length === 0) return;
  // Docker would create it, owned by root.
  const missing = mountSources(words).find((path) => !existsSync(path));
  if (missing !== undefined)
    throw new RefusedDockerArgs(`docker_run_args mount ${missing}, which does not exist.`, [
      pasteable`mkdir -p ${missing}`,
    ]);
  const [program = '', ...rest] = programWordsOf(docker);
  const { code, stderr } = await executor.query(
    command(program, ...rest, 'create', '--pull', 'never', ...words, noImage),
  );
  if (code === 0 || said.image.test(stderr) || !said.words.test(stderr)) return;
  const [line = ''] = stderr.split('\n').filter((one) => one.trim() !== '');
  throw new RefusedDockerArgs(
    `Docker refuses docker_run_args: ${line.replace(/^(?:docker: |Error response from daemon: )+/, '')}`,
    [pasteable`${program} run --help`],
  );
}

/** Docker's messages: that it accepted the options and lacks the image (or is too old for `--pull`); and the beginnings
 * of its refusals. Any other error is left to the command that fails because of it. */
const said = {
  image: /No such image|Unable to find image|unknown flag: --pull|Cannot connect|permission denied/i,
  words:
    /^(?:docker: |Error response from daemon: |invalid argument|unknown |flag needs|bad flag|"docker create" )/m,
};
