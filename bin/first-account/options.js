import { parseArgs } from 'node:util';

const usage = `usage: bin/try-aws [--yes] [--spot] [--idle] [--role ARN] [--region REGION] [--type TYPE]
                   [--subnet ID [--private]] [--report FILE]

  --yes          do not ask before something costs money
  --spot         also a spot machine
  --idle         also wait until machines stop by themselves, and start them again: about 20 minutes longer
  --role ARN     do it all as this role, such as one with stacks/policy.json alone
  --region       left out: that of the environment or the profile
  --type         an instance type; left out: t3.micro
  --subnet       a subnet; left out: the default VPC
  --private      reach machines at their private addresses
  --report       left out: first-account.md
`;

/** @returns what was asked for. Ends the process if that cannot be understood */
export function readOptions(words) {
  try {
    const { values } = parseArgs({
      args: words,
      options: {
        yes: { type: 'boolean', default: false },
        spot: { type: 'boolean', default: false },
        idle: { type: 'boolean', default: false },
        private: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        role: { type: 'string' },
        region: { type: 'string' },
        subnet: { type: 'string' },
        type: { type: 'string', default: 't3.micro' },
        report: { type: 'string', default: 'first-account.md' },
      },
    });
    if (!values.help) return values;
    process.stdout.write(usage);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`error: ${error.message}\n${usage}`);
    process.exit(2);
  }
}
