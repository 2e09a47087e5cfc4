import { AwsRefused } from './refusals.js';
import { keepInShell } from './sign-in.js';

/** Milliseconds for a program or a page that gives credentials: as long as Terraform waits for a credential_process. */
const patience = 60_000;

/** The same source of credentials with a timeout. @throws AwsRefused when it passes */
export const inTime =
  <A extends unknown[], T>(source: (...words: A) => Promise<T>, timeoutMs = patience) =>
  async (...words: A): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(tooLate(timeoutMs)), timeoutMs);
    });
    return Promise.race([source(...words), late]).finally(() => clearTimeout(timer));
  };

const tooLate = (timeoutMs: number) =>
  new AwsRefused(
    `No AWS credentials came within ${timeoutMs / 1000} s: what your profile asks for them (credential_process, a sign-in) does not answer.`,
    'NoCredentialsInTime',
    ['aws sts get-caller-identity    # asks in the same way', keepInShell('this shell keeps what it got')],
  );
