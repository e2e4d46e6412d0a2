import { hostname, userInfo } from "node:os";
import { cancel, type Cancelled } from "../reconcile/cancel";
import { exitCodes, type Verb } from "./verb";

export const cancelVerb: Verb<{ reason?: string }> = {
  usage: "cancel <vm>",
  description:
    "cancels the VM's migration before its switch, also one that somebody else started, and proves on both hosts that the VM is where it was",
  options: [["--reason <text>", "is shown by the `pulumi up` that waits for the migration"]],
  async run({ hosts, clock, show }, [domain], { reason }) {
    const who = `${userInfo().username}@${hostname()} (vm-placement cancel)`;
    const cancelled = await cancel(hosts, domain!, reason === undefined ? who : `${who}: ${reason}`, clock);
    show(cancelled, showCancelled);
    return exitCodes.fine;
  },
};

function showCancelled({ domain, host, destination, state }: Cancelled): string {
  const where = destination === undefined ? "a host outside of the inventory" : destination;
  return `The migration of ${domain} to ${where} is cancelled; ${domain} is ${state} on ${host} as before.`;
}
