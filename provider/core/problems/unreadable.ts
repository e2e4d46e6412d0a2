/** What cannot be read is not empty: no rule could find anything in it. */
import type { MoveFacts, UnreadableAnswer } from "./facts";
import type { Problem } from "../problem";

const unknown: Record<UnreadableAnswer["what"], string> = {
  definition: "nothing is known of its disks and devices",
  capabilities: "its CPU, security drivers and machine types are not checked",
  "storage pools": "their paths are not known",
};

export function answersAreReadable({ unreadable }: MoveFacts): Problem[] {
  const once = new Map(unreadable.map((answer) => [`${answer.host} ${answer.what}`, answer]));
  // They are asked for at once, and the answers come in any order.
  const inOrder = [...once].sort(([a], [b]) => a.localeCompare(b, "en"));
  return inOrder.map(([, { host, what, command, unanswered }]) => ({
    rule: "answers-are-readable",
    severity: what === "definition" ? "blocker" : "warning",
    code: "unreadableAnswer",
    host,
    message: `${what === "definition" ? `the definition of the VM on ${host}` : `the ${what} of ${host}`} cannot be read, so ${unknown[what]}: ${unanswered ? "virsh did not answer in time, or printed an error or more than 8 MiB" : "it is not well-formed XML, was cut off, or is larger than 4 MiB"}`,
    remedies: [
      unanswered
        ? { do: "run `pulumi up` again when this answers", commands: [{ host, command }] }
        : {
            do: `find the malformed line${what === "definition" ? " (`virsh edit` corrects it)" : ""}`,
            commands: [{ host, command: `${command} | xmllint --noout -` }],
          },
    ],
  }));
}
