import assert from "node:assert/strict";
import type { MigrationArgs } from "../../../provider";
import type { PlacementPolicyOptions } from "../../../provider/policy";
import { violations } from "../../support/policies";

const placed = (migration: MigrationArgs, domain = "db-01", host: string | string[] = "kvm-b") => ({
  domain,
  host,
  migration,
});
const vms = { "db-01": { labels: { app: "db" } }, "web-01": { labels: { app: "web" } } };

describe("policy: how VMs are moved", () => {
  it("no-unsafe", async () => {
    assert.deepEqual(await violations("no-unsafe", [placed({ unsafe: true }), placed({ unsafe: false }), placed({})]), [
      "db-01: got migration.unsafe: true; allowed: no `unsafe`; take it out, and put the disks on storage that both hosts see, or copy them with migration.copyStorage",
    ]);
    const options = { vms, policies: { "no-unsafe": { vms: { app: "web" } } } };
    assert.deepEqual(await violations("no-unsafe", [placed({ unsafe: true })], { options }), []);
  });

  it("no-accepted-blockers", async () => {
    const accepting = placed({ accept: ["cpu", "peer"] });
    assert.deepEqual(await violations("no-accepted-blockers", [accepting, placed({ accept: [] }), placed({})]), [
      'db-01: got migration.accept: ["cpu","peer"]; allowed: none; fix what the preview names, and take the name out of `accept`',
    ]);
    const [peerOnly] = await violations("no-accepted-blockers", [accepting], { config: { allowed: ["cpu"] } });
    assert.match(peerOnly!, /got migration\.accept: \["peer"\]; allowed: cpu;/);
    assert.deepEqual(
      await violations("no-accepted-blockers", [accepting], { config: { allowed: ["cpu", "peer"] } }),
      [],
    );
  });

  it("encryption, always", async () => {
    const [clear, ...others] = await violations("encryption", [
      placed({}),
      placed({ tls: true }),
      placed({ tls: { destination: "kvm-b.example.net" } }),
      placed({ tunnelled: true }),
    ]);
    assert.match(clear!, /^db-01: got a migration in clear text; allowed: migration\.tls, or/);
    assert.deepEqual(others, []);
  });

  describe("encryption between sites", () => {
    const hosts = {
      "kvm-a": { labels: { site: "muc" } },
      "kvm-b": { labels: { site: "muc" } },
      "kvm-c": { labels: { site: "ber" } },
      "kvm-d": {},
    };
    const asked = (more: PlacementPolicyOptions = {}) => ({
      options: { hosts, vms, ...more },
      config: { between: "site" },
    });

    it("asks where the VM may come from another site", async () => {
      const [first] = await violations("encryption", [placed({})], asked());
      assert.match(first!, /in clear text from kvm-c \(site: ber\) to kvm-b \(site: muc\)/);
      assert.deepEqual(await violations("encryption", [placed({ tls: true })], asked()), []);
    });

    it("does not ask where rules keep the VM at its site", async () => {
      const rules = [{ only: { app: "db" }, on: { site: "muc" } }];
      assert.deepEqual(await violations("encryption", [placed({})], asked({ rules })), []);
      assert.equal((await violations("encryption", [placed({}, "web-01")], asked({ rules }))).length, 1);
    });

    it("knows the source where the pack is told where VMs run", async () => {
      assert.deepEqual(await violations("encryption", [placed({})], asked({ current: { "db-01": "kvm-a" } })), []);
      const [crossing] = await violations("encryption", [placed({})], asked({ current: { "db-01": "kvm-c" } }));
      assert.match(crossing!, /from kvm-c /);
    });

    it("takes a host without the label for one at another site", async () => {
      const current = { "db-01": "kvm-d" };
      assert.match((await violations("encryption", [placed({})], asked({ current })))[0]!, /from kvm-d \(site: none\)/);
      const both = [placed({}, "db-01", "kvm-z")];
      assert.match((await violations("encryption", both, asked({ current })))[0]!, /to kvm-z \(site: none\)/);
    });
  });

  it("no-post-copy, for all or by label", async () => {
    const post = { postCopy: { after: "20s" } };
    assert.equal((await violations("no-post-copy", [placed(post), placed({ postCopy: true })])).length, 2);
    assert.deepEqual(await violations("no-post-copy", [placed({ postCopy: false }), placed({})]), []);
    const asked = { options: { vms }, config: { vms: { app: "db" } } };
    const found = await violations("no-post-copy", [placed(post), placed(post, "web-01")], asked);
    assert.equal(found.length, 1);
    assert.match(found[0]!, /^db-01: got migration\.postCopy; allowed: no post-copy for VMs of app: db; take it out/);
  });

  it("no-post-copy, of steps and presets", async () => {
    const found = await violations("no-post-copy", [
      placed({ convergence: "finish" }),
      placed({ convergence: [{ stalled: "20s", do: "postCopy" }] }),
      placed({ convergence: "gentle" }),
      placed({ convergence: "balanced" }),
      placed({ convergence: [{ stalled: "20s", do: "abort" }] }),
    ]);
    assert.equal(found.length, 2);
    assert.match(found[0]!, /got migration\.convergence: "finish" with a step that switches to post-copy;/);
    assert.match(found[1]!, /got migration\.convergence with a step that switches to post-copy;/);
  });

  describe("migration-limits", () => {
    const config = {
      classes: [
        { vms: { app: "db" }, maxDowntime: "200ms", timeout: "5m" },
        { vms: { app: "web" }, maxDowntime: "2s" },
      ],
    };
    const found = (migration: MigrationArgs, domain?: string) =>
      violations("migration-limits", [placed(migration, domain)], { options: { vms }, config });

    it("refuses what is longer, in either form", async () => {
      assert.deepEqual(await found({ maxDowntime: "201ms", timeout: "301s" }), [
        'db-01: got migration.maxDowntime: "201ms"; allowed: at most 200 ms; set migration.maxDowntime: "200ms" or less',
        'db-01: got migration.timeout: "301s"; allowed: at most 5 min; set migration.timeout: "5m" or less',
      ]);
      assert.equal((await found({ maxDowntime: { limit: "1s", after: "30s" }, timeout: "5m" })).length, 1);
      assert.deepEqual(await found({ maxDowntime: "200ms", timeout: "300s" }), []);
    });

    it("counts a timeout per GiB for the memory that the pack knows, and refuses it for one that it does not", async () => {
      const limits = { maxDowntime: "100ms", timeout: "1m/GiB" };
      const of = (memory: string) =>
        violations("migration-limits", [placed(limits)], {
          options: { vms: { "db-01": { ...vms["db-01"], memory } } },
          config,
        });
      assert.deepEqual(await of("5GiB"), []);
      assert.match((await of("6GiB"))[0]!, /got migration\.timeout: "1m\/GiB"; allowed: at most 5 min/);
      assert.match((await found(limits))[0]!, /of memory that is not known \(set vms\.db-01\.memory of the policy\)/);
    });

    it("refuses what is not set: libvirt's default downtime, and no timeout at all", async () => {
      const both = await found({});
      assert.match(both[0]!, /no migration\.maxDowntime \(libvirt's default is 300 ms\); allowed: at most 200 ms/);
      assert.match(both[1]!, /no migration\.timeout; allowed: at most 5 min/);
      assert.deepEqual(await found({}, "web-01"), []);
    });

    it("refuses a pause that has no limit", async () => {
      const suspend = { maxDowntime: "100ms", timeout: "1m", onTimeout: "suspend" } as const;
      assert.match((await found(suspend))[0]!, /onTimeout: "suspend", which pauses the VM/);
      assert.equal((await found({ ...suspend, onTimeout: "abort" })).length, 0);
    });

    it("refuses steps and presets that allow a longer pause, or one without a limit", async () => {
      const raised = (raiseDowntime: string, pass: number) => ({ pass, do: { raiseDowntime } });
      const limits = { maxDowntime: "100ms", timeout: "1m" };
      assert.deepEqual(await found({ ...limits, convergence: [raised("150ms", 3), raised("200ms", 4)] }), []);
      assert.match(
        (await found({ ...limits, convergence: [raised("150ms", 3), raised("300ms", 4)] }))[0]!,
        /migration\.convergence, which raises the pause to 300ms; allowed: a pause of at most 200 ms/,
      );
      assert.match((await found({ ...limits, convergence: "gentle" }))[0]!, /"gentle", which raises the pause to 1s/);
      assert.match(
        (await found({ ...limits, convergence: [{ after: "30s", do: "suspend" }] }))[0]!,
        /with a step "suspend", which pauses the VM/,
      );
      assert.deepEqual(await found({ maxDowntime: "1s", convergence: "balanced" }, "web-01"), []);
    });

    it("says nothing of a VM of no class", async () => {
      assert.deepEqual(await found({ maxDowntime: "30m" }, "other-01"), []);
    });

    it("ends with an error where its own duration is none", async () => {
      const wrong = { classes: [{ maxDowntime: "200" }] };
      await assert.rejects(
        violations("migration-limits", [placed({})], { config: wrong }),
        /got "200"; expected a dura/,
      );
    });
  });
});
