/** Gathers what the rules want to know: reads only, few round trips, everything at once; what was not to be had stays undefined. */
import { renderRemedies } from "../core/problem";
import type { StaleImage } from "../core/args";
import { clean } from "../core/clean";
import type { MigrationOptions } from "../core/options";
import type { Clock } from "../core/ports";
import type {
  DomainFacts,
  FitFacts,
  HostFacts,
  MoveFacts,
  PeerFacts,
  SystemFacts,
  UnreadableAnswer,
} from "../core/rules";
import type { Virsh } from "../virsh/client";
import { peerUri } from "../virsh/command";
import { type DomainDefinition, parseDomainXml } from "../virsh/domainXml";
import { readFailure } from "../virsh/failures";
import { parseCapabilities, parseCpuComparison, parsePoolPath, parseTpmBackends } from "../virsh/hostXml";
import { inspectScript, parseInspected } from "../virsh/ownedFiles";
import {
  hasBlockJob,
  parseHelpOptions,
  parseHostname,
  parseResidentBytes,
  parseUuids,
  parseVersions,
} from "../virsh/parse";
import {
  imagesScript,
  parseImages,
  parsePeer,
  peerAnswer,
  parseSystem,
  peerScript,
  type PeerQuestion,
  systemScript,
} from "../virsh/report";
import { sh, type ShellScript } from "../virsh/shellScript";
import { pausedSinceArrival, qemuStartScript } from "../virsh/sinceArrival";
import { command, type VirshCommand } from "../virsh/virshCommand";
import type { Hosts } from "../observe/hosts";
import { peerKeys } from "../observe/peerKeys";

/** What changes under way is good for as long as one observation; what changes with an upgrade, for the process. */
const volatileMs = 3000;
const lastingMs = Infinity;
/** A way that was open between two hosts; one that was not is tried again every time. */
const wayMs = 600_000;

export interface IntendedMove {
  uuid: string;
  state: string;
  from: string;
  to: string;
  command: string;
  how: "live" | "offline";
  options: MigrationOptions;
  /** As the state knows them. */
  staleImages?: readonly StaleImage[] | undefined;
}

/** @throws PlacementError when a host cannot be asked at all. */
export async function moveFacts(hosts: Hosts, move: IntendedMove, clock: Clock): Promise<MoveFacts> {
  const { from, to, uuid, how, options } = move;
  const [source, destination] = await Promise.all([hosts.virsh(from), hosts.virsh(to)]);
  const wants = { certificates: how === "live" && options.tls === true, pools: options.copyStorage !== undefined };
  const unreadable = new Unreadable();
  const definition = source
    .inquire(command`dumpxml ${uuid}`)
    .then(async (xml) => {
      const asked = { host: from, what: "definition", command: `virsh dumpxml ${uuid}` } as const;
      // A VM that has left meanwhile has no definition to read; the hosts are observed once more before anything runs.
      const isThere = xml !== undefined || (await source.state(uuid).catch(() => "unknown")) !== undefined;
      if (xml === undefined && isThere) unreadable.answers.push({ ...asked, unanswered: true });
      return unreadable.unless(asked, xml, parseDomainXml);
    })
    .then((domain) => domain && atTheSystemsPlaces(domain, hosts.uri));
  const target = Promise.all([systemOf(hosts, destination, wants.certificates, clock), hostnameOf(hosts, destination)]);

  const [sourceFacts, destinationFacts, domain, images, owned, peer, fit] = await Promise.all([
    hostFacts(hosts, source, wants, clock, unreadable),
    hostFacts(hosts, destination, wants, clock, unreadable),
    definition.then((known) => known && domainFacts(source, known, move)),
    definition.then((known) => imagesOf(source, destination, known)),
    definition.then((known) => ownedOf(source, destination, known)),
    peerFacts(hosts, source, move, target),
    definition.then((known) => known && fitOf(hosts, destination, known)),
  ]);
  return {
    source: sourceFacts,
    destination: destinationFacts,
    domain,
    ...images,
    ...owned,
    peer,
    fit,
    unreadable: unreadable.answers,
    command: move.command,
    how,
    options,
    staleImages: move.staleImages,
    nowMs: clock.now(),
  };
}

