/** The errors of a VM that was shut down, or crashed, while it was moved. */
import type { PlacementError } from "../core/errors";
import { commandLine } from "../core/shownCommand";
import { type Ended, failed } from "./ended";

export function ended(end: Ended): PlacementError {
  const { domain, source } = end.migration;
  return failed(end, {
    code: "domainStateUnfit",
    message: "it was shut down or crashed while it was being moved, which ended the migration",
    remedies: [
      { do: 'run `pulumi up` again, which moves it shut off (mode "auto" or "offline")' },
      {
        do: "start it, then run `pulumi up` again, which moves it live",
        commands: [{ host: source, command: commandLine`virsh start ${domain}` }],
      },
    ],
  });
}

export function endedOnDestination(end: Ended): PlacementError {
  const { domain, destination } = end.migration;
  return failed(end, {
    code: "domainStateUnfit",
    phase: "verify",
    message: `it had arrived on ${destination}, and ended there`,
    remedies: [
      {
        do: `see why in its log there (/var/log/libvirt/qemu/${domain.name}.log), and start it from its disk`,
        commands: [{ host: destination, command: commandLine`virsh start ${domain}` }],
        loses: "what was only in its memory",
      },
    ],
  });
}
