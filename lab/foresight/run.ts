/** Runs one case of the corpus on a lab's hosts: the preview, and what virsh prints when the move is tried all the same. */
import type { Lab } from "../libvirt";
import type { Host } from "../../provider/core/model";
import type { MigrationOptions } from "../../provider/core/options";
import { systemClock as clock } from "../../provider/observe/clock";
import { preview, type Preview } from "../../provider/preflight/preview";
import { Hosts } from "../../provider/observe/hosts";
import { createDial } from "../../provider/ssh";
import { makePlan } from "../../provider/virsh/migrateCommand";
import type { Case, Stage } from "./cases";

export interface Played {
  foresight: Preview;
  /** Of the planned command; undefined where it was not to be run. */
  exit: { code: number | null; output: string } | undefined;
  /** `virsh list --all --name` afterwards. */
  onSource: string;
}

let count = 0;

export async function play(lab: Lab, given: Case, run: boolean): Promise<Played> {
  const [a, b] = [lab.host("kvm-a"), lab.host("kvm-b")];
  const guest = `guest-${++count}`;
  const stage: Stage = { lab, a, b, guest };
  const { state = "running", disk = "none", ...more } = given.guest ?? {};
  try {
    await lab.startGuest({ name: guest, host: a.name, memoryMiB: 32, ...more, disk, state: "shutOff" });
    // Without it libvirt complains of the log it cannot write, and of nothing else.
    await b.must("mkdir -p /var/log/libvirt/qemu");
    await given.prepare?.(stage);
    if (given.device !== undefined) {
      await a.must(`cat >/tmp/device.xml && virsh attach-device ${guest} /tmp/device.xml --config`, {
        input: given.device,
      });
    }
    if (given.define !== undefined) {
      const xml = given.define(await a.must(`virsh dumpxml --inactive ${guest}`));
      await a.must("cat | virsh -q define /dev/stdin", { input: xml });
    }
    if (state !== "shutOff") await a.virsh(`start ${guest}`);
    if (state === "paused") await a.virsh(`suspend ${guest}`);
    await given.whenRunning?.(stage);
    const { foresight, command } = await previewed(lab, given, guest);
    const exit = run ? await attempt(stage, command) : undefined;
    return {
      foresight,
      exit,
      onSource: await a.virsh("list --all --name"),
    };
  } finally {
    await given.undo?.(stage);
    for (const host of [a, b]) await host.sh(`virsh destroy ${guest}; virsh undefine ${guest} --keep-nvram`);
  }
}

/** What virsh prints, and after it the errors in the logs of both daemons: libvirt 9.0 often prints only "End of file". */
async function attempt({ a, b }: Stage, command: string): Promise<{ code: number | null; output: string }> {
  const log = "/var/log/libvirt/libvirtd.log";
  const hosts = [a, b];
  const lengths = await Promise.all(hosts.map((host) => host.must(`wc -l <${log}`)));
  const { code, stderr } = await a.sh(command, { timeoutMs: 60_000 });
  const logged = await Promise.all(
    hosts.map((host, index) => host.sh(`tail -n +${Number(lengths[index]) + 1} ${log} | grep ' error : '`)),
  );
  return { code, output: [stderr, ...logged.map(({ stdout }) => stdout)].join("\n") };
}

export function isHidden(output: string): boolean {
  const errors = output.split("\n").filter((line) => /error/.test(line));
  return errors.every((line) => /End of file while reading data|failed to create logfile/.test(line));
}

/** As a preview does it, with connections and caches of its own. */
async function previewed(
  lab: Lab,
  given: Pick<Case, "options" | "destination">,
  guest: string,
): Promise<{ foresight: Preview; command: string }> {
  const inventory = Object.fromEntries(
    Object.entries(lab.inventory()).map(([name, host]): [string, Host] => [
      name,
      { name, ...host, ...(name === "kvm-b" && given.destination) },
    ]),
  );
  const options: MigrationOptions = { mode: "auto", ...given.options };
  const hosts = new Hosts(createDial({ inventory }), inventory, "qemu:///system", clock);
  try {
    const plan = makePlan({ domain: guest, hosts: ["kvm-b"], anyOf: false, options, inventory, uri: "qemu:///system" });
    const desired = { domain: guest, uuid: undefined, hosts: ["kvm-b"], options, plan, lastHost: "kvm-a" };
    return { foresight: await preview(hosts, desired, { dirtyRateSeconds: 0 }, clock), command: plan.live as string };
  } finally {
    await hosts.close();
  }
}
