/** What faults are made of. Each is done from outside of the product, to its processes, its hosts and its network. */
import { eventually } from "../libvirt/commands";
import { controllerAddress } from "../libvirt/network";
import type { LabHost } from "../libvirt";
import { guest, kill, type Fixture } from "./fixture";

export function killProvider(fixture: Fixture): Promise<void> {
  for (const pid of fixture.processes(fixture.stack.providerProcess)) kill(pid, "SIGKILL");
  return Promise.resolve();
}

export function ctrlC({ up }: Fixture): Promise<void> {
  return Promise.resolve(kill(up!.child.pid!, "SIGINT"));
}

export async function twoCtrlC({ up }: Fixture): Promise<void> {
  const ctrlC = () => kill(up!.child.pid!, "SIGINT");
  ctrlC();
  // The second one counts once pulumi has handled the first.
  await up!.printed(/\^C received/, 60_000);
  ctrlC();
}

/** Packets from this computer vanish: no connection ends, and nothing answers. */
export const silence = ({ lab }: Pick<Fixture, "lab">, host: LabHost) =>
  host.blockPort(22, { action: "drop", from: controllerAddress(lab.record) });

export async function cut(
  { source, destination }: Pick<Fixture, "source" | "destination">,
  action: "reject" | "drop",
): Promise<void> {
  await source.blockPort("1-65535", { action, from: destination.address });
  await source.blockPort("1-65535", { action, to: destination.address });
}

export async function killVirsh({ source }: Pick<Fixture, "source">): Promise<void> {
  await source.sh("pkill -KILL -f '[v]irsh.* migrate '");
}

export async function killLibvirtd(host: LabHost): Promise<void> {
  await host.signalLibvirtd("SIGKILL");
  await libvirtdEnded(host, 10_000);
}

/** As `systemctl restart` does it: one that does not end in time is killed. */
export async function restartLibvirtd(host: LabHost): Promise<void> {
  await host.signalLibvirtd("SIGTERM");
  if (!(await libvirtdEnded(host, 10_000))) await killLibvirtd(host);
  await host.startLibvirtd();
}

const libvirtdEnded = (host: LabHost, timeoutMs: number) =>
  eventually(async () => ((await host.libvirtdPid()) === undefined ? true : undefined), timeoutMs);

/** Some faults take it down on the way: libvirt before 10.5 crashes when a guest ends in the middle of a migration. */
export async function libvirtdRuns({ lab }: Pick<Fixture, "lab">): Promise<void> {
  for (const host of lab.hosts) if ((await host.libvirtdPid()) === undefined) await host.startLibvirtd();
}

/** The kernel still accepts connections for sshd, but neither sshd nor its sessions answer. */
export const stopAnswering = async (host: LabHost) => void (await host.must("pkill -STOP -x 'sshd|sshd-session'"));
export const answerAgain = async (host: LabHost) => void (await host.must("pkill -CONT -x 'sshd|sshd-session'"));

/** Where the guest runs by libvirt, or ran last. */
export async function whereItRuns({ source, destination }: Fixture): Promise<LabHost> {
  const state = (await destination.sh(`virsh -q domstate ${guest}`)).stdout.trim();
  return state === "running" ? destination : source;
}

const images = "/var/lib/libvirt/images";

/** Room for a part of the guest's disk. */
export async function smallDisk({ destination }: Fixture): Promise<void> {
  await destination.must(`mount -t tmpfs -o size=4m tmpfs ${images} && truncate -s 16M ${images}/${guest}.img`);
}

export async function fillSourceDisk({ source }: Fixture): Promise<void> {
  await source.must(`dd if=/dev/urandom of=${images}/${guest}.img bs=1M seek=1 count=14 conv=notrunc status=none`);
}

/** Undone in the place where QEMU may still hold the old one open. */
export async function bigDisk({ destination }: Fixture): Promise<void> {
  await destination.must(`umount -l ${images} && truncate -s 16M ${images}/${guest}.img`);
}

/** A definition on the destination, made of the guest's own. */
export async function defineStale({ source, destination }: Fixture, edit: string): Promise<void> {
  const xml = await source.virsh(`dumpxml --inactive ${guest} | sed '${edit}'`);
  await destination.must("cat | virsh -q define /dev/stdin", { input: xml });
}

export const migrateByHand = (fixture: Fixture, from: LabHost, to: LabHost) =>
  fixture.byHand(from, `migrate --live --p2p --persistent --undefinesource ${guest} qemu+ssh://${to.address}/system`);

/** A snapshot's metadata alone: it needs no disk format that has snapshots. */
export async function takeSnapshot({ source }: Fixture): Promise<void> {
  const domain = await source.virsh(`dumpxml ${guest}`);
  const xml = `<domainsnapshot><name>before-upgrade</name><state>disk-snapshot</state><creationTime>1700000000</creationTime>
<disks><disk name='vda' snapshot='no'/></disks>${domain}</domainsnapshot>`;
  await source.must(`cat | virsh -q snapshot-create ${guest} --redefine /dev/stdin`, { input: xml });
}
