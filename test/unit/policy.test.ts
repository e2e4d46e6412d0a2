import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runtime } from "@pulumi/pulumi";
import { placementPolicies, type PlacementPolicyOptions } from "../../provider/policy";
import { NotApplicable, policyNamed, remedied, violations } from "../support/policies";

const unsafe = { domain: "db-01", host: "kvm-a", migration: { unsafe: true } };

describe("policy: as a policy pack takes them", () => {
  afterEach(() => runtime.setAllConfig({}));

  it("has a name, a description, a level and a schema of its settings for each", () => {
    const policies = placementPolicies();
    assert.equal(new Set(policies.map(({ name }) => name)).size, 13);
    for (const { name, description, enforcementLevel, configSchema } of policies) {
      assert.match(name, /^[a-z]+(-[a-z]+)*$/);
      assert.ok(description.endsWith("."));
      assert.ok(enforcementLevel === "mandatory" || enforcementLevel === "disabled");
      assert.ok(Object.keys(configSchema!.properties).length > 0, name);
    }
  });

  it("disables what is a matter of taste until it is asked for", () => {
    const disabled = placementPolicies().filter(({ enforcementLevel }) => enforcementLevel === "disabled");
    const names = ["encryption", "no-post-copy", "migration-limits", "change-windows"];
    assert.deepEqual(
      disabled.map(({ name }) => name),
      names,
    );
    assert.equal(policyNamed("encryption", { policies: { encryption: {} } }).enforcementLevel, "mandatory");
  });

  it("takes the level of a policy before the one of all", () => {
    const options = {
      enforcementLevel: "advisory",
      policies: { encryption: "remediate", maintenance: { enforcementLevel: "mandatory" } },
    } as const;
    assert.equal(policyNamed("no-unsafe", options).enforcementLevel, "advisory");
    assert.equal(policyNamed("encryption", options).enforcementLevel, "remediate");
    assert.equal(policyNamed("maintenance", options).enforcementLevel, "mandatory");
  });

  it("takes the settings of the pack's configuration before those of its program", async () => {
    const options = { policies: { "no-unsafe": { vms: ["web-01"] } } };
    assert.deepEqual(await violations("no-unsafe", [unsafe], { options }), []);
    assert.equal((await violations("no-unsafe", [unsafe], { options, config: { vms: ["db-01"] } })).length, 1);
  });

  it("refuses a name that no policy has", () => {
    const policies = { "no-unsave": "mandatory" } as object;
    assert.throws(() => placementPolicies({ policies }), /got "no-unsave"; expected no-unsafe, /);
  });

  it("ends with an error where a policy is on and its settings are missing, instead of letting everything pass", async () => {
    const options = { policies: { "change-windows": { windows: [] } as never } };
    await assert.rejects(violations("change-windows", [unsafe], { options }), /change-windows: got no timeZone/);
  });

  it("reads the inventory of the stack, and adds what the pack knows of it", async () => {
    const hosts = { "kvm-a": { hostKey: "SHA256:a" }, "kvm-b": null };
    runtime.setAllConfig({ "vm-placement:hosts": JSON.stringify(hosts) });
    const placed = ["kvm-a", "kvm-b"].map((host) => ({ domain: `vm-on-${host}`, host }));
    const found = await violations("pinned-host-keys", placed);
    assert.equal(found.length, 1);
    assert.match(found[0]!, /^vm-on-kvm-b: got host kvm-b without a pinned host key/);
    const options = { hosts: { "kvm-b": { hostKey: "SHA256:b" } } };
    assert.deepEqual(await violations("pinned-host-keys", placed, { options }), []);
  });

  describe("with a placements file", () => {
    let directory: string;
    let options: PlacementPolicyOptions;
    const at = (host: string) => [
      { domain: "1b2c", host },
      { domain: "db-02", host: "kvm-b" },
    ];

    before(() => {
      directory = mkdtempSync(join(tmpdir(), "vm-placement-policy-"));
      const placements = join(directory, "placements.yaml");
      const text = `
hosts: { kvm-a: { labels: { rack: r1 }, limits: { memory: 50% } }, kvm-c: { maintenance: true } }
vms:
  db-01: { host: kvm-a, labels: { app: db }, domain: 1b2c }
  db-02: { host: kvm-b, labels: { app: db } }
rules:
  - apart: { app: db }
limits: { moves: 1 }
`;
      writeFileSync(placements, text);
      options = { placements };
    });
    after(() => rmSync(directory, { recursive: true }));

    it("takes its labels, rules, limits and maintenance", async () => {
      assert.equal((await violations("apart-and-together", at("kvm-b"), { options })).length, 1);
      assert.deepEqual(await violations("apart-and-together", at("kvm-a"), { options }), []);
      assert.equal((await violations("moves-per-update", at("kvm-a"), { options })).length, 1);
      assert.match((await violations("maintenance", at("kvm-c"), { options }))[0]!, /^db-01: got host kvm-c, in maint/);
    });

    it("adds what the options know, and takes them first", async () => {
      const more: PlacementPolicyOptions = {
        ...options,
        hosts: { "kvm-a": { memory: "64GiB", labels: { site: "muc" } } },
        vms: { "db-01": { memory: "33GiB" } },
        limits: { moves: 2 },
        rules: [{ only: { app: "db" }, on: { rack: "r1", site: "muc" } }],
      };
      assert.match(
        (await violations("capacity", at("kvm-a"), { options: more }))[0]!,
        /allowed: 32 GiB \(50 % of 64GiB\)/,
      );
      assert.deepEqual(await violations("moves-per-update", at("kvm-a"), { options: more }), []);
      assert.equal((await violations("allowed-hosts", at("kvm-a"), { options: more })).length, 1);
    });

    it("takes one as it was for where the VMs run", async () => {
      const known = { ...options, current: options.placements! };
      assert.deepEqual(await violations("moves-per-update", at("kvm-a"), { options: known, config: { max: 0 } }), []);
      assert.equal(
        (await violations("moves-per-update", at("kvm-b"), { options: known, config: { max: 0 } })).length,
        1,
      );
    });

    it("ends at once where the file has a fault", () => {
      const placements = join(directory, "wrong.yaml");
      writeFileSync(placements, "vms: { db-01: { hosts: kvm-a } }");
      assert.throws(() => placementPolicies({ placements }), /wrong\.yaml/);
    });
  });

  it("remediates in place: __provider, and a value that throws when it is read, are still there", async () => {
    const props: Record<string, unknown> = {
      domain: "db-01",
      host: "kvm-a",
      __provider: "exports.handler = …",
      __urn: "urn",
    };
    Object.defineProperty(props, "plan", {
      enumerable: true,
      get: () => {
        throw new Error("unknown");
      },
    });
    const result = await remedied("encryption", props);
    assert.equal(result, props);
    assert.deepEqual(Object.keys(props), ["domain", "host", "__provider", "__urn", "plan", "migration"]);
    assert.deepEqual(result["migration"], { tls: true });
    const encrypted = { domain: "db-01", host: "kvm-a", migration: { tunnelled: true } };
    assert.equal(await remedied("encryption", encrypted), undefined);
    const migration = { timeout: "5m" };
    assert.deepEqual((await remedied("encryption", { ...encrypted, migration }))!["migration"], {
      timeout: "5m",
      tls: true,
    });
  });

  it("judges the placements that are known before it says that one is not", async () => {
    const unknown = { domain: "new-01" };
    Object.defineProperty(unknown, "host", {
      get: () => {
        throw new Error("unknown host");
      },
    });
    const options = { hosts: { "kvm-a": { maintenance: true } } };
    const policy = policyNamed("maintenance", options);
    const found: string[] = [];
    const judged = (async () => {
      const { validateStack } = policy;
      const resources = [{ domain: "db-01", host: "kvm-a" }, unknown].map((props) => ({
        props,
        urn: "urn",
        isType: () => true,
      }));
      await validateStack!({ resources, getConfig: () => ({}) } as never, (message) => void found.push(message));
    })();
    await assert.rejects(judged, /unknown host/);
    assert.equal(found.length, 1);
  });

  it("says why it does not apply", async () => {
    await assert.rejects(violations("allowed-hosts", [unsafe]), new NotApplicable("no rule has `only`"));
    await assert.rejects(
      violations("apart-and-together", [unsafe]),
      new NotApplicable("no rule has `apart` or `together`"),
    );
    await assert.rejects(violations("capacity", [unsafe]), new NotApplicable("no host has `memory` or `cpus`"));
    await assert.rejects(violations("moves-per-update", [unsafe]), new NotApplicable("no limit is given"));
  });
});
