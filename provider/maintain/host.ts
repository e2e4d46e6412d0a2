/** What a maintenance asks of its host, and does there. */
import { randomBytes } from "node:crypto";
import { cleanLine } from "../core/clean";
import { PlacementError } from "../core/errors";
import type { Clock } from "../core/ports";
import { isActive, isRunning } from "../core/situation";
import { whereIs } from "../core/whereIs";
import { type Hosts, whyUnreachable } from "../observe/hosts";
import { observe as observeVm } from "../observe/observe";
import type { Virsh } from "../virsh/client";
import { runScript } from "../virsh/runScript";
import { sh } from "../virsh/shellScript";
import { commandState } from "./detached";
import type { HostObservation, Vm } from "./model";

const bootIdFile = "/proc/sys/kernel/random/boot_id";
const pollMs = 2000;
const startMs = 60_000;

export const newId = (): string => randomBytes(9).toString("hex");

export async function observeHost(hosts: Hosts, host: string, commandId: string | undefined): Promise<HostObservation> {
  try {
    const virsh = await hosts.on(host);
    const { stdout } = await runScript(virsh.shell, sh`cat ${bootIdFile}`);
    const bootId = stdout.trim();
    if (!/^[0-9a-f-]{36}$/.test(bootId)) return { why: "its boot id cannot be read" };
    const command = commandId === undefined ? undefined : await commandState(virsh.shell, commandId);
    return { bootId, active: await activeVms(virsh), ...(command && { command }) };
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    return { why: whyUnreachable(error) };
  }
}

/** Undefined where libvirt does not answer. Without a connection nothing is known of it. */
async function activeVms(virsh: Virsh): Promise<Vm[] | undefined> {
  try {
    const views = await virsh.look();
    return views.filter(isActive).map(({ uuid, name }) => ({ uuid, name }));
  } catch (error) {
    if (!(error instanceof PlacementError) || !virsh.shell.alive) throw error;
    return undefined;
  }
}

/** The boot that is to end is asked for by the same script: one that is told again reboots no host twice. */
export async function reboot(hosts: Hosts, host: string, bootId: string, command: string): Promise<string | undefined> {
  const { shell } = await hosts.on(host);
  try {
    const script = sh`test "$(cat ${bootIdFile})" = ${bootId} || exit 0\n/bin/sh -c ${command}`;
    const { code, stdout, stderr } = await runScript(shell, script);
    // A signal, or no code, is what a host that goes down leaves.
    return code === 0 || code === null || code > 128
      ? undefined
      : `exit code ${code} ${cleanLine(`${stderr.trim()} ${stdout.trim()}`.trim(), 300)}`.trim();
  } catch (error) {
    if (error instanceof PlacementError && ["connectionLost", "commandTimeout"].includes(error.code)) return undefined;
    throw error;
  }
}

/** @returns those that are active still when the time is over. */
export async function shutDown(
  hosts: Hosts,
  host: string,
  vms: readonly Vm[],
  { clock, limitMs, interrupted }: { clock: Clock; limitMs: number; interrupted: () => boolean },
): Promise<readonly Vm[]> {
  const virsh = await hosts.on(host);
  for (const { uuid } of vms) {
    await virsh.shutDown(uuid).catch(async (error: unknown) => {
      const state = await virsh.state(uuid);
      if (state !== undefined && isActive(state)) throw error;
    });
  }
  const startedAt = clock.now();
  for (;;) {
    const states = await Promise.all(vms.map(({ uuid }) => virsh.state(uuid)));
    const left = vms.filter((_, index) => states[index] !== undefined && isActive(states[index]));
    if (left.length === 0 || interrupted()) return [];
    if (clock.now() - startedAt >= limitMs) return left;
    await clock.sleep(pollMs);
  }
}

/** Only where no other host has the VM. @returns what does not run, and why. */
export async function start(hosts: Hosts, host: string, vms: readonly Vm[], clock: Clock): Promise<string[]> {
  const why: string[] = [];
  for (const vm of vms) {
    try {
      const reason = await startOne(hosts, host, vm, clock);
      if (reason !== undefined) why.push(`${vm.name}: ${reason}`);
    } catch (error) {
      if (!(error instanceof PlacementError)) throw error;
      why.push(`${vm.name}: ${error.problem.message}`);
    }
  }
  return why;
}

async function startOne(hosts: Hosts, host: string, { uuid }: Vm, clock: Clock): Promise<string | undefined> {
  const query = { domain: uuid, uuid, first: [host], everywhere: true, lastHost: host };
  const place = whereIs((await observeVm(hosts, query)).views);
  if (place === undefined) return `${host} does not have it any more`;
  if ("unclear" in place) return place.unclear;
  if (place.host !== host) return `it is on ${place.host}`;
  const virsh = await hosts.on(host);
  if (!isActive(place)) await virsh.start(uuid);
  for (const startedAt = clock.now(); ; await clock.sleep(pollMs)) {
    const state = await virsh.state(uuid);
    if (state !== undefined && isRunning(state)) return undefined;
    if (clock.now() - startedAt >= startMs) return `it is ${state?.state ?? "gone"} after its start`;
  }
}
