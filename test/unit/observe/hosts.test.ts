import assert from "node:assert/strict";
import type { Inventory } from "../../../provider/core/model";
import type { Dial } from "../../../provider/core/ports";
import { Hosts } from "../../../provider/observe/hosts";
import { FakeClock } from "../../support/fake-clock";
import { fakeDomain, SimulatedLab } from "../../../lab/simulated";

const inventory: Inventory = {
  "kvm-a": { name: "kvm-a", maxOutgoing: 1 },
  "kvm-b": { name: "kvm-b", maxIncoming: 3, maintenance: true },
  "kvm-c": { name: "kvm-c" },
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("the hosts", () => {
  let fakes: SimulatedLab;
  let clock: FakeClock;
  let hosts: Hosts;
  beforeEach(() => {
    fakes = new SimulatedLab();
    clock = new FakeClock();
    for (const name of Object.keys(inventory)) fakes.add(name, [fakeDomain()]);
    hosts = new Hosts(fakes.dial, inventory, "qemu:///system", clock);
  });
  afterEach(() => hosts.close());

  it("are the inventory's, in its order; without one there are none, and any name is a host", () => {
    assert.deepEqual(hosts.names, ["kvm-a", "kvm-b", "kvm-c"]);
    assert.deepEqual(hosts.inMaintenance, new Set(["kvm-b"]));
    const free = new Hosts(fakes.dial, undefined, "qemu:///system", clock);
    assert.deepEqual([free.names, [...free.inMaintenance]], [[], []]);
    assert.deepEqual(free.host("root@kvm-z"), { name: "root@kvm-z" });
  });

  it("keep for the debug log, once, what a host prints beside its answers", async () => {
    const log: string[] = [];
    const own = new Hosts(fakes.dial, inventory, "qemu:///system", clock, (text) => log.push(text));
    fakes.hosts.get("kvm-a")!.noise = { stdout: "", stderr: "stty: not a terminal" };
    for (let time = 0; time < 2; time++) assert.equal((await (await own.on("kvm-a")).domains()).length, 1);
    assert.deepEqual(log, [
      "kvm-a prints on stderr before any answer (start-up files of the account, as a rule): stty: not a terminal",
    ]);
    await own.close();
  });

  describe("without an inventory, written in two ways", () => {
    /** As ssh: each way leads to the host of that name in lower case. */
    const dial: Dial = (host) => fakes.dial({ ...host, name: host.name.toLowerCase().replace(/\.$/, "") });
    let free: Hosts;
    beforeEach(() => (free = new Hosts(dial, undefined, "qemu:///system", clock)));
    afterEach(() => free.close());

    it("are one host: one connection, under the name by which each asks", async () => {
      const all = await Promise.all(["KVM-B", "kvm-b", "kvm-b.", "kvm-b"].map((name) => free.on(name)));
      assert.deepEqual(fakes.dialled, ["kvm-b"]);
      assert.deepEqual(
        all.map(({ host }) => host),
        ["KVM-B", "kvm-b", "kvm-b.", "kvm-b"],
      );
      assert.equal(all[1], all[3]);
      const views = await Promise.all(["KVM-B", "kvm-b"].map((name) => free.recentViews(name)));
      assert.deepEqual(
        views.map(([view]) => view!.host),
        ["KVM-B", "kvm-b"],
      );
    });

    it("are one host: what was seen of it is out of date under each name", async () => {
      const asked = () => fakes.hosts.get("kvm-b")!.commands.filter((command) => command.startsWith("list")).length;
      await free.recentViews("KVM-B");
      const before = asked();
      free.forget("kvm-b");
      await free.recentViews("KVM-B");
      assert.ok(asked() > before);
    });

    it("are one host: its migrations share its room", async () => {
      const log: string[] = [];
      const ends: (() => void)[] = [];
      const begin = (to: string) =>
        free.withRoom(
          `source-${log.length}`,
          to,
          (why) => log.push(why),
          () => (log.push(to), new Promise<void>((resolve) => ends.push(resolve))),
        );
      const all = [begin("KVM-B"), begin("kvm-b."), begin("root@kvm-b")];
      await turn();
      assert.deepEqual(log, ["KVM-B", "kvm-b.", "waiting: 2 migrations into root@kvm-b are already running"]);
      ends[0]!();
      await turn();
      assert.equal(log.at(-1), "root@kvm-b");
      ends.forEach((end) => end());
      await Promise.all(all);
    });

    it("are two in an inventory that has both", async () => {
      const both = new Hosts(dial, { "KVM-B": { name: "KVM-B" }, "kvm-b": { name: "kvm-b" } }, "qemu:///system", clock);
      await Promise.all([both.on("KVM-B"), both.on("kvm-b")]);
      assert.equal(fakes.dialled.length, 2);
      assert.equal(both.spelledAs("KVM-B", ["kvm-b"]), "KVM-B");
      await both.close();
    });
  });

  describe("have one connection each", () => {
    it("however many ask at the same time", async () => {
      const all = await Promise.all([hosts.on("kvm-a"), hosts.on("kvm-a"), hosts.on("kvm-b")]);
      assert.deepEqual(fakes.dialled, ["kvm-a", "kvm-b"]);
      assert.equal(all[0], all[1]);
      assert.equal(await hosts.on("kvm-a"), all[0]);
    });

    it("opened again after it was lost, once for all who ask", async () => {
      const before = await hosts.on("kvm-a");
      fakes.hosts.get("kvm-a")!.drop();
      const [one, two] = await Promise.all([hosts.on("kvm-a"), hosts.on("kvm-a")]);
      assert.equal(one, two);
      assert.notEqual(one, before);
      assert.deepEqual(fakes.dialled, ["kvm-a", "kvm-a"]);
      assert.equal((await one.domains()).length, 1);
    });

    it("tried again by the next who asks when it could not be opened", async () => {
      fakes.hosts.get("kvm-a")!.down = true;
      for (const asked of [hosts.on("kvm-a"), hosts.on("kvm-a")])
        await assert.rejects(asked, { code: "hostUnreachable" });
      assert.deepEqual(fakes.dialled, ["kvm-a"]);
      fakes.hosts.get("kvm-a")!.down = false;
      assert.equal((await hosts.on("kvm-a")).host, "kvm-a");
    });

    it("whose failure rejects every waiting caller, and which is dialled again for a later caller", async () => {
      let dialled = 0;
      const dial: Dial = () => {
        dialled++;
        return new Promise((_, reject) => setImmediate(() => reject(new Error(`dial ${dialled}`))));
      };
      const own = new Hosts(dial, { "kvm-a": { name: "kvm-a" } }, "qemu:///system", clock);
      const results = await Promise.all([1, 2, 3].map(() => own.on("kvm-a").then(String, String)));
      assert.deepEqual(results, ["Error: dial 1", "Error: dial 1", "Error: dial 1"]);
      assert.equal(await own.on("kvm-a").then(String, String), "Error: dial 2");
    });

    it("made with eight hosts at a time, which those that fail make room for", async () => {
      const names = Array.from({ length: 30 }, (_, index) => `kvm-${index}`);
      let [now, most] = [0, 0];
      const dial: Dial = async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        now--;
        throw new Error("down");
      };
      const many = new Hosts(dial, Object.fromEntries(names.map((name) => [name, { name }])), "qemu:///system", clock);
      const answers = await Promise.allSettled(names.map((name) => many.on(name)));
      assert.ok(answers.every(({ status }) => status === "rejected"));
      assert.equal(most, 8);
    });

    it("closed with the hosts, one that never opened included", async () => {
      const closed: string[] = [];
      const dial: Dial = async (host) => {
        const shell = await fakes.dial(host);
        return Object.assign(shell, { close: () => (closed.push(host.name), Promise.resolve()) });
      };
      const own = new Hosts(dial, inventory, "qemu:///system", clock);
      fakes.hosts.get("kvm-c")!.down = true;
      await own.on("kvm-a");
      await assert.rejects(own.on("kvm-c"));
      await own.close();
      await own.close();
      assert.deepEqual(closed, ["kvm-a"]);
    });
  });

  describe("are read", () => {
    const lists = () => fakes.hosts.get("kvm-a")!.commands.filter((line) => line === "list --all --uuid --name").length;

    it("once for all reads of a few seconds, and again after that", async () => {
      await Promise.all([hosts.recentViews("kvm-a"), hosts.recentViews("kvm-a")]);
      await clock.sleep(2900);
      const [view] = await hosts.recentViews("kvm-a");
      assert.deepEqual([view?.name, view?.host, lists()], ["db-01", "kvm-a", 1]);
      await clock.sleep(200);
      await hosts.recentViews("kvm-a");
      assert.equal(lists(), 2);
    });

    for (const [took, olderBy, again] of [
      [200, 2700, 1],
      [200, 2900, 2],
      [1000, 8900, 1],
      [1000, 9100, 2],
      [10_000, 19_900, 1],
      [10_000, 20_100, 2],
    ] as const) {
      it(`${again === 1 ? "once" : "again"} ${olderBy} ms after a look that took ${took} ms`, async () => {
        fakes.hosts.get("kvm-a")!.onCommand = (line) => void (line.startsWith("domstats") && clock.pass(took));
        await hosts.recentViews("kvm-a");
        await clock.sleep(olderBy);
        await hosts.recentViews("kvm-a");
        assert.equal(lists(), again);
      });
    }

    it("again when what was seen is out of date", async () => {
      await hosts.recentViews("kvm-a");
      hosts.forget("kvm-a", "kvm-b");
      fakes.hosts.get("kvm-a")!.domains = [];
      assert.deepEqual(await hosts.recentViews("kvm-a"), []);
    });

    it("again after a failure, which is not kept", async () => {
      fakes.hosts.get("kvm-a")!.down = true;
      await assert.rejects(hosts.recentViews("kvm-a"), { code: "hostUnreachable" });
      fakes.hosts.get("kvm-a")!.down = false;
      assert.equal((await hosts.recentViews("kvm-a")).length, 1);
    });
  });

  describe("are asked what stays good for a while", () => {
    let asked: number;
    const remember = (goodForMs: number) =>
      hosts.remember("kvm-a: a question", goodForMs, () => Promise.resolve(++asked));
    beforeEach(() => (asked = 0));

    it("once, and again after its end", async () => {
      assert.deepEqual([await remember(60_000), await remember(60_000)], [1, 1]);
      await clock.sleep(59_000);
      assert.equal(await remember(60_000), 1);
      await clock.sleep(1000);
      assert.equal(await remember(60_000), 2);
    });

    it("before its end where that is seconds away: nothing that follows waits for it", async () => {
      assert.equal(await remember(3000), 1);
      await clock.sleep(1600);
      assert.deepEqual([...(await Promise.all([remember(3000), remember(3000)])), asked], [1, 1, 2]);
      await clock.sleep(1450);
      assert.deepEqual([await remember(3000), asked], [2, 2]);
    });

    it("again where what was asked before its end failed", async () => {
      await remember(3000);
      await clock.sleep(1600);
      assert.equal(await hosts.remember("kvm-a: a question", 3000, () => Promise.reject(new Error("gone"))), 1);
      await clock.sleep(1500);
      assert.equal(await remember(3000), 2);
    });
  });

  describe("bear so many migrations at once", () => {
    const log: string[] = [];
    beforeEach(() => log.splice(0));

    /** A migration that ends when the test says so. */
    function begin(name: string, from: string, to: string) {
      let leave = () => {};
      let end!: (error?: Error) => void;
      const held = new Promise<void>((resolve, reject) => (end = (error) => (error ? reject(error) : resolve())));
      const over = hosts.withRoom(
        from,
        to,
        (reason) => log.push(`${name} ${reason}`),
        (free) => {
          log.push(`${name} begins`);
          leave = free;
          return held;
        },
      );
      return { end, over, leave: () => leave() };
    }

    it("as the inventory says out of a host; the next waits, is told why, and begins when one ends", async () => {
      const one = begin("1", "kvm-a", "kvm-b");
      const two = begin("2", "kvm-a", "kvm-c");
      await turn();
      assert.deepEqual(log, ["1 begins", "2 waiting: 1 migrations out of kvm-a are already running"]);
      one.end();
      await one.over;
      await turn();
      assert.equal(log.at(-1), "2 begins");
      two.end();
      await two.over;
    });

    it("until one leaves before it ends, once", async () => {
      const [one, two, three] = [
        begin("1", "kvm-a", "kvm-b"),
        begin("2", "kvm-a", "kvm-c"),
        begin("3", "kvm-a", "kvm-c"),
      ];
      await turn();
      one.leave();
      await turn();
      assert.equal(log.at(-1), "2 begins");
      one.leave();
      one.end();
      await one.over;
      await turn();
      assert.equal(log.at(-1), "2 begins", "the room of one is given back once");
      two.end();
      await two.over;
      await turn();
      assert.equal(log.at(-1), "3 begins");
      three.end();
      await three.over;
    });

    it("together with those of placements that bring hosts of their own", async () => {
      const one = begin("1", "kvm-a", "kvm-b");
      const more = hosts.withInventory(fakes.dial, {
        "kvm-a": { name: "kvm-a", maxOutgoing: 1 },
        "kvm-n": { name: "kvm-n" },
      });
      const two = more.withRoom(
        "kvm-a",
        "kvm-n",
        (reason) => log.push(`2 ${reason}`),
        () => Promise.resolve(log.push("2 begins")),
      );
      await turn();
      assert.deepEqual(log, ["1 begins", "2 waiting: 1 migrations out of kvm-a are already running"]);
      one.end();
      await Promise.all([one.over, two]);
      assert.equal(log.at(-1), "2 begins");
    });

    it("two into a host where the inventory says nothing, in the order they came", async () => {
      const all = ["1", "2", "3", "4"].map((name) => begin(name, `from-${name}`, "kvm-c"));
      await turn();
      assert.deepEqual(log, [
        "1 begins",
        "2 begins",
        "3 waiting: 2 migrations into kvm-c are already running",
        "4 waiting: 2 migrations into kvm-c are already running",
      ]);
      all[1]!.end();
      await turn();
      assert.deepEqual(log.slice(4), ["3 begins"]);
      all[0]!.end();
      await turn();
      assert.deepEqual(log.slice(4), ["3 begins", "4 begins"]);
      for (const { end, over } of all) {
        end();
        await over;
      }
    });

    it("and one that waits for a full host does not keep others from a free one", async () => {
      const one = begin("1", "kvm-a", "kvm-b");
      const two = begin("2", "kvm-a", "kvm-b");
      const three = begin("3", "kvm-c", "kvm-b");
      await turn();
      assert.deepEqual(
        log.filter((line) => line.endsWith("begins")),
        ["1 begins", "3 begins"],
      );
      one.end();
      three.end();
      await Promise.all([one.over, three.over]);
      two.end();
      await two.over;
    });

    it("and one that fails makes room all the same", async () => {
      const one = begin("1", "kvm-a", "kvm-b");
      const two = begin("2", "kvm-a", "kvm-b");
      one.end(new Error("it failed"));
      await assert.rejects(one.over, /it failed/);
      await turn();
      assert.equal(log.at(-1), "2 begins");
      two.end();
      await two.over;
    });
  });
});