async function hostFacts(
  hosts: Hosts,
  virsh: Virsh,
  wants: { certificates: boolean; pools: boolean },
  clock: Clock,
  unreadable: Unreadable,
): Promise<HostFacts> {
  const { host } = virsh;
  const known = <T>(answer: T | undefined) => answer !== undefined;
  const ask = (question: VirshCommand, goodForMs: number) =>
    hosts.remember(`${host}: ${question.text}`, goodForMs, () => virsh.inquire(question), known);
  const [version, capabilities, help, domains, networks, activeNetworks, poolPaths, system] = await Promise.all([
    ask(command`version --daemon`, lastingMs),
    hosts.remember(
      `${host}: capabilities`,
      lastingMs,
      async () => {
        const xml = await virsh.inquire(command`capabilities`);
        return unreadable.unless({ host, what: "capabilities", command: "virsh capabilities" }, xml, parseCapabilities);
      },
      known,
    ),
    ask(command`help migrate`, lastingMs),
    hosts.remember(`${host}: domains`, volatileMs, () => virsh.inquireDomains(), known),
    ask(command`net-list --all --name`, volatileMs),
    ask(command`net-list --name`, volatileMs),
    wants.pools ? poolPathsOf(virsh, unreadable) : undefined,
    systemOf(hosts, virsh, wants.certificates, clock),
  ]);
  const runningNetworks = parseUuids(activeNetworks ?? "");
  return {
    host,
    ...(version === undefined ? { libvirt: undefined, qemu: undefined } : parseVersions(version)),
    hostUuid: capabilities?.hostUuid,
    cpu: capabilities?.cpu,
    securityModels: capabilities?.securityModels,
    machines: capabilities?.machines,
    migrateOptions: help === undefined ? undefined : parseHelpOptions(help),
    domains,
    networks:
      networks === undefined
        ? undefined
        : [...parseUuids(networks)].map((name) => ({ name, active: runningNetworks.has(name) })),
    poolPaths,
    system,
  };
}

function hostnameOf(hosts: Hosts, virsh: Virsh): Promise<string | undefined> {
  return hosts.remember(
    `${virsh.host}: hostname`,
    lastingMs,
    async () => {
      const name = await virsh.inquire(command`hostname`);
      return name === undefined ? undefined : parseHostname(name);
    },
    (name) => name !== undefined,
  );
}

function systemOf(
  hosts: Hosts,
  virsh: Virsh,
  withCertificates: boolean,
  clock: Clock,
): Promise<SystemFacts | undefined> {
  return hosts.remember(`${virsh.host}: system ${withCertificates}`, volatileMs, async () => {
    const askedAt = clock.now();
    const answer = await virsh.inquireShell(systemScript({ withCertificates }));
    return answer && parseSystem(answer.stdout, askedAt, clock.now());
  });
}

/** By UUID: a pool's name may be anything, and a list of names has no end of a name but the end of the line. */
async function poolPathsOf(virsh: Virsh, unreadable: Unreadable): Promise<string[] | undefined> {
  const uuids = await virsh.inquire(command`pool-list --uuid`);
  if (uuids === undefined) return undefined;
  const pools = await Promise.all(
    [...parseUuids(uuids)].map((uuid) => virsh.inquire(command`pool-dumpxml --pool=${uuid}`)),
  );
  const asked = { host: virsh.host, what: "storage pools", command: "virsh pool-dumpxml POOL" } as const;
  return pools.flatMap((xml) => unreadable.unless(asked, xml, parsePoolPath) || []);
}

async function domainFacts(source: Virsh, definition: DomainDefinition, move: IntendedMove): Promise<DomainFacts> {
  const { uuid, how, state } = move;
  const names = async (question: VirshCommand) => {
    const list = await source.inquire(question);
    return list === undefined ? undefined : [...parseUuids(list)];
  };
  const paused = how === "live" && state === "paused";
  const [snapshots, checkpoints, memory, blockJobs, vcpus, qemuStart] = await Promise.all([
    names(command`snapshot-list --name ${uuid}`),
    names(command`checkpoint-list --name ${uuid}`),
    how === "live" ? source.inquire(command`domstats --balloon ${uuid}`) : undefined,
    how === "live" ? blockJobsOf(source, uuid, definition) : undefined,
    paused ? source.inquire(command`domstats --vcpu ${uuid}`) : undefined,
    paused ? source.inquireShell(qemuStartScript(uuid)) : undefined,
  ]);
  const { cpuXml: _, ...known } = definition;
  const resident = parseResidentBytes(memory ?? "");
  return {
    ...known,
    state,
    pausedSinceArrival: pausedSinceArrival(vcpus, qemuStart?.stdout),
    snapshots,
    checkpoints,
    blockJobs,
    memoryUsedBytes: resident === undefined ? undefined : Math.min(resident, known.memoryBytes),
  };
}

async function blockJobsOf(source: Virsh, uuid: string, { disks }: DomainDefinition): Promise<string[]> {
  const busy = await Promise.all(
    disks.map(async ({ target, path, type }) => {
      if (path === undefined && type !== "network") return [];
      const job = await source.inquire(command`blockjob ${uuid} --path=${target} --raw`);
      return job === undefined || !hasBlockJob(job) ? [] : [target];
    }),
  );
  return busy.flat();
}

