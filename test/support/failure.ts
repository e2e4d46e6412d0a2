/** What a failing `pulumi up` leaves: on the screen, in the state file and on the hosts. */
import assert from "node:assert/strict";
import type { Lab } from "../../lab/libvirt";
import type { ErrorCode } from "../../provider/core/errorCodes";
import type { CommandResult } from "../../lab/pulumi";
import type { Stack } from "./stack";

/** What stands under "Diagnostics" for each resource, by its name, with the indentation of the display taken off. */
export function diagnosticsOf({ stdout }: CommandResult): Map<string, string> {
  const section = /^Diagnostics:\n([\s\S]*?)(?=^(?:Outputs|Resources|Policies):|$(?![\s\S]))/m.exec(stdout)?.[1] ?? "";
  const blocks = section.split(/^ {2}(?=\S+ \(.+\):$)/m).filter((block) => block.trim() !== "");
  return new Map(
    blocks.map((block) => {
      const [title, ...lines] = block.split("\n");
      return [
        /\((.+)\):$/.exec(title!)![1]!,
        lines
          .map((line) => line.replace(/^ {4}/, ""))
          .join("\n")
          .trim(),
      ];
    }),
  );
}

/** The one failure of a resource: told once, complete, without a stack trace. `says` is looked for in order in its text. */
export function assertFailed(
  result: CommandResult,
  name: string,
  code: ErrorCode,
  ...says: (string | RegExp)[]
): string {
  assert.equal(result.code, 1, result.stdout + result.stderr);
  // The look ahead warns of the same before the step is tried; this is about the failure itself.
  const text = /^error: [\s\S]*?(?=^warning: |$(?![\s\S]))/m.exec(diagnosticsOf(result).get(name) ?? "")?.[0];
  assert.ok(text !== undefined, `nothing was said of ${name}:\n${result.stdout}${result.stderr}`);
  assert.equal(text.split(`[${code}]`).length, 2, `not once [${code}] of ${name}:\n${text}`);
  assert.equal(text.split("What to do: ").length, 2, `not one list of remedies of ${name}:\n${text}`);
  assert.doesNotMatch(result.stdout + result.stderr, /^\s+at .*:\d+:\d+\)?$|node:internal|undefined|\[object/m);
  assert.doesNotMatch(text, /the ssh account|DOMAIN|ACCOUNT/);
  assert.equal(result.stderr.trim(), "");
  let rest = text;
  for (const part of says) {
    const at = typeof part === "string" ? rest.indexOf(part) : rest.search(part);
    assert.ok(at >= 0, `${name} does not say ${String(part)} (there):\n${text}`);
    rest = rest.slice(at);
  }
  return text;
}

/** What every host says of every domain, with the reason of its state. */
export async function hostsSay(lab: Lab, names = lab.hosts.map(({ name }) => name)): Promise<Record<string, string[]>> {
  const each = names.map(async (name) => {
    const list = await lab
      .host(name)
      .must('for uuid in $(virsh -q list --all --uuid | sort); do echo "$uuid $(virsh domstate --reason $uuid)"; done');
    return [name, list.split("\n").filter((line) => line.trim() !== "")] as const;
  });
  return Object.fromEntries(await Promise.all(each));
}

/** After a failed update: the real host, the whole message, and what Pulumi needs to call the provider again. */
export function assertPartial(
  stack: Stack,
  name: string,
  expected: { host: string; code: ErrorCode; text: string },
): void {
  const resource = stack.resource(name);
  assert.ok(resource, `${name} is not in the state`);
  assert.equal(resource.outputs!["currentHost"], expected.host);
  assert.match(resource.outputs!["__provider"] as string, /pulumi-vm-placement\/handlers/);
  assert.equal(resource.initErrors?.length, 1);
  const message = resource.initErrors[0]!;
  assert.ok(message.endsWith(`[${expected.code}]`), message);
  // The display indents and marks what the state holds word for word.
  const words = (text: string) => text.replace(/\s+/g, " ").trim();
  assert.ok(words(expected.text).includes(words(message)), `${expected.text}\n≠\n${message}`);
}
