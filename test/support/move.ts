/** What every move must show, whatever its procedure: both hosts, the state file, and the lines the user reads. */
import assert from "node:assert/strict";
import type { Lab } from "../../lab/libvirt";
import type { LastMigration, Plan } from "../../provider/core/args";
import type { CommandResult } from "../../lab/pulumi";
import { assertMemoryIntact } from "./memory";
import { rowsOf } from "./rows";
import type { Stack } from "./stack";

export interface Expected {
  /** The resource's name. */
  name: string;
  /** Where it differs from the resource's. */
  domain?: string;
  from: string;
  to: string;
  mode: LastMigration["mode"];
  /** `domstate` on the destination. Default "running". */
  state?: "running" | "paused" | "shut off";
}

/** The place is right on both hosts, in the state file and in the last line; gives what the state holds of the move. */
export async function assertMoved(
  lab: Lab,
  stack: Stack,
  up: CommandResult,
  { name, domain = name, from, to, mode, state = "running" }: Expected,
): Promise<LastMigration> {
  const seen = (await lab.host(to).virsh(`domstate --reason ${domain}`)).trim();
  assert.match(
    seen,
    { running: /^running \((migrated|unpaused|post-copy)\)$/, paused: /^paused/, "shut off": /^shut off/ }[state],
    `${domain} on ${to}`,
  );
  const { stdout: left } = await lab.host(from).sh("virsh -q list --all --name");
  assert.ok(!left.split("\n").includes(domain), `${domain} is still known on ${from}`);
  assert.match(await lab.host(to).virsh(`dominfo ${domain}`), /Persistent: +yes/);

  const outputs = stack.outputs(name);
  assert.equal(outputs["currentHost"], to);
  assert.equal(outputs["state"], state);
  const last = outputs["lastMigration"] as LastMigration;
  assert.deepEqual({ from: last.from, to: last.to, mode: last.mode }, { from, to, mode });
  const planned = (outputs["plan"] as Plan)[mode === "offline" ? "offline" : "live"];
  assert.equal(last.command, typeof planned === "object" ? planned[to] : planned);
  assert.ok(last.durationMs > 0 && Math.abs(Date.parse(last.startedAt) - Date.now()) < 30 * 60_000);
  assert.notEqual(last.reason, "");

  const moved = rowsOf(up.stdout, name).filter((row) => row.startsWith("moved "));
  assert.ok(moved.length > 0, up.stdout);
  const line = moved.at(-1)!;
  assert.ok(line.startsWith(`moved ${from} → ${to}${mode === "offline" ? " (shut off)" : ""} in `), line);
  if (mode === "offline") {
    for (const absent of ["downtimeMs", "totalBytes", "passes"] as const) assert.equal(last[absent], undefined);
    return last;
  }
  assert.match(line, /, [\d.]+ [KMG]iB sent$/);
  assert.ok(last.totalBytes! > 2 ** 20, `${last.totalBytes} bytes`);
  assert.ok(last.passes! >= 1, `${last.passes} passes`);
  if (mode === "postCopy") {
    assert.equal(last.downtimeMs, undefined);
    assert.match(line, /, by post-copy, pause not reported by libvirt, /);
  } else {
    assert.ok(last.downtimeMs! >= 0);
    assert.match(line, /, paused [\d.]+ m?s, /);
  }
  if (state === "running") await assertMemoryIntact(lab, domain, to);
  return last;
}
