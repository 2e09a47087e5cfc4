/** What the stack's output says of a machine. */
export interface MachineOutput {
  readonly instance: string;
  readonly publicAddress: string | null;
  readonly privateAddress: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads outputs: a machine a condition. Those that did not come up are left out. */
export function machinesIn(outputs: Fields): Map<string, MachineOutput> {
  return new Map(
    Object.entries(outputs).flatMap(([condition, output]): [string, MachineOutput][] => {
      const { instance_id, public_address, private_address } = objectOf(objectOf(output).value);
      if (typeof instance_id !== 'string' || instance_id === '') return [];
      const addresses = { publicAddress: word(public_address), privateAddress: word(private_address) };
      return [[condition, { instance: instance_id, ...addresses }]];
    }),
  );
}

/** Ids of all that the state knows, as `terraform state pull` prints it and its file holds it.
 *  @param text of version 4, which every Terraform since 0.12 writes */
export function idsInState(text: string): Set<string> {
  const instances = listIn(objectIn(text), 'resources').flatMap((resource) => listIn(resource, 'instances'));
  return new Set(instances.flatMap(({ attributes }) => word(objectOf(attributes).id) ?? []));
}

const listIn = (fields: Fields, name: string): Fields[] => {
  const list = fields[name];
  return Array.isArray(list) ? list.map(objectOf) : [];
};

const word = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** What a text of JSON holds; nothing if that is no object. */
export function objectIn(text: string): Fields {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}

const objectOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
