/** The complete input of the stack: only data, so that plan.json can contain it. */
export interface StackPlan {
  readonly experiment: string;
  /** Id of the deployment. Names at AWS end in it, so that deployments never collide. */
  readonly deployment: string;
  readonly region: string;
  /** The only AWS account in which Terraform may act, with any credentials. */
  readonly account: string;
  /** The IPv4 addresses that may reach the machines by SSH, in CIDR notation. */
  readonly sshCidr: string;
  /** The public half of the SSH key for the machines, one line in OpenSSH's format. */
  readonly publicKey: string;
  /** The subnet of the machines; null: AWS chooses one of the default VPC. */
  readonly subnet: Subnet | null;
  /** Whether machines in the subnet get a public address; without a subnet AWS decides. */
  readonly publicAddress: boolean;
  /** Where Terraform's state is stored; null: in a file beside the stack. */
  readonly state: StateBucket | null;
  /** The user's own tags for everything, in addition to ours. */
  readonly tags: Readonly<Record<string, string>>;
  readonly machines: readonly StackMachine[];
}

export interface Subnet {
  readonly id: string;
  /** The VPC of the subnet, for the security group. */
  readonly vpc: string;
}

export interface StateBucket {
  readonly bucket: string;
  /** The bucket's region, which may differ from that of the machines. */
  readonly region: string;
}

/** The machine of one condition. */
export interface StackMachine {
  /** The condition's id, which is also the machine's name in the stack. */
  readonly condition: string;
  readonly instanceType: string;
  readonly ami: string;
  /** At most 16 KiB, not encoded. */
  readonly userData: string;
  /** The requested root volume, in GiB. */
  readonly rootVolume: number;
  /** The AMI's root volume, in GiB, which is the minimum. */
  readonly amiVolume: number;
  /** null: an on-demand instance. */
  readonly spot: Spot | null;
}

export interface Spot {
  /** Dollars an hour, as written; null: up to the on-demand price. */
  readonly maxPrice: string | null;
}

/** The name at AWS of resources that a deployment has once. */
export const nameOf = ({ experiment, deployment }: StackPlan): string =>
  `logistician-${experiment}-${deployment}`;

/** The keys of our tags, by which a deployment's machines are found without a record. */
export const tagKeys = {
  experiment: 'logistician.experiment',
  deployment: 'logistician.deployment',
  condition: 'logistician.condition',
} as const;

/** Terraform's address of a condition's machine. */
export const machineAddress = (condition: string): string => `aws_instance.${condition}`;

/** The condition whose machine has this address; null: not a machine's address. */
export const conditionAt = (address: string): string | null =>
  /^aws_instance\.([^.[]+)$/.exec(address)?.[1] ?? null;