async function imagesOf(
  source: Virsh,
  destination: Virsh,
  domain: DomainDefinition | undefined,
): Promise<Pick<MoveFacts, "sourceImages" | "destinationImages">> {
  const paths = [
    ...(domain?.disks ?? []).flatMap(({ path }) => path ?? []),
    ...(domain?.bootFiles ?? []).map(({ path }) => path),
    ...(domain?.owned ?? []).flatMap(({ template }) => template ?? []),
  ].filter((path) => path.startsWith("/"));
  if (paths.length === 0) return { sourceImages: {}, destinationImages: {} };
  const look = async (virsh: Virsh) => parseImages((await virsh.inquireShell(imagesScript(paths)))?.stdout ?? "");
  const [sourceImages, destinationImages] = await Promise.all([look(source), look(destination)]);
  return { sourceImages, destinationImages };
}

async function ownedOf(
  source: Virsh,
  destination: Virsh,
  domain: DomainDefinition | undefined,
): Promise<Pick<MoveFacts, "sourceOwned" | "destinationOwned">> {
  const paths = (domain?.owned ?? []).flatMap(({ path }) => path ?? []);
  if (paths.length === 0) return { sourceOwned: undefined, destinationOwned: undefined };
  const look = async (virsh: Virsh) => parseInspected((await virsh.inquireShell(inspectScript(paths)))?.stdout ?? "");
  const [sourceOwned, destinationOwned] = await Promise.all([look(source), look(destination)]);
  return { sourceOwned, destinationOwned };
}

/** Daemons of single users keep things in their homes; where, is not known here. */
function atTheSystemsPlaces(domain: DomainDefinition, uri: string): DomainDefinition {
  if (!/\/session\b/.test(uri)) return domain;
  return { ...domain, owned: domain.owned.map((owned) => ({ ...owned, path: undefined })) };
}

/** libvirt probes an emulator once and then knows it; its answer changes with an upgrade only. */
function fitOf(hosts: Hosts, destination: Virsh, domain: DomainDefinition): Promise<FitFacts> {
  const { virtType, arch, machine, emulator, cpuXml } = domain;
  const what = [
    sh`--virttype=${virtType}`,
    ...(arch === "" ? [] : [sh`--arch=${arch}`]),
    ...(machine === "" ? [] : [sh`--machine=${machine}`]),
  ];
  const key = [...what, emulator ?? "", cpuXml ?? ""].join(" ");
  return hosts.remember(
    `${destination.host}: fit ${key}`,
    lastingMs,
    async () => {
      const [capabilities, cpu] = await Promise.all([
        destination.inquireShell(
          sh`virsh -q domcapabilities ${what} ${emulator === undefined ? [] : [sh`--emulatorbin=${emulator}`]}`,
        ),
        cpuXml === undefined || domain.cpuMode === "host-passthrough"
          ? undefined
          : destination.inquireShell(
              // Standard input may be a socket, which virsh cannot open by name; a pipe it can.
              sh`printf '%s\\n' ${cpuXml} | virsh -q hypervisor-cpu-compare --error ${what} ${emulator === undefined ? [] : [sh`--emulator=${emulator}`]} /dev/stdin`,
            ),
      ]);
      return {
        capabilities: capabilities && capabilitiesOf(capabilities.code, capabilities.stdout, capabilities.stderr),
        cpu: cpu && parseCpuComparison(cpu.code, `${cpu.stdout}\n${cpu.stderr}`),
      };
    },
    // What was refused may be fixed meanwhile.
    ({ capabilities, cpu }) => capabilities !== undefined && !("refusal" in capabilities) && cpu?.compatible !== false,
  );
}

function capabilitiesOf(code: number | null, xml: string, stderr: string): FitFacts["capabilities"] {
  if (code === 0) return { tpmBackends: parseTpmBackends(xml) };
  const said = clean(stderr)
    .split("\n")
    .map((line) => line.replace(/^error: */, "").trim())
    .filter((line) => line !== "" && line !== "failed to get emulator capabilities");
  // Only what libvirt says of the VM asked for; that it cannot be reached, say, is another's to tell.
  return said.length > 0 && /not support|Cannot check QEMU binary|emulator|machine/i.test(said.join(" "))
    ? { refusal: said.join("; ").replace(/^invalid argument: /, "") }
    : undefined;
}

/** Answers that came, and that nothing can be concluded from. */
class Unreadable {
  readonly answers: UnreadableAnswer[] = [];

  /** What `parse` makes of an answer; one that it makes nothing of is noted. */
  unless<T>(asked: UnreadableAnswer, text: string | undefined, parse: (text: string) => T | undefined): T | undefined {
    if (text === undefined) return undefined;
    const read = parse(text);
    if (read === undefined) this.answers.push(asked);
    return read;
  }
}

const controlPorts = { ssh: 22, tls: 16_514, tcp: 16_509 };

