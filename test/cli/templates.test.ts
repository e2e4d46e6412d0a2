/** What `pulumi new` makes of the templates in YAML and Python; that in TypeScript is run in examples.test.ts. */
import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findExecutable } from "../../lab/pulumi/find-on-path";
import { runCommand } from "../../lab/pulumi/run-command";
import { describeWithStack } from "../support/stack";

const root = join(__dirname, "../..");

describeWithStack("a project that pulumi new makes", { stack: { through: "provider" } }, (lab, stack) => {
  /** Its directory. */
  async function make(language: string): Promise<string> {
    const directory = join(stack().dir, language);
    mkdirSync(directory);
    const options = ["--generate-only", "--force", "--yes", "--name", "ours", "--description", "Our VMs"];
    const template = join(root, "templates", `vm-placement-${language}`);
    const { code, stdout, stderr } = await stack().pulumi.run(["new", template, ...options, "--dir", directory]);
    // The files are there when the CLI asks the language host; that of Python is no part of this repository's tools.
    assert.ok(code === 0 || /no language plugin 'pulumi-language-python'/.test(stderr), stdout + stderr);
    const read = (file: string) => readFileSync(join(directory, file), "utf8");
    assert.match(read("Pulumi.yaml"), /^name: ours\ndescription: Our VMs$/m);
    assert.doesNotMatch(read("Pulumi.yaml"), /^template:/m);
    assert.match(read("README.md"), /^# ours\n\nOur VMs\n/);
    assert.equal((JSON.parse(read("package.json")) as { name: string }).name, "ours");
    return directory;
  }

  it("in YAML places the VM, shows the move and makes it", async function () {
    this.timeout(300_000);
    await lab().startGuest({ name: "db-01", host: "kvm-a" });
    const directory = await make("yaml");
    // As `npm install` puts it there.
    const bin = join(directory, "node_modules/.bin");
    mkdirSync(bin, { recursive: true });
    const launcher = `#!/bin/sh\nexec node ${join(root, "dist/server.js")} "$@"\n`;
    writeFileSync(join(bin, "pulumi-resource-vm-placement"), launcher, { mode: 0o755 });
    const run = (...words: string[]) => stack().pulumi.expect(["-C", directory, ...words]);
    await run("stack", "init", "test");
    const file = join(directory, "Pulumi.test.yaml");
    const config = { domain: "db-01", host: "kvm-a", "vm-placement:hosts": lab().inventory() };
    appendFileSync(file, `config: ${JSON.stringify(config)}\n`);
    await run("up", "--yes", "--skip-preview");
    assert.equal((await run("stack", "output", "where")).stdout.trim(), "kvm-a");
    await run("config", "set", "host", "kvm-b");
    assert.match((await run("preview", "--diff")).stdout, /virsh migrate --live --p2p --persistent --undefinesource --auto-converge db-01 /); // prettier-ignore
    assert.match((await run("up", "--yes", "--skip-preview")).stdout, /moved kvm-a → kvm-b in/);
    assert.equal(await lab().host("kvm-b").virsh("domstate db-01"), "running");
    await run("destroy", "--yes");
    assert.equal(await lab().host("kvm-b").virsh("domstate db-01"), "running");
  });

  it("in Python has a program that compiles, and asks for what it requires", async function () {
    this.timeout(60_000);
    const directory = await make("python");
    const python = findExecutable("python3");
    if (python === undefined) return this.skip();
    const { code, stderr } = await runCommand(python, ["-m", "py_compile", "__main__.py"], { cwd: directory });
    assert.equal(code, 0, stderr);
    assert.ok(existsSync(join(directory, "requirements.txt")));
  });
});
