import assert from "node:assert/strict";
import type { Props } from "../../../provider/pulumi/state";
import { UNKNOWN } from "../../../provider/schema";
import { boundary, commands, news } from "../../support/boundary";

describe("check", () => {
  const plans: [title: string, inputs: Props, plan: unknown][] = [
    ["one host", { host: "kvm-b" }, commands("10.0.0.12")],
    [
      "a list of hosts",
      { host: ["kvm-b", "kvm-c"] },
      {
        live: { "kvm-b": commands("10.0.0.12").live, "kvm-c": commands("kvm-c").live },
        offline: { "kvm-b": commands("10.0.0.12").offline, "kvm-c": commands("kvm-c").offline },
      },
    ],
    ["mode live", { host: "kvm-b", migration: { mode: "live" } }, { live: commands("10.0.0.12").live }],
    ["mode offline", { host: "kvm-b", migration: { mode: "offline" } }, { offline: commands("10.0.0.12").offline }],
    [
      "a maximum downtime, which is set before",
      { host: "kvm-b", migration: { maxDowntime: "500ms" } },
      { ...commands("10.0.0.12"), before: ["virsh migrate-setmaxdowntime db-01 500"] },
    ],
  ];
  for (const [title, given, plan] of plans) {
    it(`plans ${title}, the same each time, and asks nobody`, async () => {
      const { check, fake, sshReads } = boundary();
      const first = await check({}, news(given));
      assert.deepEqual(first, { inputs: { ...news(given), plan }, failures: [] });
      assert.deepEqual(await check(first.inputs as Props, news(given)), first);
      assert.deepEqual(fake.dialled, []);
      assert.equal(sshReads(), 0, "ssh_config matters only for names that the inventory lacks");
    });
  }

  it("makes no plan of what is not known yet, and none of what is wrong", async () => {
    const { check } = boundary();
    const unknown = await check({}, news({ host: UNKNOWN }));
    assert.deepEqual(unknown, { inputs: { ...news({ host: UNKNOWN }), plan: UNKNOWN }, failures: [] });
    const wrong = await check({}, news({ migration: { timeout: 5 } }));
    assert.ok(!("plan" in (wrong.inputs as Props)));
  });

  it("names all that is wrong at once, with codes", async () => {
    const { check } = boundary();
    const { failures } = await check({}, { domain: "7", host: "kvm-d", migration: { tunnelled: true, tls: true } });
    assert.deepEqual(
      failures?.map(({ property, reason }) => [property, /\[(\w+)\]$/.exec(reason)?.[1]]),
      [
        ["domain", "invalidInput"],
        ["migration.tls", "conflictingOptions"],
        ["host", "unknownHost"],
      ],
    );
  });

  const hosts: [title: string, host: string, options: Parameters<typeof boundary>[0], reason: string | undefined][] = [
    ["one of the inventory", "kvm-c", {}, undefined],
    ["a literal Host of ssh_config", "nas", { sshHosts: ["nas"] }, undefined],
    ["any without an inventory", "root@kvm-z", { config: {} }, undefined],
    [
      "one that is nearly another",
      "kvm_b",
      { sshHosts: ["nas"] },
      "\"kvm_b\" is neither in the inventory (vm-placement:hosts) nor a Host of ~/.ssh/config; write kvm-b, kvm-a or kvm-c if you meant that; or add it: `pulumi config set --path 'vm-placement:hosts.kvm_b.address' ADDRESS` [unknownHost]",
    ],
    [
      "one that is like none, with a dot in its name",
      "hypervisor.example.net",
      {},
      '"hypervisor.example.net" is neither in the inventory (vm-placement:hosts) nor a Host of ~/.ssh/config; the hosts of the inventory are kvm-a, kvm-b and kvm-c; add it: `pulumi config set --path \'vm-placement:hosts["hypervisor.example.net"].address\' ADDRESS` [unknownHost]',
    ],
    [
      "one of the inventory in other letters",
      "KVM-B",
      {},
      "\"KVM-B\" is neither in the inventory (vm-placement:hosts) nor a Host of ~/.ssh/config; write kvm-b; or add it: `pulumi config set --path 'vm-placement:hosts.KVM-B.address' ADDRESS` [unknownHost]",
    ],
    [
      "one of the inventory with an account and a port",
      "root@kvm-b:2222",
      {},
      "\"root@kvm-b:2222\" is neither in the inventory (vm-placement:hosts) nor a Host of ~/.ssh/config; write kvm-b; set its user and port in vm-placement:hosts; or add it: `pulumi config set --path 'vm-placement:hosts.kvm-b.address' ADDRESS` [unknownHost]",
    ],
    [
      "what every object has",
      "constructor",
      {},
      "\"constructor\" is neither in the inventory (vm-placement:hosts) nor a Host of ~/.ssh/config; the hosts of the inventory are kvm-a, kvm-b and kvm-c; add it: `pulumi config set --path 'vm-placement:hosts.constructor.address' ADDRESS` [unknownHost]",
    ],
  ];
  for (const [title, host, options, reason] of hosts) {
    it(`${reason === undefined ? "takes" : "refuses"} as host ${title}`, async () => {
      const { failures } = await boundary(options).check({}, news({ host }));
      assert.deepEqual(failures, reason === undefined ? [] : [{ property: "host", reason }]);
    });
  }

  it("blames a wrong inventory, not the names that cannot be looked up in it", async () => {
    const { check } = boundary({ config: { "vm-placement:hosts": '{"kvm-a":{"port":"22"}}' } });
    const { failures } = await check({}, news({ host: "kvm-z" }));
    assert.deepEqual(failures, [
      {
        property: "vm-placement:hosts.kvm-a.port",
        reason: 'got "22"; expected a whole number from 1 to 65535, for example 22 [invalidInput]',
      },
    ]);
  });
});
