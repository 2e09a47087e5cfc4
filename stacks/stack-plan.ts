/** All that the stack is made from: data alone, so that a plan.json holds it and a test can write it down. */
export interface StackPlan {
  readonly experiment: string;
  /** Id of the deployment. Names at AWS end in it, so that two deployments never meet. */
  readonly deployment: string;
  readonly region: string;
  /** The IPv4 addresses that may reach the machines by SSH, in CIDR notation. */
  readonly sshCidr: string;
  /** The public half of the key that opens the machines, as OpenSSH writes it, in one line. */
  readonly publicKey: string;
  /** Where the machines stand; null: AWS chooses a subnet of the default VPC. */
  readonly subnet: Subnet | null;
  /** Every machine gets a public address; otherwise it is as its subnet has it. */
  readonly publicAddress: boolean;
  /** Where Terraform's state is kept; null: in a file beside the stack. */
  readonly state: StateBucket | null;
  /** The user's own tags for everything, beside ours. */
  readonly tags: Readonly<Record<string, string>>;
  readonly machines: readonly StackMachine[];
}

export interface Subnet {
  readonly id: string;
  /** The network that the subnet is part of: the security group has to be made there. */
  readonly vpc: string;
}

export interface StateBucket {
  readonly bucket: string;
  /** The bucket's region, which need not be that of the machines. */
  readonly region: string;
}

/** The machine of one condition. */
export interface StackMachine {
  /** The condition's id, which is also the machine's name in the stack. */
  readonly condition: string;
  readonly instanceType: string;
  readonly ami: string;
  /** At most 16 KiB, in clear. */
  readonly userData: string;
  /** The root volume that is wished for, in GiB. */
  readonly rootVolume: number;
  /** The root volume that the AMI brings, in GiB: less cannot be had. */
  readonly amiVolume: number;
  /** null: an on-demand instance. */
  readonly spot: Spot | null;
}

export interface Spot {
  /** Dollars an hour, as written; null: up to the on-demand price. */
  readonly maxPrice: string | null;
}

/** The name at AWS of what a deployment has once. */
export const nameOf = ({ experiment, deployment }: StackPlan): string =>
  `logistician-${experiment}-${deployment}`;

/** The keys of our tags: what finds a deployment's machines when no record does. */
export const tagKeys = {
  experiment: 'logistician.experiment',
  deployment: 'logistician.deployment',
  condition: 'logistician.condition',
} as const;

/** Terraform's address of a condition's machine. */
export const machineAddress = (condition: string): string => `aws_instance.${condition}`;

/** The condition whose machine has this address; null: that is no machine's. */
export const conditionAt = (address: string): string | null =>
  /^aws_instance\.([^.[]+)$/.exec(address)?.[1] ?? null;
