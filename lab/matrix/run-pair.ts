/** Every case between two hosts, there and back. */
import { type Lab, type LabHost } from "../libvirt";
import { attempt, type Outcome } from "./attempt";
import { cases, type Expected, type Kind, type MatrixCase } from "./cases";

export interface End {
  host: LabHost;
  kind: Kind;
}

export interface MatrixResult {
  test: MatrixCase;
  source: Kind;
  destination: Kind;
  outcome: Outcome;
  /** What was expected and did not come. */
  unexpected?: string;
}

const guestOf = {
  running: "vm-running",
  shutOff: "vm-off",
  "newest machine type": "vm-newest",
  "own disk": "vm-disk",
  "hard limit": "vm-limited",
  "host-model": "vm-model",
  "host-passthrough": "vm-passthrough",
};
const baseMachine = "pc-q35-7.2";

export async function kindOf(host: LabHost): Promise<Kind> {
  const text = await host.virsh("version --daemon");
  const of = (pattern: RegExp) => pattern.exec(text)?.[1] ?? "unknown";
  const machines = await host.must("qemu-system-x86_64 -machine help");
  const machine = /^q35 .*\(alias of (\S+)\)/m.exec(machines)?.[1] ?? baseMachine;
  return { release: host.release, libvirt: of(/daemon: (\S+)/), qemu: of(/hypervisor: QEMU (\S+)/), machine };
}

export async function runPair(
  lab: Lab,
  ends: readonly [End, End],
  chosen: (test: MatrixCase) => boolean,
  show: (result: MatrixResult) => void,
): Promise<void> {
  const id = ends.map(({ host }) => host.name).join("-to-");
  try {
    for (const test of cases.filter(chosen)) {
      for (const [source, destination] of [ends, [ends[1], ends[0]]] as const) {
        const guest = `${guestOf[test.guest ?? "running"]}-${id}`;
        const outcome = await bring(lab, guest, test, source, destination).then(
          () => attempt(lab, { ...test, guest, source: source.host, destination: destination.host }),
          (error: Error): Outcome => ({ kind: "wrong", message: error.message }),
        );
        const unexpected = differs(outcome, test.expect?.(source.kind, destination.kind));
        if (outcome.kind === "wrong" || unexpected !== undefined) await remove(ends, guest);
        const result = { test, source: source.kind, destination: destination.kind, outcome };
        show({ ...result, ...(unexpected !== undefined && { unexpected }) });
      }
    }
  } finally {
    for (const guest of Object.values(guestOf)) await remove(ends, `${guest}-${id}`);
  }
}

/** Has the case's VM on the source: started there, or brought back from the other host. */
async function bring(lab: Lab, guest: string, test: MatrixCase, source: End, other: End): Promise<void> {
  const knows = async ({ host }: End) => (await host.virsh("list --all --name")).split("\n").includes(guest);
  if (await knows(source)) {
    // What the host's CPU gives is settled when the VM starts.
    if (test.guest !== "newest machine type" && test.guest !== "host-model") return;
    // Each source has a newest of its own.
    const xml = await source.host.virsh(`dumpxml ${guest}`);
    if (test.guest !== "host-model" && xml.includes(`machine='${source.kind.machine}'`)) return;
  }
  await remove([source, other], guest);
  await lab.startGuest({
    name: guest,
    host: source.host.name,
    machine: test.guest === "newest machine type" ? source.kind.machine : baseMachine,
    state: test.guest === "shutOff" ? "shutOff" : "running",
    disk: test.guest === "own disk" ? "file" : "nbd",
    ...(test.guest === "hard limit" && { hardLimitKiB: 4096 }),
    ...((test.guest === "host-model" || test.guest === "host-passthrough") && { cpu: test.guest }),
  });
}

async function remove(ends: readonly End[], guest: string): Promise<void> {
  await Promise.all(
    ends.map(({ host }) =>
      // QEMU begins its serial file again: what was printed before is not to be taken for what is new.
      host.sh(
        `for do in domjobabort destroy undefine; do virsh -q $do ${guest}; done; rm -f /var/lib/libvirt/${guest}.serial`,
        { timeoutMs: 40_000 },
      ),
    ),
  );
}

function differs(outcome: Outcome, expected: Expected): string | undefined {
  if (outcome.kind === "wrong") return outcome.message;
  if (expected === undefined)
    return outcome.kind === "works" ? undefined : `refused although it should work: ${outcome.message}`;
  if (outcome.kind === "works") return `it worked, although ${expected.says.source} was expected`;
  const [kind, code] = "before" in expected ? (["before", expected.before] as const) : (["by", expected.by] as const);
  const right = outcome.kind === kind && outcome.code === code && expected.says.test(outcome.message);
  return right
    ? undefined
    : `refused ${outcome.kind === "by" ? "by libvirt" : "before"} as ${outcome.code}: ${outcome.message}`;
}
