import { type Peer, readPeerUri } from "../../core/peerUri";
import { type PeerFacts, readTheLogs } from "../../core/problems";
import type { Hosts } from "../../observe/hosts";
import { peerKeys } from "../../observe/peerKeys";
import { daemonsOn } from "./daemons";
import { essence, readFailure } from "../../virsh/failures";
import { sh, type ShellScript } from "../../virsh/shellScript";
import { type LoginAnswer, peerAnswer } from "./reach";

/** Seconds for a connection without an answer. */
const silentS = 10;

/**
 * libvirt's ssh transport runs ssh without a terminal; behind it libvirt must answer too, and virsh in English, whatever the login shell
 * there is and sets. By TLS and TCP it connects itself. Run by `reachControl`.
 */
export function loginCommand({ transport, address, user, port, keyfile }: Peer, uri: string): ShellScript {
  // Root's virsh finds the certificates and credentials that libvirt's daemon finds.
  if (transport !== "ssh") return sh`timeout ${silentS} env LC_ALL=C virsh -q -c ${uri} uri`;
  const login = user === undefined ? address : `${user}@${address}`;
  const options = [...(keyfile === undefined ? [] : ["-i", keyfile]), ...(port === undefined ? [] : ["-p", port])];
  return sh`ssh -T -o BatchMode=yes -o ConnectTimeout=5 ${options} -- ${login} env LC_ALL=C virsh -q -c ${peerAnswer} uri`;
}

/** What tells which host answers; undefined by ssh, which knows it by its host key. */
export function identityCommand({ transport }: Peer, uri: string): ShellScript | undefined {
  return transport === "ssh" ? undefined : sh`timeout ${silentS} env LC_ALL=C virsh -q -c ${uri} capabilities`;
}

export async function readLogin(
  hosts: Hosts,
  { code, tookMs, stderr, noise }: LoginAnswer,
  peer: { source: string; destination: string; uri: string; user: string | undefined },
): Promise<NonNullable<PeerFacts["login"]>> {
  const { source, destination, uri, user = "root" } = peer;
  if (code === 0) return { works: true, tookMs, ...(noise !== undefined && { noise: { text: noise, user } }) };
  const context = { domain: "the domain", source, destination, sourceUser: "root", peerUri: uri };
  const { transport } = readPeerUri(uri)!;
  // virsh calls the destination so, as it is the one that it connects to.
  const its = transport === "ssh" ? stderr : stderr.replace("error: failed to connect to the hypervisor\n", "");
  let failure = readFailure(its, context);
  if (
    transport === "ssh" &&
    failure !== undefined &&
    ["virshMissing", "libvirtDown", "socketPermission"].includes(failure.code)
  ) {
    const itsDaemons = await hosts.on(destination).then((virsh) => daemonsOn(hosts, virsh));
    const asked = { ...context, source: destination, sourceUser: user, daemons: { [destination]: itsDaemons } };
    failure = readFailure(stderr, asked);
  } else if (failure?.code === "peerUntrusted") {
    failure = readFailure(stderr, { ...context, ...(await peerKeys(hosts, source, destination, uri)) });
  }
  return {
    works: false,
    code: failure?.code ?? "peerUnreachable",
    why: essence(its),
    remedies: failure?.remedies ?? readTheLogs(context),
  };
}
