/** The tables of `convergence` in docs/options.md: conditions, actions and presets, from the code. */
import { join } from "node:path";
import { actionKinds, convergenceKinds } from "../../provider/core/convergence/kinds";
import { presets } from "../../provider/core/convergence/presets";
import { docComments } from "./doc-comments";
import { allowed, code, table } from "./options";

const args = join(__dirname, "../../provider/core/args.ts");

export function conditionsTable(): string {
  const comments = docComments(args, "ConvergenceStepArgs");
  return table(
    ["condition", "value", "the action is done when"],
    (["after", "pass", "stalled"] as const).map((name) => [
      `\`${name}\``,
      allowed(convergenceKinds[name]),
      comments.get(name)!.text,
    ]),
  );
}

const actions: Record<(typeof actionKinds)[number], [virsh: string, meaning: string]> = {
  throttle: [
    "--auto-converge",
    "From the start on QEMU may slow the VM (`autoConverge`), and begins when two passes do not converge. libvirt cannot turn this on in a migration that runs, so the condition only says when `up` reports how far the VM is slowed.",
  ],
  postCopy: ["migrate-postcopy", "Switches to post-copy. Nothing can be done after it, and nothing can call it back."],
  abort: ["domjobabort", "Cancels the migration: the VM stays on the source, `up` fails with `migrationTimedOut`."],
  suspend: ["suspend", "Pauses the VM until it has moved."],
};

export function actionsTable(): string {
  const objects = [
    [
      "`{ raiseDowntime: DURATION }`",
      "`migrate-setmaxdowntime`",
      `Raises \`maxDowntime\`, ${allowed(convergenceKinds.raiseDowntime)}. It is never lowered. If the VM stays on the source, the old value is put back.`,
    ],
    [
      "`{ bandwidth: RATE }`",
      "`migrate-setspeed`",
      "Sets the limit of the rate before the switch-over, in whole MiB/s, also above `bandwidth`. If the VM stays on the source, the old value of the host is put back.",
    ],
  ];
  return table(
    ["`do`", "virsh", "meaning"],
    [...objects, ...actionKinds.map((kind) => [`\`"${kind}"\``, code(actions[kind][0]), actions[kind][1]])],
  );
}

export function presetsTable(): string {
  const shown = (value: unknown) =>
    JSON.stringify(value)
      .replace(/"(\w+)":/g, " $1: ")
      .replaceAll("}", " }");
  return table(
    ["preset", "meaning", "steps"],
    Object.entries(presets).map(([name, { meaning, steps }]) => [
      `\`"${name}"\``,
      meaning,
      steps.map((step) => `\`${shown(step)}\``).join("<br>"),
    ]),
  );
}
