/**
 * What a VM is bound to must be on the destination: libvirt writes its sets of CPUs into a control group and into the affinity of each
 * thread, and asks for each NUMA node by its number. It makes nothing of its own where that fails.
 */
import { showCpuSet } from "../cpuSet";
import { type Daemons, restarting } from "../daemons";
import { listed } from "../near";
import type { CpuPin, Topology } from "../pinning";
import type { Problem, Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { anyOf, onOneLine } from "../textMatch";
import type { DomainFacts, MoveFacts } from "./facts";
import type { StderrCause } from "./stderr";

export function boundToWhatIsThere(facts: MoveFacts): Problem[] {
  const { domain, destination } = facts;
  const topology = destination.system?.topology;
  if (domain === undefined || topology === undefined) return [];
  return [
    ...cpusRefused(domain, topology, facts),
    ...cpusOffline(domain, topology, facts),
    ...nodesMissing(domain, topology, facts),
    ...numadMissing(domain, topology, facts),
  ];
}

/** The definition alone goes wherever it is sent; only the next start fails. */
function severityOf({ how }: MoveFacts): Problem["severity"] {
  return how === "live" ? "blocker" : "warning";
}

function missing(needed: readonly number[], available: readonly number[] | undefined): number[] {
  return available === undefined ? [] : needed.filter((each) => !available.includes(each));
}

/** What the kernel refuses: a CPU that cannot be, with the first hierarchy of control groups one that is offline, and a set without any that is online. */
function refusedBy(topology: Topology, { cpus }: CpuPin): number[] {
  const offline = missing(cpus, topology.onlineCpus);
  const impossible = missing(cpus, topology.possibleCpus);
  if (offline.length === cpus.length || !topology.cgroup2) return offline;
  return impossible;
}

function cpusRefused(domain: DomainFacts, topology: Topology, facts: MoveFacts): Problem[] {
  const { host } = facts.destination;
  const pins = domain.pinning.cpus.filter((pin) => refusedBy(topology, pin).length > 0);
  if (pins.length === 0) return [];
  const cpus = pins.flatMap((pin) => refusedBy(topology, pin));
  const offline = cpus.filter((cpu) => topology.possibleCpus?.includes(cpu));
  return [
    {
      rule: "cpu-pinning",
      severity: severityOf(facts),
      code: "migrationRefused",
      host,
      message:
        `${threads(pins)} of ${domain.name} ${isOne(pins) ? "is" : "are"} pinned to CPUs that ${host} ` +
        `${offline.length > 0 ? "does not have online" : "does not have"} (${showCpuSet(cpus)})${hasOf(topology.onlineCpus)}`,
      remedies: [...(offline.length > 0 ? [switchOn(host, offline)] : []), pinElsewhere(domain, facts, pins)],
    },
  ];
}

function cpusOffline(domain: DomainFacts, topology: Topology, facts: MoveFacts): Problem[] {
  const { host } = facts.destination;
  const pins = domain.pinning.cpus.filter(
    (pin) => refusedBy(topology, pin).length === 0 && missing(pin.cpus, topology.onlineCpus).length > 0,
  );
  if (pins.length === 0) return [];
  const cpus = pins.flatMap((pin) => missing(pin.cpus, topology.onlineCpus));
  return [
    {
      rule: "cpu-pinning",
      severity: "warning",
      code: "migrationRefused",
      host,
      message: `${threads(pins)} of ${domain.name} ${isOne(pins) ? "is" : "are"} pinned to CPUs of which some are offline on ${host} (${showCpuSet(cpus)}): the other CPUs would have to run them`,
      remedies: [switchOn(host, cpus), pinElsewhere(domain, facts, pins)],
    },
  ];
}

function nodesMissing(domain: DomainFacts, { numaNodes }: Topology, facts: MoveFacts): Problem[] {
  const { host } = facts.destination;
  const bound = domain.pinning.nodes.filter(({ nodes }) => missing(nodes, numaNodes).length > 0);
  if (bound.length === 0) return [];
  const nodes = bound.flatMap((each) => missing(each.nodes, numaNodes));
  const changeable = bound.every(
    ({ guestNode, mode }) => guestNode === undefined && /^(strict|restrictive)$/.test(mode),
  );
  const live = commandLine`virsh numatune ${domain} --nodeset NODES --live --config`;
  return [
    {
      rule: "numa-nodes",
      severity: severityOf(facts),
      code: "migrationRefused",
      host,
      message: `the memory of ${domain.name} is bound to NUMA nodes that ${host} does not have (${showCpuSet(nodes)})${hasOf(numaNodes)}`,
      remedies: [
        ...(changeable && facts.how === "live"
          ? [
              {
                do: `bind it to NUMA nodes that both hosts have (NODES)`,
                commands: [{ host: facts.source.host, command: live }],
              },
            ]
          : []),
        {
          do: `change <numatune> to NUMA nodes that both hosts have, and restart ${domain.name}`,
          commands: [{ host: facts.source.host, command: commandLine`virsh edit ${domain}` }],
        },
      ],
    },
  ];
}

function numadMissing(domain: DomainFacts, { numad }: Topology, facts: MoveFacts): Problem[] {
  const { host } = facts.destination;
  if (!domain.pinning.automatic || numad) return [];
  return [
    {
      rule: "numad",
      severity: severityOf(facts),
      code: "migrationRefused",
      host,
      message: `libvirt asks numad where to put ${domain.name} (placement="auto"), but ${host} has no numad`,
      remedies: [installNumad(host, facts.destination.daemons)],
    },
  ];
}

function threads(pins: readonly CpuPin[]): string {
  const ids = (what: CpuPin["what"]) => pins.flatMap((pin) => (pin.what === what ? (pin.id ?? []) : []));
  const [vcpus, iothreads] = [ids("vcpu"), ids("iothread")];
  return listed(
    [
      ...(pins.some(({ what }) => what === "all") ? ["every thread without its own pinning"] : []),
      ...(vcpus.length > 0 ? [`vCPU ${showCpuSet(vcpus)}`] : []),
      ...(pins.some(({ what }) => what === "emulator") ? ["the emulator"] : []),
      ...(iothreads.length > 0 ? [`I/O thread ${showCpuSet(iothreads)}`] : []),
    ],
    "and",
  );
}

function hasOf(available: readonly number[] | undefined): string {
  return available === undefined ? "" : `: it has ${showCpuSet(available)}`;
}

function isOne(pins: readonly CpuPin[]): boolean {
  return pins.length === 1;
}

function switchOn(host: string, cpus: readonly number[]): Remedy {
  return { do: "bring these CPUs online", commands: [{ host, command: commandLine`chcpu -e ${showCpuSet(cpus)}` }] };
}

/** libvirt takes a new pin at any time. */
function pinElsewhere(
  domain: Pick<DomainFacts, "name" | "uuid">,
  { source, how }: Pick<MoveFacts, "source" | "how">,
  pins: readonly CpuPin[],
): Remedy {
  const has = (...what: CpuPin["what"][]) => pins.some((pin) => what.includes(pin.what));
  const when = how === "live" ? "--live --config" : "--config";
  const commands = [
    ...(has("vcpu", "all") ? [commandLine`virsh vcpupin ${domain} --vcpu N --cpulist CPUS`] : []),
    ...(has("emulator", "all") ? [commandLine`virsh emulatorpin ${domain} --cpulist CPUS`] : []),
    ...(has("iothread") ? [commandLine`virsh iothreadpin ${domain} --iothread N --cpulist CPUS`] : []),
  ];
  return {
    do: "pin each to CPUs that both hosts have (CPUS)",
    commands: commands.map((command) => ({ host: source.host, command: `${command} ${when}` })),
  };
}

function installNumad(host: string, daemons: Daemons | undefined): Remedy {
  const { then, commands } = restarting(host, daemons);
  return { do: `install numad on ${host} and ${then}`, ...(commands.length > 0 && { commands }) };
}

export const pinningUnfit: StderrCause = {
  stderr: anyOf(
    /NUMA node \d{1,9} is unavailable|[Cc]annot set CPU affinity on process/,
    onOneLine(/cpuset\.(cpus|mems)/, /Invalid argument|Numerical result out of range/),
  ),
  code: "migrationRefused",
  remedies: ({ source, destination, domain }) => [
    {
      do: `bind ${domain} to CPUs and NUMA nodes that ${destination} has too (<vcpupin>, <emulatorpin>, <numatune>), or to none`,
      commands: [
        { host: destination, command: "virsh nodeinfo" },
        { host: source, command: commandLine`virsh vcpupin ${domain}` },
        { host: source, command: commandLine`virsh numatune ${domain}` },
      ],
    },
  ],
};

export const numadUnfit: StderrCause = {
  stderr: /numad is not available|Failed to query numad/,
  code: "migrationRefused",
  namesDaemons: true,
  remedies: ({ destination, daemons }) => [installNumad(destination, daemons?.[destination])],
};
