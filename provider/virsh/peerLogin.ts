/** Who logs in where when libvirt of one host connects to another over ssh. */
export interface PeerLogin {
  /** undefined: as in that host's ssh configuration. */
  user: string | undefined;
  host: string;
  port: string | undefined;
}

/**
 * @returns undefined for a peer that is not reached by ssh.
 *
 * @example peerLogin("qemu+ssh://migrate@[fd00::12]:2222/system") = { user: "migrate", host: "fd00::12", port: "2222" }
 */
export function peerLogin(peerUri: string): PeerLogin | undefined {
  const match = /^[a-z]+\+ssh:\/\/(?:([^@/]{1,100})@)?(\[[^\]]{1,200}\]|[^:/]{1,300})(?::(\d{1,5}))?\//.exec(peerUri);
  if (match === null) return undefined;
  return { user: match[1], host: match[2]!.replace(/[[\]]/g, "").replace("%25", "%"), port: match[3] };
}
