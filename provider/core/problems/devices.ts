/** What is part of the VM, or holds it, and cannot go along. */
import { commandLine } from "../shownCommand";
import { listed } from "../near";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";

export function devicesCanMove({ domain, source, options, how }: MoveFacts): Problem[] {
  if (domain === undefined || how !== "live") return [];
  const { name } = domain;
  const problem = (
    rule: string,
    message: string,
    remedies: Remedy[],
    severity: Problem["severity"] = "blocker",
  ): Problem => ({
    rule,
    severity,
    code: "migrationRefused",
    host: source.host,
    message,
    remedies,
  });
  return [
    ...domain.hostDevices
      .filter(({ transient }) => !transient)
      .map((device) =>
        problem(
          "host-devices",
          `${name} has a device of ${source.host} itself (${device.type} ${device.name}), which cannot go along`,
          [
            {
              do: "detach it",
              commands: [{ host: source.host, command: commandLine`virsh detach-device ${domain} FILE --live` }],
            },
            { do: "use a failover pair (<teaming type='transient'/>)" },
            { do: "move it shut off" },
          ],
        ),
      ),
    ...domain.filesystems.map(({ driver, target }) =>
      driver === "virtiofs"
        ? problem(
            "host-directories",
            `${name} has a directory of ${source.host} by virtiofs (${target}), which libvirt may refuse to move`,
            [{ do: "unmount it in the guest and detach it" }, { do: "move the VM shut off" }],
          )
        : problem(
            "host-directories",
            `${name} has a directory of ${source.host} by 9p (${target}): QEMU refuses to move while the guest has it mounted`,
            [{ do: "unmount it in the guest first" }],
            "warning",
          ),
    ),
    ...domain.sharedMemory.map((device) =>
      problem(
        "shared-memory",
        `${name} shares memory with others on ${source.host} (shmem ${device}), which cannot go along`,
        [{ do: "take the device out" }, { do: "move the VM shut off" }],
      ),
    ),
    ...(domain.invariantTsc
      ? [
          problem("invariant-tsc", `${name} has the CPU feature invtsc, with which libvirt moves no VM`, [
            { do: "give it a fixed tsc frequency (<timer name='tsc' frequency='…'/>) and start it again" },
            { do: "take the feature out and start it again" },
          ]),
        ]
      : []),
    ...(options.postCopy && domain.hugepageKiB.includes(1_048_576)
      ? [
          problem(
            "post-copy-hugepages",
            `${name} has huge pages of 1 GiB: in post-copy it stands still while each of them is fetched`,
            [{ do: "leave out migration.postCopy" }, { do: "use huge pages of 2 MiB" }],
            "warning",
          ),
        ]
      : []),
  ];
}

export function nothingHoldsIt({ domain, source, how }: MoveFacts): Problem[] {
  if (domain === undefined) return [];
  const { name, snapshots = [], checkpoints = [], blockJobs = [] } = domain;
  const problem = (
    rule: string,
    message: string,
    remedies: Remedy[],
    severity: Problem["severity"] = "blocker",
  ): Problem => ({
    rule,
    severity,
    code: "migrationRefused",
    host: source.host,
    message,
    remedies,
  });
  return [
    ...(snapshots.length > 0
      ? [
          problem("snapshots", `${name} has ${count(snapshots, "snapshot")}, with which libvirt moves no VM`, [
            {
              do: "delete each of them",
              commands: [{ host: source.host, command: commandLine`virsh snapshot-delete ${domain} NAME` }],
              loses: "the state that it kept",
            },
            {
              do: "let libvirt forget each of them (their data stays in the image)",
              commands: [{ host: source.host, command: commandLine`virsh snapshot-delete ${domain} NAME --metadata` }],
              loses: "what libvirt needs to go back to them",
            },
          ]),
        ]
      : []),
    ...(checkpoints.length > 0
      ? [
          problem(
            "checkpoints",
            `${name} has ${count(checkpoints, "checkpoint")}, which libvirt does not take along`,
            [{ do: "let the backup make a full copy after the move" }],
            "warning",
          ),
        ]
      : []),
    ...(how === "live" && blockJobs.length > 0
      ? [
          problem(
            "block-jobs",
            `a block job (copy, commit, pull or backup) runs on ${listed(blockJobs, "and")} of ${name}`,
            [
              {
                do: "wait for its end",
                commands: [
                  { host: source.host, command: commandLine`virsh blockjob ${domain} ${blockJobs[0]!} --info` },
                ],
              },
              {
                do: "end it",
                commands: [
                  { host: source.host, command: commandLine`virsh blockjob ${domain} ${blockJobs[0]!} --abort` },
                ],
                loses: "what it has done so far",
              },
            ],
          ),
        ]
      : []),
  ];
}

function count(names: readonly string[], what: string): string {
  const shown = names.slice(0, 3).join(", ") + (names.length > 3 ? " …" : "");
  return `${names.length} ${what}${names.length === 1 ? "" : "s"} (${shown})`;
}
