/** A quota of Amazon EC2: so many vCPUs of some families of types may run in a region at a time, on demand and spot each
 * for itself. */
export interface QuotaName {
  /** Service Quotas' code. */
  readonly code: string;
  /** Its name, as AWS shows it. */
  readonly name: string;
}

/** The families of one quota, by what their types begin with, and the codes of the quota on demand and for spot; null:
 * not known. The codes are those that `aws service-quotas list-service-quotas --service-code ec2` lists. */
interface Group {
  readonly families: readonly string[];
  readonly onDemand: QuotaName;
  readonly spot: QuotaName | null;
}

const group = (
  families: string,
  what: string,
  onDemand: string,
  spot: string | null,
  spotWhat = what,
): Group => ({
  families: families.split(' '),
  onDemand: { code: onDemand, name: `Running On-Demand ${what} instances` },
  spot: spot === null ? null : { code: spot, name: `All ${spotWhat} Spot Instance Requests` },
});

const standard = 'Standard (A, C, D, H, I, M, R, T, Z)';

/** More special ones first: P5 has a quota of its own for spot, and none on demand. */
const groups: readonly Group[] = [
  group('a c d h i im is m r t z', standard, 'L-1216C47A', 'L-34B43A08'),
  group('g gr vt', 'G and VT', 'L-DB2E81BA', 'L-3819A6DF'),
  group('p5 p5e p5en', 'P', 'L-417A185B', 'L-C4BD4855', 'P5'),
  group('p2 p3 p3dn p4d p4de', 'P', 'L-417A185B', 'L-7212CCBC', 'P4, P3 and P2'),
  group('p', 'P', 'L-417A185B', null),
  group('f', 'F', 'L-74FC7D96', 'L-88CF9481'),
  group('inf', 'Inf', 'L-1945791B', 'L-B5D1601B'),
  group('trn', 'Trn', 'L-2C3B7624', 'L-6B0D517C'),
  group('dl', 'DL', 'L-6E869C2A', 'L-85EED4F7'),
  group('x', 'X', 'L-7295265B', 'L-E3A00192'),
];

/** The quota that counts for a type of instance; null: not known here. @param type such as `g4dn.xlarge` */
export function quotaOf(type: string, isSpot: boolean): QuotaName | null {
  const family = type.split('.')[0] ?? '';
  const letters = /^[a-z]*/.exec(family)?.[0] ?? '';
  const found = groups.find(({ families }) => families.includes(family) || families.includes(letters));
  return (isSpot ? found?.spot : found?.onDemand) ?? null;
}
