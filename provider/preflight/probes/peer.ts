/** The destination as the source sees it: where libvirt connects to, and where QEMU sends the data. */
import { withoutBrackets } from "../../core/destination";
import type { Host } from "../../core/model";
import { makePeerUri, peerPorts, readPeerUri } from "../../core/peerUri";
import type { Clock } from "../../core/ports";
import type { PeerFacts, SystemFacts } from "../../core/problems";
import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import type { IntendedMove } from "../intendedMove";
import { linkTo } from "./link";
import { identityCommand, loginCommand, readLogin } from "./login";
import { peerCertificates } from "./peerCertificates";
import { greeting, reachControl, reachData } from "./reach";
import { ownersOf } from "./resolved";

/** The destination's own answers, awaited after the first questions to the source. */
export interface DestinationSettings {
  system: SystemFacts | undefined;
  hostname: string | undefined;
}

/**
 * @param withLogin also where an ssh server answers: libvirt logs in itself before anything else, and says why it could not. One that does
 * not answer is asked in any case, since libvirt waits minutes for it.
 */
export async function peerFacts(
  hosts: Hosts,
  source: Virsh,
  { destination, how, options }: IntendedMove,
  itsSettings: Promise<DestinationSettings>,
  withLogin: boolean,
  clock: Clock,
): Promise<PeerFacts> {
  const host = hosts.host(destination);
  const uri = makePeerUri(host);
  const peer = readPeerUri(uri)!;
  const { transport, address, user } = peer;
  const certificates = peerCertificates(hosts, source, destination, peer);
  // It is waited for last, and what the other questions fail for comes first.
  certificates.catch(() => {});
  const controlPort = Number(peer.port ?? peerPorts[transport]);
  const login = loginCommand(peer, uri);
  const identity = identityCommand(peer, uri);
  const ask = () => reachControl(hosts, source, { destination, uri, address, controlPort, login, identity });
  const control =
    transport === "ssh" && !withLogin
      ? greeting(hosts, source, { destination, address, controlPort }).then((open) => open ?? ask())
      : ask();
  const settings = await itsSettings;
  const data = how === "live" && !options.tunnelled ? dataIn(settings, host) : undefined;
  const onData = data && (await reachData(hosts, source, { destination, ...data }));
  const asksLink = options.parallelConnections === "auto" && host.linkSpeed === undefined;
  const link = asksLink ? await linkTo(hosts, source.host, data?.address) : undefined;
  const answers = await control;
  const resolved = resolvedOf(answers?.resolved, onData?.resolved);
  return {
    uri,
    transport,
    address,
    controlPort,
    control: answers?.control,
    ping: answers?.ping,
    certificates: await certificates,
    dataAddress: data?.address,
    dataAddressFrom: data?.whose,
    ...(link !== undefined && { linkBitsPerSecond: link.bytesPerSecond * 8 }),
    dataRange: data?.range,
    dataPorts: onData?.dataPorts ?? [],
    ...(answers?.hostUuid !== undefined && { hostUuid: answers.hostUuid }),
    ...(resolved && { resolved, ...(await ownersIn(hosts, source, destination, resolved, settings, clock)) }),
    login: answers?.login && (await readLogin(hosts, answers.login, { source: source.host, destination, uri, user })),
  };
}

function resolvedOf(control: string[] | undefined, data: string[] | undefined): PeerFacts["resolved"] {
  if (!control?.length && !data?.length) return undefined;
  return { ...(control?.length && { control }), ...(data?.length && { data }) };
}

/** The other hosts are asked only where an address is not the destination's. */
async function ownersIn(
  hosts: Hosts,
  source: Virsh,
  destination: string,
  { control = [], data = [] }: NonNullable<PeerFacts["resolved"]>,
  { system }: DestinationSettings,
  clock: Clock,
): Promise<Pick<PeerFacts, "addressOwners">> {
  const its = system?.addresses;
  if (its === undefined) return {};
  const strange = [...new Set([...control.slice(0, 1), ...data.slice(0, 1)])].filter((each) => !its.includes(each));
  if (strange.length === 0) return {};
  return { addressOwners: await ownersOf(hosts, source, destination, strange, clock) };
}

/** Where the source will send the data: the inventory's word, else the destination's configuration, else its host name. */
function dataIn(
  { system, hostname }: DestinationSettings,
  { migrationAddress, migrationPort }: Host,
):
  | { address: string; whose: NonNullable<PeerFacts["dataAddressFrom"]>; range: { low: number; high: number } }
  | undefined {
  const { migrationPortMin = 49_152, migrationPortMax = 49_215, migrationHost } = system?.qemuConf ?? {};
  const range = { low: migrationPort ?? migrationPortMin, high: migrationPort ?? migrationPortMax };
  if (migrationAddress !== undefined)
    return { address: withoutBrackets(migrationAddress), whose: "migrationAddress", range };
  // Without qemu.conf it is not known whether the host name counts.
  if (system?.qemuConf === undefined || hostname === undefined) return undefined;
  if (migrationHost) return { address: migrationHost.replace(/[[\]]/g, ""), whose: "qemu.conf", range };
  return { address: hostname, whose: "hostname", range };
}
