import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fakeDomain, SimulatedLab } from "../../../../lab/simulated";
import type { HistoryEntry } from "../../../../provider/history/entry";
import { callCli } from "../../../support/cli";
import { historyEntry } from "../../../support/historyEntry";

describe("the command line, of moves that were made", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "vm-placement-cli-"))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const file = (name: string) => join(directory, name);
  function written(...entries: HistoryEntry[]): string {
    writeFileSync(file("moves.jsonl"), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    return file("moves.jsonl");
  }
  const call = (words: string[], history?: string) => {
    const lab = new SimulatedLab();
    lab.add("kvm-a", [fakeDomain()]);
    lab.add("kvm-b");
    return callCli(words, lab, history === undefined ? {} : { history });
  };
  const movesIn = async (words: string[], history: string) => {
    const { code, printed, complained } = await call(
      ["report", "--output", file("r.html"), "--json", ...words],
      history,
    );
    assert.equal(code, 0, complained);
    return (JSON.parse(printed) as { moves: number }).moves;
  };

  it("reports the last run, or what is asked for", async () => {
    const of = (run: string, day: number, commit: string) =>
      historyEntry({ run, commit: commit.repeat(40), startedAt: `2026-01-0${day}T00:00:00.000Z` });
    const history = written(of("one", 1, "a"), of("one", 2, "a"), of("two", 3, "b"));
    assert.equal(await movesIn([], history), 1);
    assert.equal(await movesIn(["--all"], history), 3);
    assert.equal(await movesIn(["--since", "2026-01-02"], history), 2);
    assert.equal(await movesIn(["--commit", "aaaa"], history), 2);
    assert.match(readFileSync(file("r.html"), "utf8"), /^<!doctype html>/);
    assert.deepEqual(readdirSync(directory).sort(), ["moves.jsonl", "r.html"], "nothing else is left");
  });

  it("names what was wrong, and writes nothing then", async () => {
    const history = written(historyEntry());
    const fails = async (words: string[], pattern: RegExp, of: string | undefined = history) => {
      const { code, complained } = await call(["report", "--output", file("r.html"), ...words], of);
      assert.equal(code, 2);
      assert.match(complained, pattern);
      assert.ok(!existsSync(file("r.html")));
    };
    await fails(["--since", "yesterday"], /--since: got "yesterday"; expected a date or a time, such as 2026-11-28/);
    await fails(["--since", "2026-02-31T99:00:00"], /--since: got/);
    await fails(["--commit", "main"], /--commit: got "main"; expected at least 4 hexadecimal digits/);
    await fails(["--commit", "1234"], /the history has no such move/);
    await fails(["--history", file("none")], /cannot read the history of moves: .*ENOENT/);
    await fails(["--output", file("no/such/r.html")], /cannot write .*ENOENT/);
    const { code, complained } = await call(["report"]);
    assert.equal(code, 2);
    assert.match(complained, /no history of moves: set it with `pulumi config set vm-placement:history moves\.jsonl`/);
  });

  it("leaves out lines that it cannot read, and says which", async () => {
    const history = written(historyEntry());
    writeFileSync(history, '{"version":1,"run"', { flag: "a" });
    const { code, complained } = await call(["report", "--output", file("r.html")], history);
    assert.equal(code, 0);
    assert.match(complained, /moves\.jsonl:2: left out, no JSON/);
  });

  it("writes metrics of moves and hosts, a host that cannot be asked among them", async () => {
    const lab = new SimulatedLab();
    lab.add("kvm-a", [fakeDomain()]);
    lab.add("kvm-b").down = true;
    const { code, complained } = await callCli(["metrics", "--output", file("vm.prom")], lab, {
      history: written(historyEntry()),
    });
    assert.equal(code, 0);
    assert.match(complained, /kvm-b cannot be asked/);
    const text = readFileSync(file("vm.prom"), "utf8");
    assert.match(text, /^vm_placement_host_up\{host="kvm-b"\} 0$/m);
    assert.match(text, /^vm_placement_host_vms\{host="kvm-a",state="running"\} 1$/m);
    assert.match(text, /outcome="moved"\} 1$/m);
    const { printed } = await call(["metrics"]);
    assert.match(printed, /^vm_placement_host_up\{host="kvm-a"\} 1$/m);
  });
});
