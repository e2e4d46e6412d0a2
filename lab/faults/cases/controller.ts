/** Faults of this computer: the provider or Pulumi ends in the middle of a move. */
import { type Fault, phaseNames } from "../case";
import { kill } from "../fixture";
import * as inject from "../inject";
import { moved, takesOver } from "./output";

/** The controller is gone, at once or by Ctrl-C. The hosts go on, and the next `up` joins them. */
const controllerLost = (output: RegExp): Fault["cases"] => ({
  "before start": { up: "fails", output },
  "pre-copy": { up: "fails", output, heldUntil: takesOver, nextOutput: moved },
  "switch-over": { up: "fails", output },
  "post-copy": { up: "fails", output, heldUntil: takesOver, nextOutput: moved },
  "after completion": { up: "fails", output },
});

export const controllerFaults: readonly Fault[] = [
  {
    title: "provider killed",
    means: "SIGKILL to the provider's process",
    inject: inject.killProvider,
    cases: controllerLost(/error reading from server|the provider/),
  },
  {
    title: "pulumi killed",
    means: "SIGKILL to `pulumi`; `pulumi cancel` takes away the lock that it left",
    inject: ({ up }) => Promise.resolve(kill(up!.child.pid!, "SIGKILL")),
    recover: async ({ stack }) => void (await stack.pulumi.expect(["cancel", "--yes"])),
    cases: controllerLost(/starting the live migration/),
  },
  {
    title: "second Ctrl-C",
    means: "SIGINT to `pulumi`, and another one",
    inject: inject.twoCtrlC,
    cases: {
      ...controllerLost(/interrupted: db-01 runs on kvm-a, and its migration to kvm-b goes on without pulumi/),
      "post-copy": {
        up: "fails",
        output: /interrupted: db-01 runs on kvm-b already/,
        heldUntil: takesOver,
        nextOutput: moved,
      },
    },
    // The first one has asked the provider to cancel, and `pulumi` may end before it prints the answer.
    ofProvider: Object.fromEntries(phaseNames.map((phase) => [phase, { output: /\^C received; terminating/ }])),
  },
  {
    title: "first Ctrl-C",
    through: "provider",
    means: "SIGINT to `pulumi`, once: it asks the provider to cancel, which leaves the move to go on",
    inject: inject.ctrlC,
    cases: {
      ...controllerLost(/its migration to kvm-b goes on without pulumi/),
      "post-copy": {
        up: "fails",
        output: /runs on kvm-b already/,
        heldUntil: takesOver,
        nextOutput: moved,
      },
    },
  },
];
