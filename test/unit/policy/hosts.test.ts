import assert from "node:assert/strict";
import { violations } from "../../support/policies";

const hosts = {
  "kvm-a": { hostKey: "SHA256:a", labels: { site: "muc" } },
  "kvm-b": { proxyJump: "jump,bastion.example.net", hostKey: "SHA256:b", labels: { site: "muc" } },
  "kvm-c": { maintenance: true, labels: { site: "ber" } },
  jump: {},
};
const vms = { "db-01": { labels: { app: "db" } }, "db-02": { labels: { app: "db" } }, web: { domain: "web-01" } };
const options = { hosts, vms };
const on = (host: string | string[], domain = "db-01", more: object = {}) => ({ domain, host, ...more });

describe("policy: which hosts VMs are on", () => {
  it("pinned-host-keys: of each host of a list, of jump hosts, and of hosts that no inventory has", async () => {
    const asked = { options };
    assert.deepEqual(await violations("pinned-host-keys", [on("kvm-a")], asked), []);
    assert.match((await violations("pinned-host-keys", [on("kvm-b")], asked))[0]!, /host jump without a pinned/);
    assert.deepEqual(await violations("pinned-host-keys", [on(["kvm-a", "kvm-c"])], asked), [
      "db-01: got host kvm-c without a pinned host key; allowed: hosts with hostKey in vm-placement:hosts; pin it: pulumi config set --path 'vm-placement:hosts.kvm-c.hostKey' SHA256:…",
    ]);
    assert.match(
      (await violations("pinned-host-keys", [on("root@10.0.0.9")], asked))[0]!,
      /host root@10\.0\.0\.9, which the inventory does not have/,
    );
  });

  it("peer-transport: plain TCP between hosts, unless it is allowed, and what is tunnelled through it", async () => {
    const clear = { ...options, hosts: { ...hosts, "kvm-b": { ...hosts["kvm-b"], peerTransport: "tcp" as const } } };
    const asked = { options: clear };
    assert.deepEqual(await violations("peer-transport", [on("kvm-a")], asked), []);
    assert.deepEqual(await violations("peer-transport", [on(["kvm-a", "kvm-b"])], asked), [
      "db-01: got host kvm-b, which the other hosts reach by tcp; allowed: ssh or tls; set peerTransport of kvm-b in vm-placement:hosts to one of these",
    ]);
    assert.deepEqual(await violations("peer-transport", [on("kvm-b")], { ...asked, config: { allowed: ["tcp"] } }), []);
    assert.equal(
      (await violations("peer-transport", [on("kvm-a")], { ...asked, config: { allowed: ["tls"] } })).length,
      1,
    );
    const tunnelled = (host: string) =>
      violations("encryption", [on(host, "db-01", { migration: { tunnelled: true } })], asked);
    assert.deepEqual([(await tunnelled("kvm-a")).length, (await tunnelled("kvm-b")).length], [0, 1]);
  });

  it("allowed-hosts: by labels of hosts, or their names", async () => {
    const asked = (rule: object) => ({ options, config: { rules: [rule] } });
    const atMuc = asked({ only: { app: "db" }, on: { site: "muc" } });
    assert.deepEqual(await violations("allowed-hosts", [on("kvm-a"), on("kvm-c", "web-01")], atMuc), []);
    assert.deepEqual(await violations("allowed-hosts", [on(["kvm-a", "kvm-c"])], atMuc), [
      "db-01: got host kvm-c; allowed: kvm-a or kvm-b (rule only: app=db on site=muc); name one of these as `host`",
    ]);
    const byName = asked({ only: ["web"], on: ["kvm-z"] });
    assert.match((await violations("allowed-hosts", [on("kvm-a", "web-01")], byName))[0]!, /^web: got host kvm-a; /);
    assert.deepEqual(await violations("allowed-hosts", [on("kvm-z", "web-01")], byName), []);
  });

  it("apart-and-together", async () => {
    const asked = { options: { ...options, rules: [{ apart: { app: "db" } }, { together: ["db-01", "web"] }] } };
    const good = [on("kvm-a"), on("kvm-b", "db-02"), on("kvm-a", "web-01")];
    assert.deepEqual(await violations("apart-and-together", good, asked), []);
    const bad = [on("kvm-a"), on("kvm-a", "db-02"), on("kvm-b", "web-01")];
    // In whichever order the program registered them.
    assert.deepEqual(await violations("apart-and-together", bad.reverse(), asked), [
      "db-01, db-02: got one host, kvm-a; allowed: a host each (rule apart: app=db); change `host` of one of them",
      "db-01, web: got hosts kvm-a, kvm-b; allowed: one host (rule together: db-01, web); change `host` of one of them",
    ]);
  });

  it("apart-and-together: a VM with a list of hosts is where it was seen, else where it will be moved", async () => {
    const asked = { options: { ...options, rules: [{ apart: { app: "db" } }] } };
    const other = on("kvm-a", "db-02");
    assert.equal((await violations("apart-and-together", [on(["kvm-c", "kvm-a"]), other], asked)).length, 1);
    const leaving = { options: { ...asked.options, current: { "db-01": "kvm-c" } } };
    assert.equal((await violations("apart-and-together", [on(["kvm-c", "kvm-a"]), other], leaving)).length, 1);
    const staying = on(["kvm-a", "kvm-b"], "db-01", { currentHost: "kvm-b" });
    assert.deepEqual(await violations("apart-and-together", [staying, other], asked), []);
  });

  describe("maintenance", () => {
    it("refuses a move onto the host", async () => {
      assert.deepEqual(await violations("maintenance", [on("kvm-c")], { options }), [
        "db-01: got host kvm-c, in maintenance; allowed: kvm-a, kvm-b or jump; name another host, or end the maintenance in vm-placement:hosts",
      ]);
      assert.deepEqual(await violations("maintenance", [on("kvm-a")], { options }), []);
    });

    it("lets a VM stay that is there, and takes a list with another host", async () => {
      const staying = on("kvm-c", "db-01", { currentHost: "kvm-c" });
      assert.deepEqual(await violations("maintenance", [staying, on(["kvm-c", "kvm-a"])], { options }), []);
      const asked = { options: { ...options, current: { "db-01": "kvm-c" } } };
      assert.deepEqual(await violations("maintenance", [on("kvm-c")], asked), []);
    });
  });
});
