/** A placement among Pulumi's own means: outputs of others, saved plans, resource options, policies. */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertMoved } from "../support/move";
import { describeWithStack, type Declared } from "../support/stack";

const root = join(__dirname, "../..");

/** As the stack's own program; a `host` of { of: NAME } is where another placement is, and a name of a name is an alias. */
const program = `
const { VmPlacement } = require("pulumi-vm-placement");
const declared = JSON.parse(require("fs").readFileSync(__dirname + "/placements.json", "utf8"));
const made = {};
for (const [name, { args, options }] of Object.entries(declared)) {
  const host = args.host.of === undefined ? args.host : made[args.host.of].currentHost;
  made[name] = new VmPlacement(name, { ...args, host }, options);
}
`;

/** Vetoes what the placement's plan says: the exact command is there before anything has run. */
const policy = `
const { PolicyPack } = require("@pulumi/policy");
new PolicyPack("placements", {
  policies: [{
    name: "encrypted",
    description: "Memory crosses the wire encrypted.",
    enforcementLevel: "mandatory",
    validateResource: ({ type, props }, report) => {
      if (type !== "pulumi-nodejs:dynamic/libvirt:VmPlacement") return;
      if (!props.plan.live.includes(" --tls ")) report("not encrypted: " + props.plan.live);
    },
  }],
});
`;

describeWithStack("a placement among Pulumi's means", { stack: { program } }, (lab, stack) => {
  const place = (domain: string, host: unknown, options?: Record<string, unknown>): Declared => ({
    args: { domain, host },
    ...(options && { options }),
  });
  const guests = (host: string) => lab().host(host).virsh("list --all --name");

  before(async () => {
    for (const name of ["leader", "follower"]) {
      await lab().startGuest({ name, host: "kvm-a", dirtyMiB: 4, dirtyRate: 4 });
    }
  });

  it("takes a host whose name is not known before another placement is there", async () => {
    stack().declare({ leader: place("leader", "kvm-b"), follower: place("follower", { of: "leader" }) });
    const preview = await stack().preview();
    assert.equal(preview.code, 0, preview.stdout);
    assert.match(preview.stdout, /host +: \[?unknown|host +: output<string>/i);
    assert.match(preview.stdout, /host +: "kvm-b"/);
    assert.equal((await guests("kvm-b")).trim(), "");

    const up = await stack().up();
    assert.equal(up.code, 0, up.stdout);
    for (const name of ["leader", "follower"]) {
      await assertMoved(lab(), stack(), up, { name, from: "kvm-a", to: "kvm-b", mode: "live" });
    }
  });

  it("runs a plan that was saved, and none that has changed since", async () => {
    const both = (host: string) => ({ leader: place("leader", host), follower: place("follower", host) });
    stack().declare(both("kvm-a"));
    const plan = join(stack().dir, "plan.json");
    const preview = await stack().pulumi.run(["preview", "--save-plan", plan]);
    assert.equal(preview.code, 0, preview.stdout);

    stack().declare({ ...both("kvm-a"), follower: place("follower", "kvm-b") });
    const other = await stack().up(["--plan", plan]);
    assert.notEqual(other.code, 0);
    assert.match(other.stdout, /violates plan/);

    stack().declare(both("kvm-a"));
    const up = await stack().up(["--plan", plan]);
    assert.equal(up.code, 0, up.stdout);
    await assertMoved(lab(), stack(), up, { name: "follower", from: "kvm-b", to: "kvm-a", mode: "live" });
    assert.equal((await guests("kvm-b")).trim(), "");
  });

  it("stays where it is when changes of its host are ignored, and is not forgotten while it is protected", async () => {
    stack().declare({
      leader: place("leader", "kvm-b", { ignoreChanges: ["host"] }),
      follower: place("follower", "kvm-a", { protect: true }),
    });
    const up = await stack().up();
    assert.equal(up.code, 0, up.stdout);
    assert.equal(stack().outputs("leader")["currentHost"], "kvm-a");
    assert.match(await guests("kvm-a"), /leader/);

    stack().declare({ leader: place("leader", "kvm-b", { ignoreChanges: ["host"] }) });
    const without = await stack().up();
    assert.notEqual(without.code, 0);
    assert.match(without.stdout, /protected/);
    assert.equal(stack().outputs("follower")["currentHost"], "kvm-a");
  });

  it("keeps its VM under another name in the program", async () => {
    const { id } = stack().resource("leader")!;
    stack().declare({
      chief: place("leader", "kvm-a", { aliases: [{ name: "leader" }] }),
      follower: place("follower", "kvm-a"),
    });
    const up = await stack().up();
    assert.equal(up.code, 0, up.stdout);
    assert.doesNotMatch(up.stdout, /created|deleted|replaced|moved /);
    assert.equal(stack().resource("leader"), undefined);
    assert.equal(stack().resource("chief")!.id, id);
  });

  it("is vetoed by a policy that reads the command of its plan", async function () {
    const pack = join(stack().dir, "policies");
    mkdirSync(pack);
    writeFileSync(join(pack, "PulumiPolicy.yaml"), "runtime: nodejs\nmain: index.js\n");
    writeFileSync(
      join(pack, "package.json"),
      JSON.stringify({ name: "placements", version: "1.0.0", main: "index.js" }),
    );
    writeFileSync(join(pack, "index.js"), policy);
    symlinkSync(join(root, "node_modules"), join(pack, "node_modules"));
    const move = (tls: boolean) => {
      // The only one that is moved without: `up` ends at the first violation, whichever that is.
      const args = (domain: string, host: string, encrypted: boolean) => ({
        args: { domain, host, ...(encrypted && { migration: { tls: true } }) },
      });
      stack().declare({ chief: args("leader", "kvm-b", tls), follower: args("follower", "kvm-a", true) });
    };

    move(false);
    const vetoed = await stack().up(["--policy-pack", pack]);
    assert.notEqual(vetoed.code, 0);
    const command = `virsh migrate --live --p2p --persistent --undefinesource leader qemu+ssh://${lab().host("kvm-b").address}/system`;
    assert.ok(vetoed.stdout.includes(`not encrypted: ${command}`), vetoed.stdout);
    assert.equal((await guests("kvm-b")).trim(), "");
    assert.equal(stack().outputs("chief")["currentHost"], "kvm-a");

    move(true);
    const preview = await stack().pulumi.run(["preview", "--policy-pack", pack]);
    assert.equal(preview.code, 0, preview.stdout);
  });
});
