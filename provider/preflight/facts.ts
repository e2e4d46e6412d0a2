/** Gathers what the rules want to know: reads only, few round trips, everything at once; what was not to be had stays undefined. */
import type { Clock } from "../core/ports";
import type { DomainFacts, HostFacts, MoveFacts, PeerFacts } from "../core/problems";
import { isPaused } from "../core/situation";
import { validity } from "../core/times";
import type { Hosts } from "../observe/hosts";
import type { Virsh } from "../virsh/client";
import type { DomainDefinition } from "../virsh/domainXml";
import type { IntendedMove } from "./intendedMove";
import { blockJobsOf } from "./probes/blockJobs";
import { capabilitiesOn } from "./probes/capabilities";
import { daemonsOn } from "./probes/daemons";
import { definitionOf } from "./probes/definition";
import { domainsOn } from "./probes/domains";
import { fitOn } from "./probes/fit";
import { givenOn } from "./probes/given";
import { hostnameOf } from "./probes/hostname";
import { imageCopyOn } from "./probes/imageCopy";
import { imagesOn } from "./probes/images";
import { mappedImagesOn } from "./probes/mappedImages";
import { migrateOptionsOn } from "./probes/migrateOptions";
import { networksOn } from "./probes/networks";
import { ownedOn } from "./probes/owned";
import { isPausedSinceArrival } from "./probes/pausedSinceArrival";
import { peerFacts } from "./probes/peer";
import { poolPathsOn } from "./probes/pools";
import { memoryUsedBy } from "./probes/residentMemory";
import { referredOn, secretsOn } from "./probes/referred";
import { snapshotsOf } from "./probes/snapshots";
import { systemOf } from "./probes/system";
import { UnreadableAnswers } from "./probes/unreadable";
import { versionsOn } from "./probes/versions";
import { destinationPathsOf, volumesOn } from "./probes/volumes";

/**
 * @param withLogin see {@link peerFacts}.
 * @throws PlacementError when a host cannot be asked at all.
 */
export async function moveFacts(hosts: Hosts, move: IntendedMove, clock: Clock, withLogin = true): Promise<MoveFacts> {
  const { command, how, options, staleImages } = move;
  const [source, destination] = await Promise.all([hosts.on(move.source), hosts.on(move.destination)]);
  const wants = { certificates: wantsCertificates(move), pools: options.copyStorage !== undefined };
  const unreadable = new UnreadableAnswers();
  const definition = definitionOf(hosts, source, move.domain.uuid, unreadable);
  const volumesThere = definition.then((known) => volumesOn(destination, known, options));

  const [
    sourceFacts,
    destinationFacts,
    domain,
    images,
    volumes,
    mapped,
    referred,
    owned,
    peer,
    fit,
    givenOnDestination,
  ] = await Promise.all([
    hostFacts(hosts, source, wants, clock, unreadable),
    hostFacts(hosts, destination, wants, clock, unreadable),
    definition.then((known) => known && domainFacts(source, known, move)),
    definition.then(async (known) => {
      const destinationPaths = destinationPathsOf(known, { ...(await volumesThere), options });
      const found = await imagesOn(source, destination, known, destinationPaths);
      return options.copyStorage === undefined
        ? found
        : imageCopyOn(source, destination, known, found, destinationPaths, move);
    }),
    volumesThere,
    definition.then(async (known) => mappedImagesOn(destination, known, { ...(await volumesThere), options })),
    definition.then((known) => referredOn(destination, known)),
    definition.then((known) => ownedOn(source, destination, known)),
    peerOf(hosts, move, clock, withLogin),
    definition.then((known) => known && fitOn(hosts, source, destination, known)),
    move.limits && how === "live" ? givenOn(destination) : undefined,
  ]);
  return {
    source: sourceFacts,
    destination: destinationFacts,
    domain,
    ...images,
    ...volumes,
    ...mapped,
    ...referred,
    ...owned,
    peer,
    fit,
    unreadable: unreadable.all,
    command,
    how,
    options,
    staleImages,
    limits: move.limits,
    givenOnDestination,
    nowMs: clock.now(),
  };
}

/** The destination as the source sees it. */
export async function peerOf(
  hosts: Hosts,
  move: IntendedMove,
  clock: Clock,
  withLogin: boolean,
): Promise<PeerFacts | undefined> {
  const [source, destination] = await Promise.all([hosts.on(move.source), hosts.on(move.destination)]);
  const itsSettings = Promise.all([
    systemOf(hosts, destination, wantsCertificates(move), clock),
    hostnameOf(hosts, destination),
  ]).then(([system, hostname]) => ({ system, hostname }));
  return peerFacts(hosts, source, move, itsSettings, withLogin, clock);
}

function wantsCertificates({ how, options }: IntendedMove): boolean {
  return how === "live" && options.tls === true;
}

async function hostFacts(
  hosts: Hosts,
  virsh: Virsh,
  wants: { certificates: boolean; pools: boolean },
  clock: Clock,
  unreadable: UnreadableAnswers,
): Promise<HostFacts> {
  const settings = systemOf(hosts, virsh, wants.certificates, clock);
  const [versions, capabilities, migrateOptions, domains, networks, poolPaths, system, daemons, secrets] =
    await Promise.all([
      versionsOn(hosts, virsh),
      capabilitiesOn(hosts, virsh, unreadable),
      migrateOptionsOn(hosts, virsh),
      domainsOn(hosts, virsh),
      networksOn(hosts, virsh),
      wants.pools ? poolPathsOn(virsh, unreadable) : undefined,
      settings,
      daemonsOn(hosts, virsh, validity.settings),
      // Of a private key that is encrypted.
      settings.then((known) => (wants.certificates && known?.qemuConf?.tlsSecret ? secretsOn(virsh) : undefined)),
    ]);
  return {
    host: virsh.host,
    ...versions,
    hostUuid: capabilities?.hostUuid,
    cpu: capabilities?.cpu,
    securityModels: capabilities?.securityModels,
    machines: capabilities?.machines,
    migrateOptions,
    domains,
    networks,
    poolPaths,
    system,
    daemons,
    secrets,
  };
}

async function domainFacts(source: Virsh, definition: DomainDefinition, move: IntendedMove): Promise<DomainFacts> {
  const { uuid, state } = move.domain;
  const isLive = move.how === "live";
  const [snapshots, memoryUsedBytes, blockJobs, pausedSinceArrival] = await Promise.all([
    snapshotsOf(source, uuid),
    isLive ? memoryUsedBy(source, uuid, definition.memoryBytes) : undefined,
    isLive ? blockJobsOf(source, uuid, definition) : undefined,
    isLive && isPaused(move.domain) ? isPausedSinceArrival(source, uuid) : undefined,
  ]);
  const { cpuXml: _, ...known } = definition;
  return { ...known, ...snapshots, state, pausedSinceArrival, blockJobs, memoryUsedBytes };
}
