/** `npm run demo:evacuate [-- --report FILE]`: a host is emptied in one reviewed change and filled again by its revert, on three real hosts of this computer. */
import { appendFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { initStack, memoryIsRight, play, show, type Stage } from "./stage";

const before: Readonly<Record<string, readonly string[]>> = {
  "kvm-a": ["db-01", "web-01", "cache-01"],
  "kvm-b": ["db-02", "web-02"],
  "kvm-c": ["app-01"],
};
const up = ["pulumi", "up", "--yes", "--skip-preview", "--continue-on-error"];

const { values } = parseArgs({ options: { report: { type: "string" } } });
const kept = values.report && resolve(values.report);

play({
  hosts: 3,
  project: ["examples/fleet/"],
  async story(stage) {
    const { lab, run } = stage;
    const guests = Object.entries(before).flatMap(([host, names]) => names.map((name) => ({ name, host })));
    for (const guest of guests) await lab.startGuest(guest);
    await initStack(stage);
    await run(
      ["pulumi", "config", "set", "vm-placement:history", "moves.jsonl"],
      "each move is kept as a line of a file",
    );

    await show(lab, "before: six VMs, started without Pulumi");
    await writePlacements(stage);
    await run([...up], "the first `pulumi up` adopts them where they are");

    await run(
      ["vm-placement", "evacuate", "kvm-a", "--write"],
      "kvm-a is to be emptied: the plan, written into the file",
    );
    await run(["git", "diff", "--unified=0"], "what is reviewed: a line for each VM that moves");
    await run(["git", "commit", "--quiet", "--all", "--message=Empty kvm-a"]);
    await run(["pulumi", "preview", "--diff"], "what would be done");
    await run([...up], "and done: the VMs move while they run");
    const left = (await lab.host("kvm-a").virsh("list --all --name")).trim();
    await show(lab, left === "" ? "kvm-a is empty, and can be serviced" : "kvm-a is NOT EMPTY");

    await run(["vm-placement", "report", "--output", kept ?? "report.html"], "what came of it, as one HTML file");

    await run(["git", "revert", "--no-edit", "HEAD"], "the way back");
    await run([...up]);
    await show(lab, "after");
    const isRight = await memoryIsRight(lab, "kvm-a", before["kvm-a"]!);
    return isRight && left === "";
  },
});

/** As the hosts have it, with a rule of its own, in git. */
async function writePlacements({ directory, run }: Stage): Promise<void> {
  rmSync(join(directory, "placements.yaml"));
  await run(["vm-placement", "discover", "--write", "placements.yaml"], "where they run becomes a file");
  appendFileSync(
    join(directory, "placements.yaml"),
    "\nrules:\n  - apart: [web-01, web-02] # one of them survives the loss of a host\n",
  );
  await run(["git", "init", "--quiet"]);
  await run(["git", "add", "placements.yaml"]);
  await run(["git", "commit", "--quiet", "--message=Place the VMs where they are"]);
}
