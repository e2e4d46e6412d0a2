/**
 * What to do next, from what was intended, what the host says now and what this run has tried. Pure: a run that was killed anywhere comes
 * to the same step again.
 */
import { listed } from "../core/near";
import { quote } from "../core/quote";
import {
  type Asked,
  commandDirectory,
  type Facts,
  type Goal,
  type HostObservation,
  type HostRecord,
  type Journal,
  type Step,
  type Vm,
} from "./model";

/** A plan that still changes the file after so many rounds does not end. */
const mostEdits = 10;

type Answering = Exclude<HostObservation, { why: string }>;

interface Situation {
  asked: Asked;
  record: HostRecord;
  host: Answering;
  facts: Facts;
}

/** @param observed of the current host; there is none before the first and between two hosts. */
export function nextStep({ asked, done, current }: Journal, observed: HostObservation | undefined, facts: Facts): Step {
  if (current === undefined) {
    const next = asked.hosts.find((host) => !done.includes(host));
    return next === undefined ? { do: "finish" } : { do: "begin", host: next };
  }
  if (observed === undefined || "why" in observed)
    return unanswered(current, observed?.why ?? "it was not asked", facts);
  const situation = { asked, record: current, host: observed, facts };
  if (current.back) return returning(situation);
  if (current.reboot) return rebooting(situation, current.reboot.bootId);
  return hasBegun(current) ? work(situation) : leaving(situation);
}

const stop = (why: string, ...remedies: string[]): Step => ({ do: "stop", why, remedies });

function unanswered({ host, reboot, back }: HostRecord, why: string, { bootTimedOut }: Facts): Step {
  if (reboot === undefined || back) return stop(`${host} cannot be asked: ${why}`, `bring ${host} back`);
  if (bootTimedOut !== true) return { do: "awaitBoot" };
  return stop(`${host} does not answer after its reboot: ${why}`, `look at the console of ${host}`);
}

/** Before that nothing was touched but places of VMs: these are planned again. Later a VM that was shut down could be taken for one that moves. */
const hasBegun = ({ shutDown, command }: HostRecord) => shutDown !== undefined || command !== undefined;

function leaving(situation: Situation): Step {
  const { asked, record, facts } = situation;
  const moving = moves(situation, "evacuate");
  if (moving !== undefined) return moving;
  const { unmovable } = facts.plan!;
  if (unmovable.length === 0) return work(situation);
  if (!asked.shutdownUnmovable) {
    const each = unmovable.map(({ name, reason }) => `${name} (${reason})`);
    return stop(
      `${listed(each, "and")} cannot leave ${record.host}`,
      "let them leave, or shut them down",
      "--abandon, and begin again with --shutdown-unmovable, which shuts them down and starts them again",
    );
  }
  const stuck = unmovable.filter(({ obstacle }) => obstacle !== undefined);
  if (stuck.length > 0) {
    const each = stuck.map(({ name, obstacle }) => `${name} (${obstacle})`);
    return stop(`${listed(each, "and")} can neither leave ${record.host} nor be shut down`, "shut them down yourself");
  }
  return { do: "shutDown", vms: unmovable.map(({ uuid, name }) => ({ uuid, name })) };
}

/** Undefined: all is where this goal wants it. */
function moves({ record, facts }: Situation, goal: Goal): Step | undefined {
  if (record.upDue !== undefined) return due(record.upDue, facts);
  const { plan } = facts;
  if (plan?.goal !== goal) return { do: "plan", goal };
  if (plan.hindrances.length > 0)
    return stop(
      `${goal} ${record.host}: ${plan.hindrances.join("; ")}`,
      "make room for the plan, or change what stands against it",
    );
  if (plan.edit === undefined) return undefined;
  if ((facts.edits ?? 0) < mostEdits) return { do: "edit", edit: plan.edit };
  return stop(`${goal} ${record.host}: a plan still moves VMs after ${mostEdits} rounds`, "see what moves them back");
}

/** The hosts say whether VMs moved: `up` may fail for other reasons, and its state may be behind after one that was killed. */
function due(vms: readonly string[], { up, astray }: Facts): Step {
  if (up === undefined) return { do: "up", refresh: false };
  if (astray === undefined) return { do: "compare", vms };
  if (astray.length === 0) return { do: "noteMoved" };
  if (up.code === 0 && !up.refresh) return { do: "up", refresh: true };
  return stop(
    `after \`pulumi up\` (exit code ${up.code}) ${astray.join("; ")}`,
    "see what `pulumi up` says",
    "`pulumi cancel`, if it says that the stack is locked and no other `pulumi up` runs",
  );
}

