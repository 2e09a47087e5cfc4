/** The events of `terraform apply -json` and `destroy -json`, without times and noise. */
export type TerraformEvent =
  | {
      readonly kind: 'planned' | 'started' | 'done' | 'failed';
      readonly address: string;
      readonly action: Action;
    }
  | Outputs
  | Diagnostic;

/** The outputs at the end of a successful apply. */
export interface Outputs {
  readonly kind: 'outputs';
  /** By name, as `terraform output -json` prints them. */
  readonly values: Readonly<Record<string, unknown>>;
}

export type Action = 'create' | 'update' | 'delete' | 'replace' | 'read' | 'other';

/** An error or warning. Terraform prints it at the very end, long after the event `failed`. */
export interface Diagnostic {
  readonly kind: 'diagnostic';
  readonly severity: 'error' | 'warning';
  readonly summary: string;
  readonly detail: string;
  /** Its resource; null: none, or all. */
  readonly address: string | null;
}

const kinds = {
  planned_change: 'planned',
  apply_start: 'started',
  apply_complete: 'done',
  apply_errored: 'failed',
} as const;

const actions: readonly string[] = ['create', 'update', 'delete', 'replace', 'read'];

/** Parses Terraform's output file from an offset on, as far as it is written.
 *
 * @returns the events of all complete lines, and their length in bytes, for the next offset */
export function readEvents(bytes: Uint8Array): { events: TerraformEvent[]; consumed: number } {
  const consumed = bytes.lastIndexOf(0x0a) + 1;
  const lines = Buffer.from(bytes.subarray(0, consumed)).toString('utf8').split('\n');
  return { events: lines.flatMap((line) => eventIn(line) ?? []), consumed };
}

/** The event in a line; null: an event that we ignore, or not a line of Terraform. */
export function eventIn(line: string): TerraformEvent | null {
  const { type, change, hook, diagnostic, outputs } = objectIn(line);
  if (type === 'diagnostic') return diagnosticIn(objectOf(diagnostic));
  if (type === 'outputs') return outputsIn(objectOf(outputs));
  const kind = typeof type === 'string' && Object.hasOwn(kinds, type) && kinds[type as keyof typeof kinds];
  if (!kind) return null;
  const about = objectOf(kind === 'planned' ? change : hook);
  const { addr } = objectOf(about.resource);
  return typeof addr === 'string' ? { kind, address: addr, action: actionOf(about.action) } : null;
}

function diagnosticIn({ severity, summary, detail, address }: Fields): Diagnostic | null {
  if (typeof summary !== 'string') return null;
  return {
    kind: 'diagnostic',
    severity: severity === 'warning' ? 'warning' : 'error',
    summary,
    detail: typeof detail === 'string' ? detail : '',
    address: typeof address === 'string' && address !== '' ? address : null,
  };
}

/** A plan uses the same message for planned changes of outputs. */
const outputsIn = (values: Fields): Outputs | null =>
  Object.values(values).some((output) => 'action' in objectOf(output)) ? null : { kind: 'outputs', values };

const actionOf = (action: unknown): Action =>
  typeof action === 'string' && actions.includes(action) ? (action as Action) : 'other';

type Fields = Readonly<Record<string, unknown>>;

function objectIn(line: string): Fields {
  try {
    return objectOf(JSON.parse(line));
  } catch {
    return {};
  }
}

const objectOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};
