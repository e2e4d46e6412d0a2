import { readPeerUri } from "../core/peerUri";
import { sh, type ShellScript } from "../virsh/shellScript";
import type { Hosts } from "./hosts";

const askMs = 8000;
const hostKeyScript = sh`cd /etc/ssh && cat ssh_host_ed25519_key.pub ssh_host_ecdsa_key.pub ssh_host_rsa_key.pub 2>/dev/null; :`;
/** Of ssh's default keys, or of the one that the URI names. */
const rootKeyScript = (keyfile: string | undefined) =>
  keyfile === undefined
    ? defaultKeyScript
    : sh`[ $(id -u) = 0 ] || exit 1; k=${keyfile}; [ -f "$k" ] || exit 0; cat "$k.pub" 2>/dev/null || ssh-keygen -y -P "" -f "$k" 2>/dev/null; :`;
const defaultKeyScript = sh`[ $(id -u) = 0 ] || exit 1; cd /root/.ssh 2>/dev/null || exit 0
for type in ed25519 ecdsa rsa; do [ -f id_$type ] || continue; cat id_$type.pub 2>/dev/null || ssh-keygen -y -P "" -f id_$type 2>/dev/null && break; done; :`;

/**
 * The two lines that make one host trust the other: the destination's host key for root's known_hosts on the source, and the public key
 * of root on the source (empty where it has none) for the destination. Both come over our own connections, whose host keys were verified:
 * unlike the answer of ssh-keyscan they can be trusted. What cannot be had is left out.
 */
export async function peerKeys(
  hosts: Hosts,
  source: string,
  destination: string,
  peerUri: string,
): Promise<{ rootKey?: string; peerHostKey?: string }> {
  const [rootKey, hostKey] = await Promise.all([
    firstLine(hosts, source, rootKeyScript(readPeerUri(peerUri)?.keyfile)),
    firstLine(hosts, destination, hostKeyScript),
  ]);
  const peerHostKey = /^\S+ \S+/.exec(hostKey ?? "")?.[0];
  return { ...(rootKey !== undefined && { rootKey }), ...(peerHostKey !== undefined && { peerHostKey }) };
}

async function firstLine(hosts: Hosts, host: string, script: ShellScript): Promise<string | undefined> {
  try {
    const { code, stdout } = await (await hosts.on(host)).run(script, askMs);
    return code === 0 ? stdout.split("\n", 1)[0]!.trim() : undefined;
  } catch {
    return undefined;
  }
}
