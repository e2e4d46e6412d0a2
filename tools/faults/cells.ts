/** The matrix: each fault, how the lab does it, and the phases it strikes in, with what must come of it. */
import { machineAddress } from "../../lab/libvirt/network";
import type { LabHost } from "../../lab/libvirt";
import type { Fault } from "./cell";
import { kill, type Scene } from "./scene";

/** What `up` says of a move that it found running. */
const takesOver = /no second one is started/;
const moved = /moved kvm-a → kvm-b/;

const controllerLost: Fault["cells"] = {
  "before start": { up: "fails", says: /starting/ },
  "pre-copy": { up: "fails", says: /pre-copy/, holdUntil: takesOver, next: moved },
  "switch-over": { up: "fails", says: /pre-copy|starting/, next: /./ },
  "post-copy": { up: "fails", says: /post-copy/, holdUntil: takesOver, next: moved },
  "after completion": { up: "fails", says: /./ },
};

async function killProvider(scene: Scene): Promise<void> {
  for (const pid of scene.processes("dynamic-provider")) kill(pid, "SIGKILL");
  return Promise.resolve();
}

/** Packets from the machine that runs Pulumi vanish: no connection ends, and nothing answers. */
const silence = ({ lab }: Scene, host: LabHost) =>
  host.blockPort(22, { action: "drop", from: machineAddress(lab.record) });

async function cut({ source, destination }: Scene): Promise<void> {
  await source.blockPort("1-65535", { from: destination.address });
  await source.blockPort("1-65535", { to: destination.address });
}

const killVirsh = async (scene: Scene) => {
  await scene.source.sh("pkill -KILL -f '[v]irsh.* migrate '");
};

export const faults: readonly Fault[] = [
  {
    title: "provider killed",
    means: "SIGKILL to the provider's process",
    strike: killProvider,
    cells: controllerLost,
  },
  {
    title: "pulumi killed",
    means: "SIGKILL to `pulumi`; `pulumi cancel` takes away the lock that it left",
    strike: ({ up }) => Promise.resolve(kill(up!.child.pid!, "SIGKILL")),
    heal: async ({ stack }) => void (await stack.pulumi.expect(["cancel", "--yes"])),
    cells: controllerLost,
  },
  {
    title: "link to the source silent",
    means: "packets from Pulumi's machine to the source vanish",
    strike: (scene) => silence(scene, scene.source),
    heal: ({ source }) => source.unblock(),
    cells: {
      "before `up`": { up: "fails", says: /hostUnreachable/, next: moved },
    },
  },
  {
    title: "virsh killed",
    means: "SIGKILL to `virsh migrate` on the source",
    strike: killVirsh,
    cells: {
      "before start": { up: "fails", says: /./, next: moved },
      "pre-copy": { up: "succeeds", says: moved, standsMs: 1000 },
    },
  },
  {
    title: "source and destination cut off from each other",
    means: "every connection between the two hosts is reset and refused",
    strike: cut,
    heal: ({ source }) => source.unblock(),
    cells: {
      "pre-copy": { up: "fails", says: /./, next: moved },
    },
  },
];