async function peerFacts(
  hosts: Hosts,
  source: Virsh,
  move: IntendedMove,
  target: Promise<[SystemFacts | undefined, string | undefined]>,
): Promise<PeerFacts | undefined> {
  const { from, to, how, options } = move;
  const destination = hosts.host(to);
  const uri = peerUri(destination);
  const [, transport = "ssh", user, bracketed = "", port] =
    /^qemu\+(ssh|tls|tcp):\/\/(?:([^@]+)@)?(\[[^\]]+\]|[^:/]+)(?::(\d+))?/.exec(uri) ?? [];
  const address = bracketed.replace(/[[\]]/g, "").replace("%25", "%");
  const kind = transport as PeerFacts["transport"];
  const controlPort = port === undefined ? controlPorts[kind] : Number(port);
  const login = kind === "ssh" ? loginCommand(address, user, port) : undefined;
  const asked = (question: PeerQuestion) => async () => {
    const answer = await source.inquireShell(peerScript(question));
    return answer && parsePeer(answer.stdout);
  };
  const key = `${from} → ${to}`;
  const control = hosts.remember(
    `${key}: ${uri}`,
    wayMs,
    asked({ address, controlPort, dataAddress: undefined, dataPorts: [], login }),
    (answers) =>
      answers !== undefined &&
      (login === undefined
        ? answers.control === "open"
        : answers.login?.code === 0 && answers.login.noise === undefined),
  );
  const data = dataOf(...(await target), how === "live" && !options.tunnelled, destination.migrationAddress);
  const dataPorts =
    data === undefined
      ? undefined
      : await hosts.remember(
          `${key}: ${data.address} ${data.ports.join(" ")}`,
          wayMs,
          asked({
            address: data.address,
            controlPort: undefined,
            dataAddress: data.address,
            dataPorts: data.ports,
            login: undefined,
          }),
          (answers) => answers?.dataPorts.every(({ answer }) => answer === "open" || answer === "refused") ?? false,
        );
  const answers = await control;
  if (answers === undefined) return undefined;
  return {
    uri,
    transport: kind,
    address,
    controlPort,
    control: answers.control,
    ping: answers.ping,
    dataAddress: data?.address,
    dataAddressFrom: data?.whose,
    dataPorts: dataPorts?.dataPorts ?? [],
    login: answers.login && (await loginFacts(hosts, answers.login, { from, to, uri, user })),
  };
}

/** libvirt's ssh transport runs ssh without a terminal; behind it libvirt must answer too. */
function loginCommand(address: string, user: string | undefined, port: string | undefined): ShellScript {
  const login = user === undefined ? address : `${user}@${address}`;
  return sh`ssh -T -o BatchMode=yes -o ConnectTimeout=5 ${port === undefined ? [] : ["-p", port]} -- ${login} virsh -q -c ${peerAnswer} uri`;
}

async function loginFacts(
  hosts: Hosts,
  { code, tookMs, said, noise }: { code: number; tookMs: number; said: string; noise?: string },
  { from, to, uri, user = "root" }: { from: string; to: string; uri: string; user: string | undefined },
): Promise<NonNullable<PeerFacts["login"]>> {
  if (code === 0) return { works: true, tookMs, ...(noise !== undefined && { noise: { text: noise, user } }) };
  const context = { domain: "the domain", source: from, destination: to, sourceUser: "root", peerUri: uri };
  let failure = readFailure(said, context);
  if (["virshMissing", "libvirtDown", "socketPermission"].includes(failure.code)) {
    failure = readFailure(said, { ...context, source: to, sourceUser: user });
  } else if (failure.code === "peerUntrusted") {
    failure = readFailure(said, { ...context, ...(await peerKeys(hosts, from, to)) });
  }
  const { code: known, message, remedies } = failure;
  return {
    works: false,
    code: known === "migrationFailed" ? "peerUnreachable" : known,
    why: message,
    next: renderRemedies(remedies),
  };
}

/** Where the source will send the data: the inventory's word, else the destination's configuration, else its host name. */
function dataOf(
  target: SystemFacts | undefined,
  hostname: string | undefined,
  sends: boolean,
  migrationAddress: string | undefined,
): { address: string; whose: NonNullable<PeerFacts["dataAddressFrom"]>; ports: number[] } | undefined {
  if (!sends) return undefined;
  const { migrationPortMin: low = 49_152, migrationPortMax: high = 49_215, migrationHost } = target?.qemuConf ?? {};
  const ports = low === high ? [low] : [low, high];
  if (migrationAddress !== undefined) return { address: migrationAddress, whose: "migrationAddress", ports };
  // Without qemu.conf nobody knows whether the host name counts.
  if (target?.qemuConf === undefined || hostname === undefined) return undefined;
  if (migrationHost) return { address: migrationHost.replace(/[[\]]/g, ""), whose: "qemu.conf", ports };
  return { address: hostname, whose: "hostname", ports };
}
