/** The parts of `user@host:port`. */
export interface Address {
  readonly user: string | null;
  /** A name in DNS or in the SSH configuration, or an IP address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number | null;
}

/** @param text valid by the schema of parameters.json. */
export function parseAddress(text: string): Address {
  const [, user = null, bracketed, plain = '', port] =
    /^(?:([^@]*)@)?(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  return { user, host: bracketed ?? plain, port: port === undefined ? null : Number(port) };
}

/** Whether the text is valid for `--hosts`. */
export const isAddress = (text: string): boolean =>
  /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?\])(?::[0-9]{1,5})?$/.test(
    text,
  );
