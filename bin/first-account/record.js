import { hostname, userInfo } from 'node:os';

/** What was seen. */
export class Record {
  steps = [];
  comparisons = [];
  notes = [];

  /** A thing that the simulated AWS shows in this way. */
  compare(what, simulated, seen) {
    const [left, right] = [simulated, seen].map((value) =>
      typeof value === 'string' ? value : JSON.stringify(value),
    );
    this.comparisons.push({ what, simulated: left, seen: right ?? 'nothing', isSame: left === right });
    console.log(`    ${left === right ? 'as simulated' : 'DIFFERS     '}  ${what}: ${right ?? 'nothing'}`);
  }

  /** @param simulated what it is about there; left out: it says nothing about it */
  note(what, seen, simulated = '') {
    this.notes.push({ what, seen: String(seen), simulated });
    console.log(`    ${what}: ${seen}${simulated && ` (simulated: ${simulated})`}`);
  }

  get differences() {
    return this.comparisons.filter(({ isSame }) => !isSame).length;
  }

  /** @param end how it ended, a sentence */
  markdown(title, end) {
    const rows = (head, list) => [head, head.replaceAll(/[^|]+/g, ' --- '), ...list, ''].join('\n');
    const cell = (text) => scrubbed(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
    return [
      `# ${title}\n`,
      `${scrubbed(end)}\n`,
      `${this.comparisons.length} things compared with the simulation, ${this.differences} differ.\n`,
      rows(
        '| compared | simulated | here | |',
        this.comparisons.map(
          ({ what, simulated, seen, isSame }) =>
            `| ${cell(what)} | ${cell(simulated)} | ${cell(seen)} | ${isSame ? 'same' : '**differs**'} |`,
        ),
      ),
      rows(
        '| step | seconds | |',
        this.steps.map(
          ({ name, seconds, outcome }) => `| ${name} | ${seconds.toFixed(0)} | ${cell(outcome)} |`,
        ),
      ),
      rows(
        '| seen | here | simulated |',
        this.notes.map(({ what, seen, simulated }) => `| ${cell(what)} | ${cell(seen)} | ${simulated} |`),
      ),
      ...this.steps
        .filter(({ said }) => said)
        .map(({ name, said }) => `The last that "${name}" said:\n\n\`\`\`\n${scrubbed(said)}\n\`\`\`\n`),
    ].join('\n');
  }
}

/** Without what tells whose account, computer or network it was, and without any secret. */
export function scrubbed(text) {
  const { username } = userInfo();
  const own = [
    process.env.AWS_SECRET_ACCESS_KEY,
    process.env.AWS_SESSION_TOKEN,
    process.env.AWS_ACCESS_KEY_ID,
    process.env.AWS_PROFILE,
    process.env.HOME,
    hostname(),
    ...(/^(root|ubuntu)$/.test(username) ? [] : [username]),
  ].filter((value) => value !== undefined && value.length >= 4);
  const hidden = own.reduce((rest, value) => rest.replaceAll(value, '…'), String(text));
  return hidden
    .replaceAll(/arn:(aws[\w-]*):(iam|sts)::\S+/g, 'arn:$1:$2::…')
    .replaceAll(/\b\d{12}\b/g, 'ACCOUNT')
    .replaceAll(/\b(AKIA|ASIA|AIDA|AROA)[A-Z0-9]{12,}\b/g, '$1…')
    .replaceAll(/\b(i|vpc|subnet|sg|sgr|eni|vol|key|r|eipalloc)-[0-9a-f]{8,17}\b/g, '$1-…')
    .replaceAll(/ssh-ed25519 \S+/g, 'ssh-ed25519 …')
    .replaceAll(/\b(?!127\.0\.0\.1\b|169\.254\.)\d{1,3}(\.\d{1,3}){3}\b/g, 'ADDRESS');
}
