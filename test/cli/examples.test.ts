import assert from "node:assert/strict";
import { appendFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import type { LastMigration, Plan } from "../../provider";
import { describeWithLab } from "../support/lab";
import { Stack, typeChecked, typesUnchecked } from "../support/stack";

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
      env: typesUnchecked,
      makeProject: (projectDir) => {
        cpSync(join(root, "examples/quickstart"), projectDir, { recursive: true });
        symlinkSync(join(root, "node_modules"), join(projectDir, "node_modules"));
        return Promise.resolve();
      },
    });
  });
  after(() => stack?.remove());

  it("has a quickstart that adopts the VM, shows the move and makes it", async () => {
    const adopted = await stack.up([], typeChecked);
    assert.equal(adopted.code, 0, adopted.stdout + adopted.stderr);
    assert.equal(stack.outputs("db")["currentHost"], "kvm-a");

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

  describe("with the policies of docs/ci.md", () => {
    /** A pack of one file, as `pulumi policy new` makes it. Pulumi checks the types of a pack in TypeScript each time that it loads it. */
    function makePack(name: string, text: string, language: "ts" | "js" = "js"): string {
      const directory = join(stack.dir, `${name}-${language}`);
      mkdirSync(directory);
      symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
      writeFileSync(join(directory, "PulumiPolicy.yaml"), "runtime: nodejs\n");
      const main = `index.${language}`;
      writeFileSync(join(directory, "package.json"), JSON.stringify({ name, version: "1.0.0", main }));
      const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2020 };
      const program = language === "ts" ? text : ts.transpileModule(text, { compilerOptions }).outputText;
      writeFileSync(join(directory, main), program);
      return directory;
    }
    const previewWith = (pack: string) => stack.pulumi.run(["preview", "--diff", "--policy-pack", pack]);
    const placedOn = () => stack.outputs("db")["currentHost"];

    before(() => stack.configure(keys("kvm-a")));

    it("vetoes a move without TLS in the preview, and in up before anything is changed", async () => {
      const [, documented] = /```ts\n(import \{ PolicyPack[^]*?)```/.exec(
        readFileSync(join(root, "docs/ci.md"), "utf8"),
      )!;
      const typed = makePack("documented", documented!, "ts");
      const pack = makePack("documented", documented!);
      for (const { code, stdout, stderr } of [await previewWith(typed), await stack.up(["--policy-pack", pack])]) {
        assert.notEqual(code, 0, stdout);
        assert.match(stdout + stderr, /\bmemory-is-encrypted\b[^]*set migration\.tls: true/);
      }
      assert.equal(placedOn(), "kvm-b");
      assert.equal(await lab().host("kvm-b").virsh("domstate db-01"), "running");

      const program = join(stack.dir, "project/index.ts");
      const withoutTls = readFileSync(program, "utf8");
      writeFileSync(program, withoutTls.replace("autoConverge: true,", "autoConverge: true,\n    tls: true,"));
      const passed = await previewWith(pack);
      writeFileSync(program, withoutTls);
      assert.equal(passed.code, 0, passed.stdout + passed.stderr);
      assert.match(passed.stdout, / --tls /);
    });

    it("runs the command as a remediation changed it, and the preview shows the one before", async () => {
      const pack = makePack(
        "remediation",
        `import { PolicyPack, remediateResourceOfType } from "@pulumi/policy";
import { VmPlacement } from "pulumi-vm-placement";
new PolicyPack("remediation", {
  policies: [{
    name: "bandwidth-is-capped",
    description: "A move leaves room for others.",
    enforcementLevel: "remediate",
    remediateResource: remediateResourceOfType(VmPlacement, (props) => ({
      ...props,
      migration: { ...props.migration, bandwidth: "900MiB/s" },
    })),
  }],
});
`,
      );
      const up = await stack.up(["--policy-pack", pack]);
      assert.equal(up.code, 0, up.stdout + up.stderr);
      // The plan was made before the remediation: the command that ran has the option, and so has the plan in the outputs.
      const { inputs, outputs } = stack.resource("db")!;
      const { command } = outputs!["lastMigration"] as LastMigration;
      const live = (of: Record<string, unknown>) => (of["plan"] as Plan).live as string;
      assert.match(command, / --bandwidth 900 /);
      assert.equal(live(outputs!), command);
      assert.doesNotMatch(live(inputs!), /bandwidth/);
      const again = await previewWith(pack);
      assert.match(again.stdout, /2 unchanged/, again.stdout + again.stderr);
    });

    it("has a stack policy that reports only after the move", async () => {
      const pack = makePack(
        "whole-stack",
        `import { PolicyPack } from "@pulumi/policy";
new PolicyPack("whole-stack", {
  policies: [{
    name: "never",
    description: "Refuses each stack.",
    enforcementLevel: "mandatory",
    validateStack: (_args, report) => report("refused as a whole"),
  }],
});
`,
      );
      stack.configure(keys(placedOn() === "kvm-a" ? "kvm-b" : "kvm-a"));
      const before = placedOn();
      const up = await stack.up(["--policy-pack", pack]);
      assert.notEqual(up.code, 0, up.stdout);
      assert.match(
        up.stdout,
        /moved kvm-. → kvm-. in[^]*refused as a whole|refused as a whole[^]*moved kvm-. → kvm-. in/,
      );
      assert.notEqual(placedOn(), before);
    });
  });

  it("has a template from which `pulumi new` makes a project", async () => {
    const directory = join(stack.dir, "new");
    mkdirSync(directory);
    // The CLI asks the language host of the project, which needs the SDK there; so the directory is not empty.
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
    const options = ["--generate-only", "--force", "--yes", "--name", "placements", "--description", "Our VMs"];
    await stack.pulumi.expect(["new", join(root, "templates/vm-placement-typescript"), ...options, "--dir", directory]);
    const read = (file: string) => readFileSync(join(directory, file), "utf8");
    assert.match(read("Pulumi.yaml"), /^name: placements\ndescription: Our VMs$/m);
    assert.equal((JSON.parse(read("package.json")) as { name: string }).name, "placements");
    assert.equal(read("index.ts"), readFileSync(join(root, "examples/quickstart/index.ts"), "utf8"));

    await stack.pulumi.expect(["-C", directory, "stack", "init", "test"]);
    const config = { domain: "db-01", host: "kvm-b", "vm-placement:hosts": lab().inventory() };
    appendFileSync(join(directory, "Pulumi.test.yaml"), `config: ${JSON.stringify(config)}\n`);
    const { stdout } = await stack.pulumi.expect(["-C", directory, "preview", "--diff"], typeChecked);
    assert.match(stdout, /virsh migrate --live --p2p --persistent --undefinesource --auto-converge db-01 /);
  });
});