/** On an empty host. */
function work(situation: Situation): Step {
  const { asked, record, host, facts } = situation;
  const { command } = record;
  if (asked.run !== undefined && command?.end === undefined) {
    const seen = host.command;
    if (seen?.is === "absent" && command?.begun)
      return failed(situation, `the command was begun on ${record.host}, and what it left there is gone`);
    if (command === undefined || seen === undefined || seen.is === "absent") {
      if (facts.commandNotBegun !== undefined)
        return stop(`the command cannot be begun on ${record.host}: ${facts.commandNotBegun}`);
      return unlessEmpty(situation) ?? { do: "startCommand" };
    }
    if (seen.is === "running" || facts.outputShown !== true) return { do: "followCommand" };
    if (seen.is === "ended") return { do: "noteEnd", end: { code: seen.code } };
    return failed(situation, `the command was begun on ${record.host}, and its end was not seen: ${seen.why}`);
  }
  const end = command?.end;
  if (typeof end === "object" && end.code !== 0)
    return failed(situation, `the command ended with exit code ${end.code} on ${record.host}`);
  if (!asked.reboot) return host.active === undefined ? libvirt(situation) : healthy(situation);
  return unlessEmpty(situation) ?? { do: "reboot", bootId: host.bootId };
}

function failed({ record, facts }: Situation, why: string): Step {
  if (facts.choice === "again") return { do: "forgetCommand" };
  if (facts.choice === "skip") return { do: "noteEnd", end: "skipped" };
  return stop(
    why,
    `read ${commandDirectory(record.command!.id)}/output on ${record.host}`,
    "the same command with --run-again runs it again; with --skip-run it counts as done",
  );
}

function rebooting(situation: Situation, bootId: string): Step {
  const { record, host, facts } = situation;
  if (host.bootId !== bootId) return host.active === undefined ? libvirt(situation) : healthy(situation);
  if (facts.rebootFailed !== undefined)
    return stop(`${record.host} refuses the reboot: ${facts.rebootFailed}`, "--reboot-command says how it reboots");
  if (facts.rebootGiven !== true) return unlessEmpty(situation) ?? { do: "reboot", bootId };
  if (facts.bootTimedOut !== true) return { do: "awaitBoot" };
  return stop(`${record.host} was told to reboot, and still runs as before`, `look at the console of ${record.host}`);
}

/** Asked right before what an active VM would not survive. */
function unlessEmpty(situation: Situation): Step | undefined {
  const { record, host, facts } = situation;
  if (host.active === undefined) return libvirt(situation);
  const ours = new Set(record.shutDown?.map(({ uuid }) => uuid));
  const others = host.active.filter(({ uuid }) => !ours.has(uuid));
  if (others.length > 0)
    return stop(`${record.host} is not empty: ${listed(names(others), "and")}`, "move them away, or shut them down");
  if (host.active.length === 0) return undefined;
  if (facts.stillActive === undefined) return { do: "shutDown", vms: host.active };
  return stop(
    `${listed(names(host.active), "and")} did not shut down on ${record.host}`,
    ...host.active.map(({ uuid }) => `shut it down from within, or \`virsh shutdown ${uuid} --mode agent\``),
  );
}

function libvirt({ record, facts }: Situation): Step {
  if (facts.libvirtTimedOut !== true) return { do: "awaitLibvirt" };
  return stop(`libvirt does not answer on ${record.host}`, `\`vm-placement doctor ${quote(record.host)}\``);
}

function healthy({ record, facts }: Situation): Step {
  if (facts.health === undefined) return { do: "doctor" };
  if (facts.health.length === 0) return { do: "noteHealthy" };
  return stop(`${record.host} is not healthy again: ${facts.health.join("; ")}`, "fix it; its VMs stay where they are");
}

function returning(situation: Situation): Step {
  const { record, host, facts } = situation;
  if (host.active === undefined) return libvirt(situation);
  const moving = moves(situation, "restore");
  if (moving !== undefined) return moving;
  const active = new Set(host.active.map(({ uuid }) => uuid));
  const off = (record.shutDown ?? []).filter(({ uuid }) => !active.has(uuid));
  if (off.length === 0) return { do: "done" };
  if (facts.notStarted === undefined) return { do: "start", vms: off };
  return stop(
    `VMs that were shut down do not run again on ${record.host}: ${facts.notStarted.join("; ")}`,
    "start them yourself, and the same command goes on",
  );
}

const names = (vms: readonly Vm[]) => vms.map(({ name }) => name);
