import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { fakeDomain } from "../../../../lab/simulated";
import { Maintained } from "../../../support/maintenance";

const uuidOf = (n: number) => `5c1e2f0a-6d0b-4f8e-9a37-${String(n).padStart(12, "0")}`;
const vm = (n: number, name: string, more: Partial<ReturnType<typeof fakeDomain>> = {}) =>
  fakeDomain({ uuid: uuidOf(n), name, memoryMiB: 512, ...more });

describe("vm-placement maintain", () => {
  let made: Maintained | undefined;
  afterEach(() => made?.remove());

  const text = `# ours
vms:
  db-01: kvm-a # the big one
  web-01: kvm-b
  off-01: kvm-a
  gpu-01: { host: kvm-a, pinned: true }
`;
  const all = ["kvm-a", "kvm-b", "--run", "dnf -y upgrade", "--reboot", "--shutdown-unmovable", "--yes"];

  function hosts(more: Partial<ReturnType<typeof fakeDomain>> = {}, file = text): Maintained {
    const a = [vm(1, "db-01"), vm(3, "off-01", { state: "shut off", reason: "shutdown" }), vm(4, "gpu-01", more)];
    return (made = new Maintained(["kvm-a", "kvm-b", "kvm-c"], { "kvm-a": a, "kvm-b": [vm(2, "web-01")] }, file));
  }
  const withoutGpu = () => {
    const set = hosts({}, text.replace(/.*gpu-01.*\n/, ""));
    set.lab.hosts.get("kvm-a")!.domains.pop();
    return set;
  };
  const home = [
    "db-01 running on kvm-a",
    "gpu-01 running on kvm-a",
    "off-01 shut off on kvm-a",
    "web-01 running on kvm-b",
  ];

  it("takes each host in turn, and puts everything back as it was", async () => {
    const set = hosts();
    const { code, printed, complained } = await set.call(all);
    assert.equal(code, 0, printed + complained);
    assert.deepEqual(set.places, home);
    assert.equal(readFileSync(set.file, "utf8"), text);
    assert.equal(existsSync(set.journal), false);
    assert.deepEqual(set.effects, [
      ...["up", `shutdown ${uuidOf(4)}`, "run kvm-a", "reboot kvm-a", "up", `start ${uuidOf(4)}`],
      ...["up", "run kvm-b", "reboot kvm-b", "up"],
    ]);
    assert.match(printed, /kvm-a \| Upgraded: libvirt/);
  });

  it("goes on with the same command, wherever it was killed: same end, and each effect once", async function () {
    this.timeout(120_000);
    const whole = hosts();
    const { ticks } = await whole.call(all);
    whole.remove();
    assert.ok(ticks > 20, `${ticks} ticks`);
    for (let killAt = 1; killAt <= ticks; killAt++) {
      const set = hosts();
      const first = await set.call(all, killAt);
      assert.equal(first.wasKilled, true, `killed at ${killAt}`);
      const { code, printed, complained } = await set.call(all);
      assert.equal(code, 0, `killed at ${killAt}: ${printed}${complained}`);
      assert.deepEqual(set.places, home, `killed at ${killAt}`);
      assert.equal(readFileSync(set.file, "utf8"), text, `killed at ${killAt}`);
      assert.equal(existsSync(set.journal), false);
      for (const effect of ["run kvm-a", "run kvm-b", "reboot kvm-a", "reboot kvm-b", `start ${uuidOf(4)}`])
        assert.equal(set.effects.filter((each) => each === effect).length, 1, `${effect}, killed at ${killAt}`);
      set.remove();
    }
  });

  const refused = [
    { words: ["kvm-a", "--reboot"], says: /give --yes/ },
    { words: ["--reboot", "--yes"], says: /which hosts/ },
    { words: ["kvm-a", "--yes"], says: /give --run COMMAND, --reboot, or both/ },
    { words: ["kvm-a", "kvm-a", "--reboot", "--yes"], says: /given twice/ },
    { words: ["kvm-x", "--reboot", "--yes"], says: /no host kvm-x/ },
    { words: ["kvm-a", "--run", "true", "--reboot-command", "reboot", "--yes"], says: /needs --reboot/ },
    { words: ["kvm-a", "--run", "true", "--skip-run", "--yes"], says: /a command that was begun, and none was/ },
    { words: ["kvm-a", "--reboot", "--reboot-timeout", "15", "--yes"], says: /--reboot-timeout: got 15/ },
  ];
  for (const { words, says } of refused) {
    it(`refuses ${words.join(" ")}`, async () => {
      const set = hosts();
      const { code, complained } = await set.call(words);
      assert.equal(code, 2);
      assert.match(complained, says);
      assert.deepEqual([set.effects, existsSync(set.journal)], [[], false]);
    });
  }

  it("touches nothing where a VM cannot leave, and --shutdown-unmovable is not given", async () => {
    const set = hosts();
    const { code, printed } = await set.call(["kvm-b", "kvm-a", "--reboot", "--yes"]);
    assert.equal(code, 1);
    assert.match(printed, /kvm-a: gpu-01 cannot leave: it is pinned/);
    assert.deepEqual([set.effects, existsSync(set.journal), readFileSync(set.file, "utf8")], [[], false, text]);
  });

  for (const more of [{ persistent: false }, { state: "paused", reason: "user" }] as const) {
    it(`shuts down no VM that would not come back as it was: ${Object.keys(more)[0]}`, async () => {
      const set = hosts(more);
      const { code, printed } = await set.call(all);
      assert.equal(code, 1);
      assert.match(printed, /gpu-01 can neither leave \(it is pinned\) nor be shut down: it is (transient|paused)/);
      assert.deepEqual(set.effects, []);
    });
  }

  it("waits for a guest that does not shut down only so long, destroys nothing, and goes on when it is off", async () => {
    const set = hosts({ ignoresShutdown: true });
    const { code, printed } = await set.call([...all, "--shutdown-timeout", "1m"]);
    assert.equal(code, 1);
    assert.match(printed, /gpu-01 did not shut down on kvm-a/);
    assert.ok(set.places.includes("gpu-01 running on kvm-a"));
    assert.ok(!set.effects.includes("run kvm-a"));
    Object.assign(set.lab.hosts.get("kvm-a")!.find("gpu-01")!, { state: "shut off", reason: "shutdown" });
    assert.equal((await set.call(all)).code, 0);
    assert.deepEqual(set.places, home);
  });

  it("leaves a VM that cannot leave and was shut off before as it was", async () => {
    const set = hosts({ state: "shut off", reason: "shutdown" });
    const { code } = await set.call(["kvm-a", "--reboot", "--yes"]);
    assert.equal(code, 0);
    assert.deepEqual(set.effects, ["up", "reboot kvm-a", "up"]);
    assert.ok(set.places.includes("gpu-01 shut off on kvm-a"));
  });

  const some = ["kvm-a", "--run", "dnf -y upgrade", "--reboot", "--yes"];

  it("stops where the command fails, and runs it again only when it is told to", async () => {
    const set = withoutGpu();
    set.command = { output: ["no space"], state: "ended 3" };
    const failed = await set.call(some);
    assert.equal(failed.code, 1);
    assert.match(failed.printed, /kvm-a \| no space\n/);
    assert.match(
      failed.printed,
      /exit code 3 on kvm-a\n.*\/var\/tmp\/vm-placement-maintain-[0-9a-f]+\/output on kvm-a/,
    );
    assert.match(
      failed.printed,
      /kvm-a stays in maintenance; go on with: vm-placement maintain kvm-a --run 'dnf -y upgrade' --reboot/,
    );
    assert.equal(set.placements.hosts!["kvm-a"]!.maintenance, true);
    assert.equal((await set.call(some)).code, 1);
    assert.deepEqual(set.effects, ["up", "run kvm-a"]);
    set.command = { output: [], state: "ended 0" };
    assert.equal((await set.call([...some, "--run-again"])).code, 0);
    assert.deepEqual(set.effects, ["up", "run kvm-a", "run kvm-a", "reboot kvm-a", "up"]);
  });

  it("says that the end of a command was not seen, and takes it for done only when it is told to", async () => {
    const set = withoutGpu();
    set.command = { output: ["half"], state: "rebooted" };
    const cut = await set.call(some);
    assert.equal(cut.code, 1);
    assert.match(cut.printed, /its end was not seen: the host was restarted meanwhile/);
    assert.equal((await set.call([...some, "--skip-run"])).code, 0);
    assert.deepEqual(set.effects, ["up", "run kvm-a", "reboot kvm-a", "up"]);
  });

  it("takes what was said of one host's command for no other", async () => {
    const set = withoutGpu();
    const both = ["kvm-a", "kvm-b", ...some.slice(1)];
    set.command = { output: [], state: "ended 3" };
    assert.equal((await set.call(both)).code, 1);
    const { code, printed } = await set.call([...both, "--skip-run"]);
    assert.equal(code, 1);
    assert.match(printed, /exit code 3 on kvm-b/);
  });

  it("stops where a host does not come back in time, and goes on when it has", async () => {
    const set = withoutGpu();
    set.staysDown = true;
    const { code, printed } = await set.call([...some, "--reboot-timeout", "5m"]);
    assert.equal(code, 1);
    assert.match(printed, /kvm-a does not answer after its reboot/);
    set.lab.hosts.get("kvm-a")!.down = false;
    assert.equal((await set.call(some)).code, 0);
    assert.equal(set.boots("kvm-a"), 1);
  });

  it("stops at the first host that is not healthy again, before its VMs come back", async () => {
    const set = withoutGpu();
    set.onEffect = (effect) => {
      if (effect === "reboot kvm-a") set.lab.hosts.get("kvm-a")!.answers.set("sshd -T", withoutKvm);
    };
    const { code, printed } = await set.call(["kvm-a", "kvm-b", "--reboot", "--yes"]);
    assert.equal(code, 1);
    assert.match(printed, /kvm-a is not healthy again: .*kvm/);
    assert.deepEqual(set.effects, ["up", "reboot kvm-a"]);
    set.lab.hosts.get("kvm-a")!.answers.delete("sshd -T");
    assert.equal((await set.call(["kvm-a", "kvm-b", "--reboot", "--yes"])).code, 0);
  });
  const withoutKvm = ["kvm\nno", "ssh\nyes", "virtual\nno", "swtpm\n", "sshd\nmaxsessions 10", "end\n"]
    .map((section) => `\n@@ ${section}\n`)
    .join("");

  it("judges pulumi up by where the VMs are, not by its exit code", async () => {
    const set = withoutGpu();
    set.upCode = 255;
    const { code, printed } = await set.call(some);
    assert.equal(code, 1);
    assert.match(printed, /after `pulumi up` \(exit code 255\) db-01 is on kvm-a, not on kvm-[bc]/);
    assert.deepEqual(set.effects, ["up"]);
    set.onEffect = (effect) => {
      if (effect !== "up") return;
      for (const [vm, entry] of Object.entries(set.placements.vms))
        set.move(vm, typeof entry === "string" ? entry : entry.host);
    };
    const { printed: rows, code: end } = await set.call(some);
    assert.equal(end, 0, rows);
    assert.match(rows, /pulumi up failed, but every VM is where the file has it/);
  });

  it("refreshes a state that is behind the hosts", async () => {
    const set = withoutGpu();
    // As after an `up` that was killed before it could write down what it had moved.
    set.onEffect = (effect) => effect === "run kvm-a" && set.state.set("db-01", "kvm-a");
    assert.equal((await set.call(some)).code, 0);
    assert.deepEqual(set.effects, ["up", "run kvm-a", "reboot kvm-a", "up", "up --refresh"]);
    assert.ok(set.places.includes("db-01 running on kvm-a"));
  });

  it("runs nothing on a host where a VM is active, wherever that comes from", async () => {
    const set = withoutGpu();
    set.onEffect = (effect) => effect === "run kvm-a" && set.lab.hosts.get("kvm-a")!.domains.push(vm(9, "stranger"));
    const { code, printed } = await set.call(some);
    assert.equal(code, 1);
    assert.match(printed, /kvm-a is not empty: stranger/);
    assert.equal(set.boots("kvm-a"), 0);
  });

  it("stops at the next safe point on Ctrl-C, and says how to go on", async () => {
    const set = withoutGpu();
    set.onEffect = (effect) => effect === "run kvm-a" && set.pressCtrlC();
    const { code, printed } = await set.call(some);
    assert.equal(code, 1);
    assert.match(
      printed,
      /stops at the next safe point[^]*stopped, as you asked\n.*go on with: vm-placement maintain kvm-a/,
    );
    set.onEffect = () => {};
    assert.equal((await set.call(some)).code, 0);
    assert.deepEqual(set.effects, ["up", "run kvm-a", "reboot kvm-a", "up"]);
  });

  it("refuses another maintenance while one is not over; --abandon leaves everything as it is", async () => {
    const set = hosts({ ignoresShutdown: true });
    await set.call(all);
    const other = await set.call(["kvm-b", "--reboot", "--yes"]);
    assert.equal(other.code, 2);
    assert.match(
      other.complained,
      /not over[^]*maintain kvm-a kvm-b --run 'dnf -y upgrade' --reboot --shutdown-unmovable\n[^]*--abandon/,
    );
    const places = set.places;
    const given = await set.call(["--abandon"]);
    assert.equal(given.code, 0);
    assert.match(
      given.printed,
      /vm-placement restore kvm-a [^]*gpu-01 was shut down on kvm-a; if it is off still: virsh start 5c1e2f0a/,
    );
    assert.deepEqual([existsSync(set.journal), set.places], [false, places]);
  });

  it("prints a line of JSON for each row with --json", async () => {
    const { printed } = await withoutGpu().call([...some, "--json"]);
    const rows = printed.trimEnd().split("\n").map((line) => JSON.parse(line) as { at: string; text: string; isOver?: boolean }); // prettier-ignore
    assert.deepEqual([rows.at(-1)!.isOver, rows[0]!.text], [true, "kvm-a: its maintenance begins"]);
    assert.match(rows[0]!.at, /^2026-01-01T/);
  });
});
