/** `user@host:port`, taken apart. */
export interface Address {
  readonly user: string | null;
  /** A name that DNS or the SSH configuration knows, or a number; IPv6 without its brackets. */
  readonly host: string;
  readonly port: number | null;
}

/** @param text as the schema of parameters.json has made sure it is. */
export function parseAddress(text: string): Address {
  const [, user = null, bracketed, plain = '', port] =
    /^(?:([^@]*)@)?(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  return { user, host: bracketed ?? plain, port: port === undefined ? null : Number(port) };
}

/** Whether `--hosts` may name this. */
export const isAddress = (text: string): boolean =>
  /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/.test(
    text,
  );
