import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fakeUuid } from "../../../lab/simulated";
import { type HistoryEntry } from "../../../provider/history/entry";
import { readHistory } from "../../../provider/history/read";
import type { Props } from "../../../provider/pulumi/state";
import { boundary, commands, hostsConfig, refusal, urn } from "../../support/boundary";
import { until } from "../../support/until";

describe("the history of moves", () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "vm-placement-history-"));
    file = join(directory, "moves.jsonl");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const world = (history = file) => boundary({ config: { ...hostsConfig, "vm-placement:history": history } });
  const entries = (): readonly HistoryEntry[] => {
    const { entries: read, unreadable } = readHistory(readFileSync(file, "utf8"));
    assert.deepEqual(unreadable, []);
    return read;
  };
  async function adopted(at: ReturnType<typeof world>): Promise<Props> {
    return ((await at.create(await at.inputs())) as { outs: Props }).outs;
  }

  it("gets a line for each move, and none for what moves nothing", async () => {
    const at = world();
    const outs = await adopted(at);
    assert.throws(() => readFileSync(file), /ENOENT/, "to adopt a VM moves nothing");
    const moved = (await at.update(fakeUuid, outs, await at.inputs({ host: "kvm-b" }))) as { outs: Props };
    await at.update(fakeUuid, moved.outs, await at.inputs());
    const [first, second] = entries();
    assert.equal(entries().length, 2);
    const { vm, uuid, from, to, how, outcome, command, measured, run, error } = first!;
    assert.deepEqual(
      { vm, uuid, from, to, how, outcome, command, error, urn: first!.urn },
      {
        vm: "db-01",
        uuid: fakeUuid,
        from: "kvm-a",
        to: "kvm-b",
        how: "live",
        outcome: "moved",
        command: commands("10.0.0.12").live,
        error: undefined,
        urn,
      },
    );
    const last = moved.outs["lastMigration"] as Record<string, unknown>;
    assert.deepEqual(
      [measured!.durationMs, measured!.downtimeMs, measured!.totalBytes, measured!.mode],
      [last["durationMs"], last["downtimeMs"], last["totalBytes"], last["mode"]],
    );
    assert.deepEqual([second!.from, second!.to, second!.run], ["kvm-b", "kvm-a", run]);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("has the progress of a move, and what both hosts had to bear before and after", async () => {
    const at = world();
    const outs = await adopted(at);
    const polls = () => at.host("kvm-a").commands.filter((line) => line.startsWith("domjobinfo")).length;
    at.fake.onMigrate = async () => {
      const before = polls();
      await until("its progress is asked for some times", () => polls() >= before + 4);
      return undefined;
    };
    await at.update(fakeUuid, outs, await at.inputs({ host: "kvm-b" }));
    const [{ samples, hosts }] = entries() as [HistoryEntry];
    assert.ok(samples.length > 0, "no sample");
    assert.ok(samples.every(({ ms }, index) => ms >= (samples[index - 1]?.ms ?? 0)));
    assert.ok(samples[0]!.remainingBytes! > 0);
    assert.deepEqual([hosts!["kvm-a"]!.before!.vms, hosts!["kvm-a"]!.after!.vms], [1, 0]);
    assert.deepEqual([hosts!["kvm-b"]!.before!.vms, hosts!["kvm-b"]!.after!.vms], [0, 1]);
    assert.ok(hosts!["kvm-b"]!.after!.memoryBytes > 0);
  });

  it("has a move that failed, with where the VM is and why", async () => {
    const at = world();
    const outs = await adopted(at);
    at.fake.onMigrate = () => Promise.resolve("error: internal error: unexpected");
    const error = await refusal(at.update(fakeUuid, outs, await at.inputs({ host: "kvm-b" })));
    const [entry] = entries();
    assert.equal(entry!.outcome, "stayed");
    assert.ok(error.message.includes(entry!.error!.message), entry!.error!.message);
    assert.equal(entry!.measured, undefined);
  });

  it("does not claim to know how a move ended whose hosts were lost from sight", async () => {
    const at = world();
    const outs = await adopted(at);
    at.fake.onMigrate = () => {
      for (const name of ["kvm-a", "kvm-b", "kvm-c"]) {
        at.host(name).down = true;
        at.host(name).drop();
      }
      return Promise.resolve(undefined);
    };
    await refusal(at.update(fakeUuid, outs, await at.inputs({ host: "kvm-b" })));
    const [entry] = entries();
    assert.deepEqual([entry!.outcome, entry!.measured], ["unknown", undefined]);
    assert.deepEqual(entry!.hosts!["kvm-b"]!.after, undefined);
  });

  it("never fails a move: a file that cannot be written is a warning", async () => {
    const at = world(join(directory, "no such directory", "moves.jsonl"));
    const outs = await adopted(at);
    const moved = (await at.update(fakeUuid, outs, await at.inputs({ host: "kvm-b" }))) as { outs: Props };
    assert.equal(moved.outs["currentHost"], "kvm-b");
    const warnings = at.shown.filter(({ kind }) => kind === "warn").map(({ text }) => text);
    assert.match(warnings.join("\n"), /^vm-placement:history: this move is not in .*ENOENT/m);
  });

  it("is not kept without the setting, and a path that is none is refused", async () => {
    const at = boundary();
    await at.update(fakeUuid, await adopted(at), await at.inputs({ host: "kvm-b" }));
    const { failures } = await world(" ").check({}, { domain: "db-01", host: "kvm-a" });
    assert.match(
      failures![0]!.reason,
      /expected the path of a file; set it: `pulumi config set vm-placement:history moves\.jsonl`/,
    );
  });
});
