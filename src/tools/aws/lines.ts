import { type Command, command } from '../../shell/command.js';
import type { RuleFacts } from './facts.js';

/** Terminates instances, which deletes their disks. */
export const terminateInstances = (region: string, ids: readonly string[]): Command =>
  ec2(region, 'terminate-instances', '--instance-ids', ...ids);

/** Starts stopped instances. */
export const startInstances = (region: string, ids: readonly string[]): Command =>
  ec2(region, 'start-instances', '--instance-ids', ...ids);

/** Stops instances; their disks stay. */
export const stopInstances = (region: string, ids: readonly string[]): Command =>
  ec2(region, 'stop-instances', '--instance-ids', ...ids);

/** Prints what state instances are in. */
export const showStates = (region: string, ids: readonly string[]): Command =>
  ec2(
    region,
    'describe-instances',
    ...['--instance-ids', ...ids],
    ...['--query', 'Reservations[].Instances[].[InstanceId,State.Name]'],
  );

export const deleteKeyPair = (region: string, name: string): Command =>
  ec2(region, 'delete-key-pair', '--key-name', name);

export const deleteSecurityGroup = (region: string, id: string): Command =>
  ec2(region, 'delete-security-group', '--group-id', id);

/** Removes a rule from its security group. */
export const revokeRule = (region: string, { id, group, isEgress }: RuleFacts): Command => {
  const verb = `revoke-security-group-${isEgress ? 'egress' : 'ingress'}`;
  return ec2(region, verb, '--group-id', group, '--security-group-rule-ids', id);
};

/** Reports whether the bucket exists, whether we may list it, and its region. */
export const headBucket = (region: string, bucket: string): Command =>
  aws(region, 's3api', 'head-bucket', '--bucket', bucket);

/** Prints whose credentials the CLI has, as JSON: `Account`. */
export const callerAccount = (region: string): Command => aws(region, 'sts', 'get-caller-identity');

const ec2 = (region: string, ...words: string[]): Command => aws(region, 'ec2', ...words);

const aws = (region: string, ...words: string[]): Command => ({
  // A profile may say that the output is a table or YAML, or a word that fails after the change was made.
  ...command('aws', '--region', region, '--output', 'json', ...words),
  // Nor may it go to a pager, or wait for an answer.
  env: { AWS_PAGER: '', AWS_CLI_AUTO_PROMPT: 'off' },
});

/** Prints the CLI's version. */
export const cliVersion = (): Command => command('aws', '--version');
