/** `[user@]host[:port]`, IPv6 in brackets, or `ssh://[user@]host[:port]`. */
export interface Destination {
  host: string;
  user?: string;
  port?: number;
}

/** Undefined where the text is none of these. */
export function parseDestination(text: string): Destination | undefined {
  const rest = text
    .trim()
    .replace(/^ssh:\/\//, "")
    .replace(/\/$/, "");
  const at = rest.lastIndexOf("@");
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(rest.slice(at + 1));
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || /\s/.test(rest) || at === 0) return undefined;
  const port = match?.[3] === undefined ? undefined : Number(match[3]);
  if (port !== undefined && (port < 1 || port > 65535)) return undefined;
  return { host, ...(at > 0 && { user: rest.slice(0, at) }), ...(port !== undefined && { port }) };
}

/** `host:port` for people; IPv6 in brackets. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
