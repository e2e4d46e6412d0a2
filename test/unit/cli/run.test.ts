import assert from "node:assert/strict";
import { type Failure, PlacementError } from "../../../provider/core/errors";
import type { Problem } from "../../../provider/core/problem";
import type { Diagnosis } from "../../../provider/cli/doctor";
import { fakeDomain, SimulatedLab, fakeUuid } from "../../../lab/simulated";
import { callCli } from "../../support/cli";
import { factsOf } from "../../support/problems";

describe("the command line", () => {
  async function call(words: string[], prepare: (world: SimulatedLab) => void = () => {}, secrets: string[] = []) {
    const fake = new SimulatedLab();
    fake.add("kvm-a", [fakeDomain()]);
    fake.add("kvm-b");
    fake.add("kvm-c");
    prepare(fake);
    return callCli(words, fake, { secrets });
  }

  it("shows help with success where it is asked for, and as a usage error where a verb is missing", async () => {
    for (const [words, code] of [
      [["help"], 0],
      [["--help"], 0],
      [["help", "plan"], 0],
      [[], 2],
      [["paln"], 2],
    ] as const) {
      assert.equal((await call([...words])).code, code, words.join(" "));
    }
  });

  it("plans a VM's move to every other host", async () => {
    const { code, printed } = await call(["plan", "db-01"]);
    assert.equal(code, 0);
    assert.equal(
      printed,
      [
        "db-01 is running (booted) on kvm-a",
        "",
        "TO     CAN GO  WITH          WHAT TO EXPECT",
        "kvm-b  yes     as it stands  will pre-copy at least 256 MiB in about 2 s at 1.2 GiB/s; how fast it writes to its memory was not measured",
        "kvm-c  yes     as it stands  will pre-copy at least 256 MiB in about 2 s at 1.2 GiB/s; how fast it writes to its memory was not measured",
        "",
      ].join("\n"),
    );
  });

  it("names the blockers, and fails where no destination is possible", async () => {
    const { code, printed } = await call(["plan", "db-01", "--to", "kvm-b"], (fake) => {
      fake.hosts.get("kvm-b")!.down = true;
    });
    assert.equal(code, 1);
    assert.match(printed, /^kvm-b +no +.*connect ECONNREFUSED.* \[hostUnreachable\]$/m);
  });

  it("asks a host that is named twice once, and makes no pair of it", async () => {
    const { printed } = await call(["doctor", "kvm-a", "kvm-b", "kvm-a", "--json"]);
    const { hosts, pairs } = JSON.parse(printed) as Diagnosis;
    assert.deepEqual(
      hosts.map(({ host }) => host),
      ["kvm-a", "kvm-b"],
    );
    assert.deepEqual(
      pairs.map(({ source, destination }) => `${source} ${destination}`),
      ["kvm-a kvm-b", "kvm-b kvm-a"],
    );
  });

  it("plans for programs", async () => {
    const { printed } = await call(["plan", "db-01", "--to", "kvm-c", "--json"]);
    const { source, ways } = JSON.parse(printed) as { source: string; ways: { host: string; command: string }[] };
    assert.equal(source, "kvm-a");
    assert.deepEqual(
      ways.map(({ host, command }) => [host, command]),
      [["kvm-c", "virsh migrate --live --p2p --persistent --undefinesource db-01 qemu+ssh://kvm-c/system"]],
    );
  });

  it("prints problems as data: where, which, and what to do", async () => {
    const definition =
      `<domain type="kvm"><name>db-01</name><uuid>${fakeUuid}</uuid><devices>` +
      "<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='0x3b' slot='0' function='0'/></source></hostdev>" +
      "</devices></domain>";
    const { printed, code } = await call(
      ["plan", "db-01", "--to", "kvm-b", "--json"],
      (fake) => {
        const { answers } = fake.hosts.get("kvm-a")!;
        answers.set("dumpxml", definition);
        // One that does not ask QEMU.
        answers.set("version", "Running hypervisor: QEMU 5.2.0\nRunning against daemon: 8.0.0");
      },
      ["failover"],
    );
    const { ways } = JSON.parse(printed) as { ways: { problems: Problem[] }[] };
    assert.equal(code, 1);
    const { code: why, severity, rule, host, domain, remedies } = ways[0]!.problems[0]!;
    assert.deepEqual(
      { why, severity, rule, host, domain },
      { why: "migrationRefused", severity: "blocker", rule: "host-devices", host: "kvm-a", domain: "db-01" },
    );
    assert.deepEqual(remedies.slice(0, 2), [
      { do: "detach the device", commands: [{ host: "kvm-a", command: "virsh detach-device db-01 FILE --live" }] },
      { do: "use a [secret] pair (<teaming type='transient'/>)" },
    ]);
  });

  it("diagnoses for programs", async () => {
    const { printed, code } = await call(["doctor", "kvm-c", "--json"], (fake) => {
      fake.hosts.get("kvm-c")!.down = true;
    });
    const { hosts, pairs } = JSON.parse(printed) as {
      hosts: { host: string; problems: Problem[] }[];
      pairs: unknown[];
    };
    assert.deepEqual([code, pairs], [1, []]);
    assert.deepEqual(
      hosts.map(({ host, problems }) => [host, factsOf(problems)]),
      [["kvm-c", ["blocker reachable on kvm-c: hostUnreachable"]]],
    );
    assert.ok(hosts[0]!.problems[0]!.remedies[0]!.do.length > 0);
  });

  /** What the shell of a host tells its checks. */
  function hostAnswer(change: Record<string, string> = {}): string {
    const words = {
      kvm: "yes",
      ssh: "yes",
      virtual: "no",
      swtpm: "",
      sshd: "maxsessions 10",
      selinux: "off",
      apparmor: "N",
      ...change,
    };
    return [...Object.entries(words), ["end", ""]].map(([name, text]) => `\n@@ ${name}\n${text}\n`).join("");
  }

  it("names what each host lacks, and what it does not tell", async () => {
    const { code, printed } = await call(["doctor", "kvm-a", "--json"], (fake) => {
      fake.hosts.get("kvm-a")!.answers.set("sshd -T", hostAnswer({ kvm: "no", sshd: "" }));
    });
    const [host] = (JSON.parse(printed) as Diagnosis).hosts;
    assert.equal(code, 1);
    assert.equal(factsOf(host!.problems)[0], "blocker kvm on kvm-a: migrationRefused");
    assert.deepEqual(host!.unchecked, ["daemons", "one-daemon", "daemon-socket", "max-sessions"]);
  });

  it("finds every host and pair well", async () => {
    const { code, printed } = await call(["doctor", "kvm-a", "kvm-b"], (fake) => {
      for (const { answers } of fake.hosts.values()) {
        answers.set("version", "Running hypervisor: QEMU 11.1.2\nRunning against daemon: 12.8.0");
        answers.set(
          "virtnetworkd",
          "\n@@ init\nsystemd\n\n@@ sockets\nvirtqemud\nvirtstoraged\nvirtlogd\nvirtnetworkd\n\n@@ end\n",
        );
        answers.set("sshd -T", hostAnswer());
      }
    });
    assert.equal(code, 0);
    assert.equal(
      printed,
      [
        "HOST OR PAIR   LIBVIRT  QEMU    STATE",
        "kvm-a          12.8.0   11.1.2  ok",
        "kvm-b          12.8.0   11.1.2  ok",
        "kvm-a → kvm-b                   ok",
        "kvm-b → kvm-a                   ok",
        "",
      ].join("\n"),
    );
  });

  it("names a host that is down, and fails", async () => {
    const { code, printed } = await call(["doctor"], (fake) => {
      fake.hosts.get("kvm-c")!.down = true;
    });
    assert.equal(code, 1);
    assert.match(printed, /^kvm-c +\? +\? +blocker: kvm-c cannot be asked: .* \[hostUnreachable\]$/m);
    assert.doesNotMatch(printed, /→ kvm-c/);
  });

  it("cancels nothing where no migration is in progress", async () => {
    const { code, complained } = await call(["cancel", "db-01"]);
    assert.equal(code, 1);
    assert.match(complained, /^cannot cancel the migration of db-01 \(cancel\): no host sends it \(kvm-a: running/);
  });

  const misuses: [words: string[], stderr: RegExp][] = [
    [["plan"], /^error: missing required argument 'vm'/],
    [["plan", "db-02"], /^db-02 is on none of kvm-a, kvm-b and kvm-c\n$/],
    [["plan", "db-01", "--to", "kvm-d"], /^no host kvm-d in the inventory; did you mean kvm-a, kvm-b or kvm-c\?/],
    [["plan", "db-01", "--fast"], /^error: unknown option '--fast'/],
    [["move"], /^error: unknown command 'move'/],
  ];
  for (const [words, stderr] of misuses) {
    it(`does not do: ${words.join(" ")}`, async () => {
      const { code, complained } = await call(words);
      assert.match(complained, stderr);
      assert.equal(code, 2);
    });
  }

  it("prints no secret, in a table, in JSON or in an error", async () => {
    const down = (fake: SimulatedLab) => {
      fake.dial = ({ name }) =>
        Promise.reject(new PlacementError({ ...unreachable, host: name, message: `no key: ${key}` }));
    };
    const unreachable = {
      code: "hostUnreachable",
      phase: "connect",
      action: "cannot connect",
      remedies: [{ do: "x" }],
    } satisfies Partial<Failure>;
    const key = 'line "one" of a key\nline two of the key';
    for (const words of [
      ["doctor"],
      ["doctor", "--json"],
      ["plan", "db-01"],
      ["plan", "db-01", "--json"],
      ["doctor", "hush"],
    ]) {
      const { printed, complained } = await call(words, down, [key, "hush"]);
      assert.doesNotMatch(printed + complained, /line .{0,2}one|two of|hush/, words.join(" "));
      assert.match(printed + complained, /\[secret\]/);
      if (words.includes("--json") && printed !== "") JSON.parse(printed);
    }
  });

  it("prints no secret where it fails in a way that nobody expected", async () => {
    const { code, complained } = await call(
      ["doctor"],
      (fake) => void (fake.dial = () => Promise.reject(new TypeError("bad: hush-hush"))),
      ["hush-hush"],
    );
    assert.equal(code, 1);
    assert.match(complained, /TypeError: bad: \[secret\]/);
  });
});
