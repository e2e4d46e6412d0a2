/** The destination's QEMU or libvirt takes the VM's definition or its state for another VM's. */
import { commandLine } from "../shownCommand";
import { onOneLine } from "../textMatch";
import type { StderrCause } from "./stderr";

/** What QEMU prints while it loads the state; a connection that broke meanwhile reads as an input/output error and is none of these. */
export const stateNotAccepted: StderrCause = {
  stderr:
    /load of migration failed: Invalid argument|Unknown (ramblock "|savevm section)|Length mismatch: |unsupported\. Allowed features: |failed to set MSR |Missing section footer|error while loading state/,
  code: "migrationRefused",
  remedies: ({ source, destination, domain }) => [
    {
      do: "compare the versions of QEMU: the destination needs the same or a later one",
      commands: [source, destination].map((host) => ({ host, command: "virsh version --daemon" })),
    },
    {
      do: "read what QEMU printed there",
      commands: [{ host: destination, command: commandLine`tail -n 50 ${`/var/log/libvirt/qemu/${domain}.log`}` }],
    },
    { do: "move it shut off" },
  ],
};

export const definitionDiffers: StderrCause = {
  stderr: onOneLine(/unsupported configuration: Target /, /does not match source/),
  code: "migrationRefused",
  remedies: ({ source, destination, domain }) => [
    {
      do: `update libvirt on ${destination} to the version of ${source}: it reads the definition in another way`,
      commands: [
        { host: source, command: commandLine`virsh dumpxml --migratable ${domain}` },
        ...[source, destination].map((host) => ({ host, command: "virsh version --daemon" })),
      ],
    },
    { do: "move it shut off" },
  ],
};
