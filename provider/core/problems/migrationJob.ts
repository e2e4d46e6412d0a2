/** libvirt runs one job at a time on a VM. */
import { commandLine } from "../shownCommand";
import type { FailureContext, StderrCause } from "./stderr";

const showJob = ({ source, domain }: FailureContext) => [
  { host: source, command: commandLine`virsh domjobinfo ${domain}` },
  { command: "pulumi up" },
];

export const jobNotActive: StderrCause = {
  stderr: /no job is active on the domain|post-copy can only be started while outgoing migration is in progress/,
  code: "domainStateUnfit",
  remedies: () => [{ do: "the migration has ended, or cannot switch to post-copy; run `pulumi up` again" }],
};

export const domainNotRunning: StderrCause = {
  stderr: /domain is not running(?! on destination)/,
  code: "domainStateUnfit",
  remedies: ({ source }) => [
    { do: `the VM was stopped on ${source} in the meantime; run \`pulumi up\` again, which moves it in its new state` },
  ],
};

export const migrationRunning: StderrCause = {
  stderr: /another migration job is already running|migration is already in progress/,
  code: "migrationRunning",
  remedies: (context) => [{ do: "wait until it ends", commands: showJob(context) }],
};

export const jobRunning: StderrCause = {
  stderr: /cannot acquire state change lock/,
  code: "migrationRunning",
  remedies: (context) => [
    { do: `another job runs on ${context.domain}: wait until it ends`, commands: showJob(context) },
  ],
};

export const migrationCancelled: StderrCause = {
  stderr: /canceled by client|operation aborted|migration canceled/i,
  code: "migrationCancelled",
  remedies: () => [
    { do: "the migration was cancelled by someone else: start it again", commands: [{ command: "pulumi up" }] },
  ],
};
