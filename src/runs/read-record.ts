import { basename, dirname } from 'node:path';
import { UserError } from '../errors.js';
import { pasteable } from '../shell/word.js';
import { fromVersion1, type Version1 } from './from-version-1.js';
import type { RunRecord } from './record.js';
import { validateRecord, validateVersion1 } from './schema-validator.js';

/** A run.json that is not a receipt, or that this version cannot read. */
export class UnreadableReceipt extends UserError {
  /** Name of the run's folder. */
  readonly run: string;

  constructor(
    readonly path: string,
    /** A predicate: `is not JSON …`. */
    readonly reason: string,
    { suggestion, ...options }: ErrorOptions & { suggestion?: string } = {},
  ) {
    const aside = pasteable`mv ${path} ${path}.broken    # the results stay, but the run has no receipt then`;
    super(`${path} cannot be read as a receipt: it ${reason}.`, [suggestion ?? aside], options);
    this.run = basename(dirname(path));
  }
}

/** The contents of a run.json. */
export interface Receipt {
  readonly record: RunRecord;
  /** The run's parameters.json, which receipts of version 0.1 contain; null: it is a separate file. */
  readonly parameters: string | null;
}

/** Parses a receipt. Known fields are validated; others of the same version stay as they are.
 * @param path of the file, for messages, and for the name of the run's folder @throws UnreadableReceipt */
export function readReceipt(text: string | Buffer, path: string): Receipt {
  const value = parse(text, path);
  const receipt = receiptOf(value, path);
  const run = basename(dirname(path));
  // Otherwise writing it would replace the receipt of the other run.
  if (receipt.record.id !== run) throw new UnreadableReceipt(path, 'is the receipt of another run');
  return receipt;
}

/** As `readReceipt`, but returns only the record. */
export const readRecord = (text: string | Buffer, path: string): RunRecord => readReceipt(text, path).record;

function receiptOf(value: unknown, path: string): Receipt {
  const { schema } = value as { schema?: unknown };
  if (typeof schema !== 'number' || !Number.isInteger(schema) || schema < 1)
    throw new UnreadableReceipt(path, 'does not name the version of its schema ("schema")');
  if (schema > 2) {
    const suggestion = 'logistician --version    # this one; use the version that wrote the receipt';
    throw new UnreadableReceipt(path, 'was written by a newer logistician', { suggestion });
  }
  if (schema === 1) {
    if (!validateVersion1(value)) throw new UnreadableReceipt(path, problemOf(validateVersion1.errors));
    const old = value as unknown as Version1;
    return { record: fromVersion1(old), parameters: old.parameters_file };
  }
  if (!validateRecord(value)) throw new UnreadableReceipt(path, problemOf(validateRecord.errors));
  return { record: value as unknown as RunRecord, parameters: null };
}

function parse(text: string | Buffer, path: string): object {
  let value: unknown;
  try {
    value = JSON.parse(typeof text === 'string' ? text : decode(text));
  } catch (cause) {
    throw new UnreadableReceipt(path, 'is not JSON, or incomplete', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UnreadableReceipt(path, 'is not a JSON object');
  return value;
}

/** @throws TypeError for bytes that are not UTF-8 */
const decode = (bytes: Buffer): string => utf8.decode(bytes);
const utf8 = new TextDecoder('utf-8', { fatal: true });

function problemOf(errors: typeof validateRecord.errors): string {
  const { instancePath, message } = errors?.[0] ?? {};
  return `does not match its schema: ${(instancePath || '/').slice(0, 200)} ${message}`;
}

/** What `read` returns; null, after noting the problem, if it throws. */
export function told<T>(problems: UnreadableReceipt[], read: () => T): T | null {
  try {
    return read();
  } catch (problem) {
    if (!(problem instanceof UnreadableReceipt)) throw problem;
    problems.push(problem);
    return null;
  }
}
