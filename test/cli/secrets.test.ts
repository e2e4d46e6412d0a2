import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../../lab/pulumi/run-command";
import { describeWithStack } from "../support/stack";

const passphrase = 'correct "horse" \\ battery';
const commandLine = join(__dirname, "../../dist/cli/index.js");

describeWithStack("the secrets of the inventory", { stack: { env: { PULUMI_DEBUG_COMMANDS: "1" } } }, (lab, stack) => {
  let key: string;
  const plain = (): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(lab().inventory()).map(([name, { address, user, knownHostsFile }]) => [
        name,
        { address, user, knownHostsFile },
      ]),
    );
  const file = (name: string) => join(stack().dir, name);
  const read = (name: string) => readFileSync(file(name), "latin1");

  /** What Pulumi has made of it once: four commands less each further time. */
  let configured: string | undefined;

  /** The stack's configuration as a user makes it: encrypted by Pulumi. */
  async function configure(): Promise<void> {
    if (configured !== undefined) return writeFileSync(file("project/Pulumi.test.yaml"), configured);
    stack().configure({ "vm-placement:hosts": plain() });
    for (const name of Object.keys(plain())) {
      await setSecret(`${name}.privateKey`, key);
      await setSecret(`${name}.passphrase`, passphrase);
    }
    configured = read("project/Pulumi.test.yaml");
  }
  const setSecret = (path: string, value: string) =>
    stack().pulumi.expect(["config", "set", "--secret", "--path", `vm-placement:hosts.${path}`, "--", value]);

  const found = (text: string): string[] => {
    const lines = key.split("\n").filter((line) => line.length > 20);
    const forms = [passphrase, JSON.stringify(passphrase).slice(1, -1), "horse", ...lines];
    return forms.filter((form) => text.includes(form));
  };
  const assertNone = (where: Record<string, string>) => {
    for (const [name, text] of Object.entries(where)) assert.deepEqual(found(text), [], name);
  };
  const vmPlacement = (...args: string[]) =>
    runCommand(process.execPath, [commandLine, ...args], {
      cwd: join(stack().dir, "project"),
      env: stack().pulumi.env,
    });

  before(async function () {
    this.timeout(120_000);
    await lab().startGuest({ name: "db-01", host: "kvm-a", disk: "none", memoryMiB: 32 });
    copyFileSync(lab().keyFile, file("key"));
    execFileSync("ssh-keygen", ["-q", "-p", "-f", file("key"), "-P", "", "-N", passphrase]);
    key = readFileSync(file("key"), "utf8");
    await configure();
  });

  it("open the hosts, and are in no output, error, plan or state, and in no list of processes", async function () {
    this.timeout(600_000);
    const processes = new Set<string>();
    const watching = setInterval(() => commandLines().forEach((line) => processes.add(line)), 100);
    try {
      stack().declare({ db: { args: { domain: "db-01", host: "kvm-a" } } });
      const adopted = await stack().up();
      assert.equal(adopted.code, 0, adopted.stdout + adopted.stderr);
      stack().declare({ db: { args: { domain: "db-01", host: "kvm-b" } } });
      const previewed = await stack().preview(["--save-plan", file("plan.json")]);
      const moved = await stack().up(["--event-log", file("events"), "--debug"]);
      assert.equal(moved.code, 0, moved.stdout + moved.stderr);
      const refreshed = await stack().refresh();
      assertNone({
        adopted: adopted.stdout + adopted.stderr,
        previewed: previewed.stdout + previewed.stderr,
        moved: moved.stdout + moved.stderr,
        refreshed: refreshed.stdout + refreshed.stderr,
        plan: read("plan.json"),
        events: read("events"),
        state: read("pulumi/state/.pulumi/stacks/placements/test.json"),
        processes: [...processes].join("\n"),
      });
      assert.ok([...processes].some((line) => line.includes("pulumi")));
    } finally {
      clearInterval(watching);
    }
  });

  it("are in nothing that vm-placement prints", async () => {
    for (const args of [["plan", "db-01"], ["plan", "db-01", "--json"], ["doctor"], ["doctor", "--json"]]) {
      const { code, stdout, stderr } = await vmPlacement(...args);
      assert.ok(code === 0 || code === 1, stderr);
      assert.match(stdout, /kvm-a/);
      assertNone({ [args.join(" ")]: stdout + stderr });
    }
  });

  it("are not shown where they stand in the wrong field", async () => {
    for (const field of ["port", "address", "maintenance", "passfrase"]) {
      await configure();
      await setSecret(`kvm-a.${field}`, `${passphrase}, and more of it than sixty characters hold, which were cut`);
      const { code, stdout, stderr } = await stack().up();
      assert.notEqual(code, 0);
      assert.match(stdout + stderr, /vm-placement:hosts\.kvm-a.*(got a text of \d+ characters|unknown field)/s);
      const asked = await vmPlacement("doctor");
      assert.equal(asked.code, 2);
      assertNone({ [field]: stdout + stderr, "vm-placement": asked.stdout + asked.stderr });
    }
    await configure();
  });

  it("are not shown by a key that was cut, or in the wrong host's passphrase", async () => {
    await setSecret("kvm-a.privateKey", key.slice(0, key.length / 2));
    await setSecret("kvm-b.passphrase", key);
    // A placement that the state does not hold yet: one that is where it should be opens no connection.
    stack().declare({ another: { args: { domain: "db-01", host: "kvm-a" } } });
    const { code, stdout, stderr } = await stack().up();
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /\[privateKeyUnusable\]/);
    const asked = await vmPlacement("doctor");
    assertNone({ up: stdout + stderr, doctor: asked.stdout + asked.stderr });
    await configure();
  });

  it("are not shown where a program takes one for an option", async () => {
    stack().declare({ db: { args: { domain: "db-01", host: "kvm-a", migration: { timeout: passphrase, tls: key } } } });
    const { code, stdout, stderr } = await stack().up();
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /got a text of \d+ characters; expected a duration/);
    assert.match(stdout + stderr, /got the text of a private key; expected true or false/);
    assertNone({ up: stdout + stderr });
  });

  it("are in Pulumi's own logs of -v=9 and in its traces, as the README says", async () => {
    stack().declare({ db: { args: { domain: "db-01", host: "kvm-b" } } });
    const logged = await stack().up(["-v=9", "--logtostderr"]);
    await stack().up(["--tracing", `file:${file("trace")}`]);
    assert.notDeepEqual(found(logged.stderr), []);
    assert.notDeepEqual(found(read("trace")), []);
    assertNone({ shown: logged.stdout });
  });
});

/** Of every process that runs. */
function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "latin1");
        // What the test itself starts to set a secret.
        return line.includes("config\0set") ? [] : [line.replaceAll("\0", " ")];
      } catch {
        return [];
      }
    });
}
