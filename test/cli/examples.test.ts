import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describeWithLab } from "../support/lab";
import { Stack } from "../support/stack";

const root = join(__dirname, "../..");

describeWithLab("the examples, copied elsewhere", {}, (lab) => {
  const keys = (host: string) => ({
    "vm-placement-quickstart:domain": "db-01",
    "vm-placement-quickstart:host": host,
  });
  let stack: Stack;

  before(async function () {
    // Where no CLI is to be had by other means it is built, once.
    this.timeout(15 * 60_000);
    await lab().startGuest({ name: "db-01", host: "kvm-a" });
    stack = await Stack.create(lab(), {
      config: keys("kvm-a"),
      makeProject: (projectDir) => {
        cpSync(join(root, "examples/quickstart"), projectDir, { recursive: true });
        symlinkSync(join(root, "node_modules"), join(projectDir, "node_modules"));
        return Promise.resolve();
      },
    });
  });
  after(() => stack?.remove());

  it("has a quickstart that adopts the VM, shows the move and makes it", async () => {
    const adopted = await stack.up();
    assert.equal(adopted.code, 0, adopted.stdout + adopted.stderr);
    assert.equal((await stack.outputs("db"))["currentHost"], "kvm-a");

    stack.configure(keys("kvm-b"));
    const preview = await stack.preview();
    assert.equal(preview.code, 0, preview.stdout + preview.stderr);
    assert.match(preview.stdout, /virsh migrate --live --p2p --persistent --undefinesource --auto-converge db-01/);
    assert.equal(await lab().host("kvm-a").virsh("domstate db-01"), "running");

    const moved = await stack.up();
    assert.equal(moved.code, 0, moved.stdout + moved.stderr);
    assert.match(moved.stdout, /moved kvm-a → kvm-b in/);
    assert.equal(await lab().host("kvm-b").virsh("domstate db-01"), "running");
  });

  it("has a template from which `pulumi new` makes a project", async () => {
    const directory = join(stack.dir, "new");
    mkdirSync(directory);
    // The CLI asks the language host of the project, which needs the SDK there; so the directory is not empty.
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
    const options = ["--generate-only", "--force", "--yes", "--name", "placements", "--description", "Our VMs"];
    await stack.pulumi.expect(["new", join(root, "examples/template"), ...options, "--dir", directory]);
    const read = (file: string) => readFileSync(join(directory, file), "utf8");
    assert.match(read("Pulumi.yaml"), /^name: placements\ndescription: Our VMs$/m);
    assert.equal((JSON.parse(read("package.json")) as { name: string }).name, "placements");
    assert.equal(read("index.ts"), readFileSync(join(root, "examples/quickstart/index.ts"), "utf8"));
  });
});
