/** Who logs in where when libvirt of one host connects to another over ssh. */
import { readPeerUri } from "../core/peerUri";

export interface PeerLogin {
  /** undefined: as in that host's ssh configuration. */
  user: string | undefined;
  host: string;
  port: string | undefined;
  /** undefined: the keys of that host's ssh configuration. */
  keyfile?: string | undefined;
}

/**
 * @returns undefined for a peer that is not reached by ssh.
 *
 * @example peerLogin("qemu+ssh://migrate@[fd00::12]:2222/system") = { user: "migrate", host: "fd00::12", port: "2222" }
 */
export function peerLogin(peerUri: string): PeerLogin | undefined {
  const peer = readPeerUri(peerUri);
  if (peer?.transport !== "ssh") return undefined;
  const { user, address: host, port, keyfile } = peer;
  return { user, host, port, keyfile };
}
