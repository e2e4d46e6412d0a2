import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../provider/cli/run";
import { parsePlacements } from "../../../provider/placements/parse";
import { fakeDomain, SimulatedLab } from "../../../lab/simulated";
import { callCli, noTerminal } from "../../support/cli";

const uuid = (n: number) => `5c1e2f0a-6d0b-4f8e-9a37-${String(n).padStart(12, "0")}`;
const vm = (n: number, name: string, state = "running") =>
  fakeDomain({ uuid: uuid(n), name, state, reason: state === "running" ? "booted" : "shutdown" });

describe("vm-placement discover", () => {
  const hosts = ["kvm-b", "kvm-a"];
  let directory: string;
  let file: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "vm-placement-discover-"));
    file = join(directory, "placements.yaml");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  async function call(words: string[], a: ReturnType<typeof vm>[], b: ReturnType<typeof vm>[] = [], down = false) {
    const lab = new SimulatedLab();
    lab.add("kvm-a", a);
    lab.add("kvm-b", b).down = down;
    return callCli(["discover", ...words], lab, { hosts });
  }

  it("prints a file of every VM, host by host, that is read as it was found", async () => {
    const { code, printed, complained } = await call(
      [],
      [vm(1, "web-10"), vm(2, "web-2"), vm(3, "off-1", "shut off")],
      [vm(4, "db")],
    );
    assert.deepEqual([code, complained], [0, ""]);
    assert.match(printed, /^# yaml-language-server: \$schema=/);
    assert.equal(
      printed.slice(printed.indexOf("vms:")),
      "vms:\n  db: kvm-b\n  off-1: kvm-a\n  web-2: kvm-a\n  web-10: kvm-a\n",
    );
    const running = await call(["--running", "kvm-a"], [vm(1, "web"), vm(3, "off-1", "shut off")], [vm(4, "db")]);
    assert.equal(running.printed.slice(running.printed.indexOf("vms:")), "vms:\n  web: kvm-a\n");
  });

  it("writes names that YAML, virsh or a second VM would read otherwise so that each is the VM it was", async () => {
    const names = ["yes", "101", "1e3", "a b", "-x", "null", "a: b", "é", "it's", 'say "hi"', "2024-01-01", "0x10"];
    const { code } = await call(
      ["--write", file],
      [...names.map((name, i) => vm(i, name)), vm(50, "twin")],
      [vm(51, "twin")],
    );
    assert.equal(code, 0);
    const { vms } = parsePlacements(readFileSync(file, "utf8")).placements;
    const domains = Object.fromEntries(
      Object.entries(vms).map(([key, { domain, host }]) => [key, `${domain} ${host}`]),
    );
    const byName = (name: string) => [name, `${name} kvm-a`];
    assert.deepEqual(domains, {
      ...Object.fromEntries(names.map(byName)),
      "101": `${uuid(1)} kvm-a`,
      "-x": `${uuid(4)} kvm-a`,
      "twin-kvm-a": `${uuid(50)} kvm-a`,
      "twin-kvm-b": `${uuid(51)} kvm-b`,
    });
  });

  it("adds to a file what it lacks, lists what differs, and changes nothing else", async () => {
    const before = `# ours\nvms:\n  db: kvm-b   # primary\n  old: kvm-a\n  by-uuid: { host: kvm-a, domain: ${uuid(3)} }\nrules: []\n`;
    writeFileSync(file, before);
    const words = ["--write", file];
    const hosts = [[vm(1, "db"), vm(2, "new"), vm(3, "renamed")], [vm(4, "other")]] as const;
    const first = await call(words, [...hosts[0]], [...hosts[1]]);
    const after = before.replace("rules:", "  other: kvm-b\n  new: kvm-a\nrules:");
    assert.equal(readFileSync(file, "utf8"), after);
    assert.equal(
      first.printed,
      `${file}: added 2 VMs\ndb: the file has it on kvm-b, and it is on kvm-a\nold: in the file, and on no host\n`,
    );
    const again = await call([...words, "--json"], [...hosts[0]], [...hosts[1]]);
    const { text, ...rest } = JSON.parse(again.printed) as Record<string, unknown>;
    assert.deepEqual(rest, {
      added: [],
      differs: [{ vm: "db", file: "kvm-b", host: "kvm-a" }],
      missing: ["old"],
      unclear: [],
      unreachable: [],
    });
    assert.equal(text, after);
  });

  it("leaves out a VM that runs twice, takes one with a leftover definition, and says which host it could not ask", async () => {
    const twice = await call([], [vm(1, "db"), vm(2, "web")], [vm(1, "db"), vm(2, "web", "shut off")]);
    assert.equal(twice.code, 1);
    assert.equal(twice.printed.slice(twice.printed.indexOf("vms:")), "vms:\n  web: kvm-a\n");
    assert.match(twice.complained, /^db is left out, on kvm-. and kvm-.: the VM is on /);

    writeFileSync(file, "vms: { gone: kvm-b }\n");
    const down = await call(["--write", file], [vm(2, "web")], [], true);
    assert.equal(down.code, 1);
    assert.equal(readFileSync(file, "utf8"), "vms: { gone: kvm-b, web: kvm-a }\n");
    assert.match(down.printed, /added 1 VM\nkvm-b cannot be asked: .*; its VMs are not known\n$/);
    assert.doesNotMatch(down.printed, /on no host/);
  });

  it("writes into no file that has faults, and to no place that cannot be written", async () => {
    writeFileSync(file, "vms: { a: 1 }\n");
    const faulty = await call(["--write", file], [vm(1, "db")]);
    assert.equal(faulty.code, 1);
    assert.match(faulty.complained, /:1:11: vms\.a: got 1; /);
    assert.equal(readFileSync(file, "utf8"), "vms: { a: 1 }\n");
    const nowhere = await call(["--write", join(directory, "no/p.yaml")], [vm(1, "db")]);
    assert.equal(nowhere.code, 2);
    assert.ok(!existsSync(`${file}.new`));
  });

  it("takes hundreds at once", async () => {
    const many = Array.from({ length: 400 }, (_, i) => vm(i, `vm-${i}`));
    const { code } = await call(["--write", file], many.slice(0, 200), many.slice(200));
    assert.equal(code, 0);
    assert.equal(Object.keys(parsePlacements(readFileSync(file, "utf8")).placements.vms).length, 400);
  });

  it("prints the inventory of ssh destinations, by the names that the hosts have", async () => {
    const lab = new SimulatedLab();
    for (const [destination, hostname] of [
      ["10.0.0.11", "kvm-a.example.net"],
      ["10.0.0.12", "kvm-b"],
      ["10.0.0.13", "kvm-b"],
      ["kvm-d", "other"],
    ] as const) {
      lab.add(destination).answers.set("hostname", hostname);
    }
    const discover = async (...words: string[]) => {
      let [printed, complained] = ["", ""];
      const code = await run(["discover", "--print-inventory", ...words], {
        dial: () => lab.dial,
        clock: { now: () => Date.now(), sleep: () => Promise.resolve() },
        settings: () => Promise.reject(new Error("there is no stack")),
        local: noTerminal,
        print: (text) => (printed += text),
        complain: (text) => (complained += text),
      });
      return { code, printed, complained };
    };
    const words = ["root@10.0.0.11", "10.0.0.12:2222", "10.0.0.13", "admin@kvm-d", "10.0.0.99"];
    const { code, printed, complained } = await discover(...words);
    assert.equal(code, 1);
    assert.match(complained, /^10\.0\.0\.99 cannot be asked: /);
    assert.equal(
      printed,
      `config:
  vm-placement:hosts:
    kvm-a: { address: 10.0.0.11, user: root }
    kvm-b: { address: 10.0.0.12, port: 2222 }
    10.0.0.13: {}
    kvm-d: { user: admin }
    10.0.0.99: {}
`,
    );
    const json = await discover("--json", "root@10.0.0.11");
    assert.deepEqual(JSON.parse(json.printed), { "kvm-a": { address: "10.0.0.11", user: "root" } });
    for (const wrong of [[], ["ssh://kvm-a"], ["a", "root@a"]]) assert.equal((await discover(...wrong)).code, 2);
  });
});
