import { SocketAddress } from "node:net";

export const isAddress = (text: string): boolean => canonicalAddress(text) !== undefined;

/** ssh files an address in one form only: 127.0.0.1 for 127.1 and 0x7f000001, ::1 for 0::1. Undefined: this is a name. */
export function canonicalAddress(address: string): string | undefined {
  const v6 = /^([\da-f.]*:[\da-f:.]*)(%.+)?$/i.exec(address);
  if (v6) {
    try {
      return new SocketAddress({ address: v6[1]!, family: "ipv6" }).address + (v6[2] ?? "");
    } catch {
      return undefined;
    }
  }
  if (!/^(0x[\da-f]+|\d+)(\.(0x[\da-f]+|\d+)){0,3}$/i.test(address)) return undefined;
  try {
    return new URL(`http://${address}`).hostname;
  } catch {
    return undefined;
  }
}

/** A name as ssh connects to it and writes it for %h: names in lower case, an address in its one form. */
export const connectionName = (name: string): string => canonicalAddress(name) ?? name.toLowerCase();
