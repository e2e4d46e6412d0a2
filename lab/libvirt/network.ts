import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { must } from "./commands";
import { guardFromController } from "./guard";
import { addressIn, interfaceName, type LabRecord } from "./registry";

/** The computer's own address in the lab's network, that of the switch, and the port of the switch a host is plugged in. */
export const controllerAddress = (record: LabRecord) => addressIn(record.number, 253);
export const switchAddress = (record: LabRecord) => addressIn(record.number, 254);
/** The same after each boot, as a network card's is. */
const hardwareAddress = (record: LabRecord, index: number) =>
  [0x52, 0x54, 0x00, 0x77, record.number, index].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
export const portOf = (index: number) => `port${index}`;

/** Runs `ip` with these lines, in the network namespace of a process, or in the computer's own. */
export async function ip(pid: number | undefined, lines: readonly string[]): Promise<void> {
  const input = lines.map((line) => `${line}\n`).join("");
  if (pid === undefined) await must("ip", ["-batch", "-"], { input });
  else await must("nsenter", ["-t", String(pid), "--net", "ip", "-batch", "-"], { input });
}

const farEnd = (number: number) => `${interfaceName(number)}-far`;

/**
 * Makes the lab's cable, both ends still at the computer. The kernel gives a name once: of two labs that want the same number, though
 * their directories do not know of each other, one gets it. It bears the lab's token, by which `removeCable` knows its own.
 * @returns false where the cable of another lab is.
 */
export function layCable({ number, token }: LabRecord): boolean {
  const name = interfaceName(number);
  const input = `link add ${name} type veth peer name ${farEnd(number)}\nlink set ${name} alias ${token}\n`;
  const { status, stderr } = spawnSync("ip", ["-batch", "-"], { input, encoding: "utf8" });
  if (status === 0) return true;
  if (/File exists/.test(stderr)) return false;
  throw new Error(`a network interface for the lab cannot be made: ${stderr.trim()}`);
}

/** It also goes with the switch, but some time later. */
export function removeCable({ number, token }: LabRecord): void {
  const name = interfaceName(number);
  try {
    if (readFileSync(`/sys/class/net/${name}/ifalias`, "utf8").trim() !== token) return;
  } catch {
    return;
  }
  spawnSync("ip", ["link", "delete", name], { stdio: "ignore" });
}

/** A bridge in a namespace of its own, and the cable from there to the computer. */
export async function connectSwitch(record: LabRecord, switchPid: number): Promise<void> {
  const uplink = interfaceName(record.number);
  await guardFromController(switchPid);
  await ip(undefined, [
    `link set ${farEnd(record.number)} netns ${switchPid}`,
    `address add ${controllerAddress(record)}/24 dev ${uplink}`,
    `link set ${uplink} up`,
  ]);
  await ip(switchPid, [
    "link set lo up",
    `link set ${farEnd(record.number)} name uplink`,
    "link add bridge0 type bridge",
    `address add ${switchAddress(record)}/24 dev bridge0`,
    "link set bridge0 up",
    "link set uplink master bridge0 up",
  ]);
}

export async function connectHost(record: LabRecord, index: number, switchPid: number, hostPid: number): Promise<void> {
  await ip(switchPid, [
    `link add ${portOf(index)} type veth peer name eth0 netns ${hostPid}`,
    `link set ${portOf(index)} master bridge0 up`,
  ]);
  await ip(hostPid, [
    "link set lo up",
    `link set eth0 address ${hardwareAddress(record, index)}`,
    `address add ${record.hosts[index]!.address}/24 dev eth0`,
    "link set eth0 up",
    `route add default via ${controllerAddress(record)}`,
  ]);
}
