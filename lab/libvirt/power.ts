/** A host's power: cut at any moment, and switched on again. What a host keeps lies in its directory; shared disks are on the switch. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./commands";
import { hostDir } from "./host-files";
import { connectHost, ip, portOf } from "./network";
import { childrenOf, isAlive, killIfAlive } from "./processes";
import { isCurrent, processRecord, recordedProcesses, type LabRecord } from "./registry";
import { enterHost, hostReady } from "./start";

const endMs = 15_000;
/** Tells a host that is switched off from one that has not been started yet. */
const offMark = (record: LabRecord, name: string) => join(hostDir(record, name), "off");

export const isOn = (record: LabRecord, name: string) => recordedProcesses(record.number).has(name);

export const isSwitchedOff = (record: LabRecord, name: string) => existsSync(offMark(record, name));

export async function powerOff(record: LabRecord, index: number, switchPid: number): Promise<void> {
  const { name } = record.hosts[index]!;
  const outer = recordedProcesses(record.number).get(name);
  if (outer === undefined) throw new Error(`${name} is switched off already`);
  // First the cable: the kernel would close the connections of processes that end, and a host without power sends nothing.
  await ip(switchPid, [`link delete ${portOf(index)}`]);
  // With the first process of the host the kernel ends all of them; the recorded one then ends by itself.
  childrenOf(outer.pid).forEach(killIfAlive);
  if (!(await eventually(() => (isAlive(outer) ? undefined : true), endMs)))
    throw new Error(`${name}: process ${outer.pid} does not end`);
  rmSync(join(hostDir(record, name), "ready"), { force: true });
  writeFileSync(offMark(record, name), "");
  rmSync(processRecord(record.number, name), { force: true });
}

export async function powerOn(record: LabRecord, index: number, switchPid: number): Promise<void> {
  const { name } = record.hosts[index]!;
  if (isOn(record, name)) throw new Error(`${name} is switched on already`);
  if (!isCurrent(record)) throw new Error("the lab was taken down");
  const pid = await enterHost(record, name);
  await connectHost(record, index, switchPid, pid);
  await hostReady(record, name);
  rmSync(offMark(record, name), { force: true });
}
