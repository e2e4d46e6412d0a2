/** What holds a VM on its host: snapshots, checkpoints and block jobs. */
import { listed } from "../near";
import type { Problem, Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import type { DomainFacts, MoveFacts } from "./facts";
import type { StderrCause } from "./stderr";

export function nothingHoldsIt({ domain, source: { host }, how }: MoveFacts): Problem[] {
  if (domain === undefined) return [];
  const { name, snapshots = [], checkpoints = [], blockJobs = [] } = domain;
  const problem = (rule: string, message: string, remedies: Remedy[]): Problem => ({
    rule,
    severity: "blocker",
    code: "migrationRefused",
    host,
    message,
    remedies,
  });
  const found: Problem[] = [];
  if (snapshots.length > 0) {
    const message = `${name} has ${count(snapshots, "snapshot")}, and libvirt does not migrate VMs with snapshots`;
    found.push(problem("snapshots", message, withoutSnapshots(host, domain)));
  }
  if (checkpoints.length > 0) {
    const message = `${name} has ${count(checkpoints, "checkpoint")}, which libvirt does not migrate`;
    found.push({
      ...problem("checkpoints", message, [{ do: "let the backup make a full copy after the move" }]),
      severity: "warning",
    });
  }
  if (how === "live" && blockJobs.length > 0) {
    const message = `a block job (copy, commit, pull or backup) runs on ${listed(blockJobs, "and")} of ${name}`;
    found.push(problem("block-jobs", message, endBlockJob(host, domain, blockJobs[0]!)));
  }
  return found;
}

function count(names: readonly string[], what: string): string {
  const shown = names.slice(0, 3).join(", ") + (names.length > 3 ? " …" : "");
  return `${names.length} ${what}${names.length === 1 ? "" : "s"} (${shown})`;
}

function withoutSnapshots(host: string, domain: DomainFacts | string): Remedy[] {
  return [
    {
      do: "delete each of them",
      commands: [{ host, command: commandLine`virsh snapshot-delete ${domain} NAME` }],
      loses: "the state that it kept",
    },
    {
      do: "let libvirt forget each of them (their data stays in the image)",
      commands: [{ host, command: commandLine`virsh snapshot-delete ${domain} NAME --metadata` }],
      loses: "what libvirt needs to go back to them",
    },
  ];
}

export const snapshotsRefused: StderrCause = {
  stderr: /cannot migrate domain with \d+ snapshots?/,
  code: "migrationRefused",
  remedies: ({ source: host, domain }) => [
    { do: "list them", commands: [{ host, command: commandLine`virsh snapshot-list ${domain}` }] },
    ...withoutSnapshots(host, domain),
  ],
};

export const checkpointsRefused: StderrCause = {
  stderr: /cannot migrate domain with \d+ checkpoints?/,
  code: "migrationRefused",
  remedies: ({ source: host, domain }) => [
    {
      do: "let libvirt forget each of its checkpoints, and the backup make a full copy after the move",
      commands: [
        { host, command: commandLine`virsh checkpoint-list ${domain}` },
        { host, command: commandLine`virsh checkpoint-delete ${domain} NAME --metadata` },
      ],
      loses: "what an incremental backup needs",
    },
  ],
};

function endBlockJob(host: string, domain: DomainFacts | string, disk: string): Remedy[] {
  return [
    { do: "wait until it ends", commands: [{ host, command: commandLine`virsh blockjob ${domain} ${disk} --info` }] },
    {
      do: "abort it",
      commands: [{ host, command: commandLine`virsh blockjob ${domain} ${disk} --abort` }],
      loses: "what it has done so far",
    },
  ];
}

export const blockJobActive: StderrCause = {
  stderr: /domain has active block job|disk '[^']{1,64}' already in active block job/,
  code: "migrationRefused",
  remedies: ({ source, domain }, stderr) =>
    endBlockJob(source, domain, /disk '([^']{1,64})' already in active block job/.exec(stderr)?.[1] ?? "DISK"),
};
