import { request } from 'node:https';
import { agentsOf } from './tunnel.js';

/** An answer to a request without credentials. */
export interface Answer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Milliseconds. */
const patience = 10_000;

/** Longer than any answer that is asked for, in characters. */
const longest = 10_000;

/** Asks for a page of AWS's without credentials, in the same way as its API is asked. @throws Error */
export function ask(method: 'GET' | 'HEAD', url: string, env: NodeJS.ProcessEnv): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const agent = agentsOf(env).httpsAgent;
    const asking = request(url, { method, agent, signal: AbortSignal.timeout(patience) }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > longest) asking.destroy(new Error('its answer is too long'));
      });
      answer.once('error', reject);
      answer.once('end', () => resolve({ headers: answer.headers, text }));
    });
    asking.once('error', reject);
    asking.once('close', () => agent.destroy());
    asking.end();
  });
}