describeWithLab("the example of a fleet, copied elsewhere", { hosts: 3 }, (lab) => {
  let stack: Stack;
  let file: string;

  before(async function () {
    this.timeout(15 * 60_000);
    await lab().startGuest({ name: "db-01", host: "kvm-a" });
    await lab().startGuest({ name: "web-01", host: "kvm-a" });
    await lab().startGuest({ name: "web-02", host: "kvm-b" });
    stack = await Stack.create(lab(), {
      env: typesUnchecked,
      makeProject: (projectDir) => {
        cpSync(join(root, "examples/fleet"), projectDir, { recursive: true });
        symlinkSync(join(root, "node_modules"), join(projectDir, "node_modules"));
        file = join(projectDir, "placements.yaml");
        return Promise.resolve();
      },
    });
  });
  after(() => stack?.remove());

  const stateOn = (host: string, vm: string) => lab().host(host).virsh(`domstate ${vm}`);

  it("adopts the VMs, moves what the file moves, and moves it back with the text of before", async () => {
    const adopted = await stack.up([], typeChecked);
    assert.equal(adopted.code, 0, adopted.stdout + adopted.stderr);
    assert.doesNotMatch(adopted.stdout, /moved kvm-/);

    const before = readFileSync(file, "utf8");
    writeFileSync(file, before.replace("db-01: kvm-a", "db-01: kvm-b"));
    const preview = await stack.preview();
    assert.equal(preview.code, 0, preview.stdout + preview.stderr);
    assert.match(preview.stdout, /virsh migrate --live --p2p --persistent --undefinesource --auto-converge db-01/);
    for (const host of ["kvm-b", "kvm-a"]) {
      const moved = await stack.up();
      assert.equal(moved.code, 0, moved.stdout + moved.stderr);
      assert.equal(await stateOn(host, "db-01"), "running");
      writeFileSync(file, before);
    }
  });

  it("refuses a file that breaks its rules, in one error without a stack, and moves nothing", async () => {
    const before = readFileSync(file, "utf8");
    writeFileSync(
      file,
      before.replace("web-02: { host: kvm-b", "web-02: { host: kvm-a").replace("db-01: kvm-a", "db-01: kvm-b"),
    );
    for (const { code, stdout, stderr } of [await stack.preview(), await stack.up()]) {
      assert.notEqual(code, 0, stdout);
      assert.match(stdout + stderr, /web-01 and web-02 may not both be on kvm-a \(apart: app=web\)/);
      assert.doesNotMatch(stdout + stderr, /at .*\.js:\d+/);
    }
    writeFileSync(file, before);
    assert.equal(await stateOn("kvm-a", "db-01"), "running");
    assert.equal(await stateOn("kvm-b", "web-02"), "running");
  });
});
