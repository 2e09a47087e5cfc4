/** A machine in the stack's output. */
export interface MachineOutput {
  readonly instance: string;
  readonly publicAddress: string | null;
  readonly privateAddress: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads the machines, by condition, from the outputs. Those that were not created are left out. */
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

/** Ids of all resources in a state, from `terraform state pull` or the state file.
 * @param text of version 4, which every Terraform since 0.12 writes */
export function idsInState(text: string): Set<string> {
  const instances = listIn(objectIn(text), 'resources').flatMap((resource) => listIn(resource, 'instances'));
  return new Set(instances.flatMap(({ attributes }) => word(objectOf(attributes).id) ?? []));
}

const listIn = (fields: Fields, name: string): Fields[] => {
  const list = fields[name];
  return Array.isArray(list) ? list.map(objectOf) : [];
};

const word = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** Parses a JSON object; empty if the text is not one. */
export function objectIn(text: string): Fields {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}

const objectOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
