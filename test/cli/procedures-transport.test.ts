/** How the data travels: over TLS, libvirt's own connection, another address, and with the disks. */
import assert from "node:assert/strict";
import type { GuestOptions } from "../../lab/libvirt";
import type { MigrationArgs } from "../../provider/core/args";
import type { CommandResult } from "../../lab/pulumi";
import { migrateFlags, migrationsIn, migrationWithCap, openLog, requestWithCap } from "../support/monitor";
import { assertMoved, type Expected } from "../support/move";
import { roomy } from "../support/roomy";
import { describeWithStack } from "../support/stack";

interface Case {
  guest?: Partial<GuestOptions>;
  to?: string;
  migration: MigrationArgs;
}

/** Each cap is one VM's own: by it its migration is found in libvirt's log. None of them is ever reached. */
const cases = {
  encrypted: { migration: { tls: true, bandwidth: "1001MiB/s" } },
  "encrypted-channels": { migration: { tls: true, parallel: { connections: 3 }, bandwidth: "1002MiB/s" } },
  "encrypted-for": { migration: { tls: { destination: "kvm-b" }, bandwidth: "1003MiB/s" } },
  tunnelled: { migration: { tunnelled: true, bandwidth: "1004MiB/s" } },
  elsewhere: { to: "kvm-c", migration: { bandwidth: "1005MiB/s" } },
  copied: { guest: { disk: "file" }, migration: { copyStorage: "all", bandwidth: "1006MiB/s" } },
  "copied-by-name": {
    guest: { disk: "file" },
    migration: { copyStorage: { mode: "all", disks: ["vda"], port: 49_300 }, bandwidth: "1007MiB/s" },
  },
  // Last: it needs its address from the lab.
  listening: { migration: { bandwidth: "1008MiB/s" } },
} satisfies Record<string, Case>;

/** A second network for the data, on the same cable. */
const dataAddress = (host: "kvm-a" | "kvm-c") => ({ "kvm-a": "10.99.77.1", "kvm-c": "10.99.77.3" })[host];

describeWithStack("the ways of the data", { lab: { hosts: 3, tls: true } }, (lab, stack) => {
  let up: CommandResult;
  const source = () => lab().host("kvm-a");
  const destination = () => lab().host("kvm-b");
  const moved = (name: keyof typeof cases, expected: Partial<Expected> = {}) =>
    assertMoved(lab(), stack(), up, { name, from: "kvm-a", to: "kvm-b", mode: "live", ...expected });

  before(async function () {
    this.timeout(300_000);
    await openLog(lab().hosts);
    for (const host of ["kvm-a", "kvm-c"] as const) {
      await lab()
        .host(host)
        .must(`ip address add ${dataAddress(host)}/24 dev eth0`);
    }
    await lab()
      .host("kvm-c")
      .must("nft -f -", {
        input: `table inet seen {\n chain input {\n type filter hook input priority 0\n ip daddr ${dataAddress("kvm-c")} counter\n }\n}\n`,
      });
    for (const [name, { guest }] of Object.entries<Case>(cases)) {
      await lab().startGuest({ name, host: "kvm-a", dirtyMiB: 4, dirtyRate: 4, ...guest });
    }
    const hosts = roomy(lab());
    stack().configure({
      "vm-placement:hosts": { ...hosts, "kvm-c": { ...hosts["kvm-c"], migrationAddress: dataAddress("kvm-c") } },
    });
    stack().declare(
      Object.fromEntries(
        Object.entries<Case>(cases).map(([name, { to = "kvm-b", migration }]) => {
          const listen = name === "listening" && { listenAddress: destination().address };
          return [name, { args: { domain: name, host: to, migration: { ...migration, ...listen } } }];
        }),
      ),
    );
    up = await stack().up();
    assert.equal(up.code, 0, up.stdout);
  });

  it("encrypts", async () => {
    await moved("encrypted");
    assert.notEqual((await migrationWithCap(source(), 1001)).parameters["tls-creds"] || "", "");
    assert.equal((await migrationWithCap(source(), 1008)).parameters["tls-creds"], "");
  });

  it("encrypts several connections", async () => {
    await moved("encrypted-channels");
    const { parameters, capabilities } = await migrationWithCap(source(), 1002);
    assert.notEqual(parameters["tls-creds"] || "", "");
    assert.ok(capabilities.has("multifd"));
    assert.equal(parameters["multifd-channels"], 3);
  });

  it("asks the destination for a certificate of the name that was given", async () => {
    await moved("encrypted-for");
    assert.equal((await migrationWithCap(source(), 1003)).parameters["tls-hostname"], "kvm-b");
    assert.notEqual((await migrationWithCap(source(), 1001)).parameters["tls-hostname"], "kvm-b");
  });

  it("goes through libvirt's own connection", async () => {
    await moved("tunnelled");
    assert.equal((await requestWithCap(source(), 1004)).flags & migrateFlags.tunnelled, migrateFlags.tunnelled);
  });

  it("goes to the address that the inventory has for the data", async () => {
    const last = await moved("elsewhere", { to: "kvm-c" });
    assert.ok(last.command.includes(` --migrateuri tcp://${dataAddress("kvm-c")} `), last.command);
    assert.equal((await requestWithCap(source(), 1005)).uri, `tcp://${dataAddress("kvm-c")}`);
    const counted = await lab().host("kvm-c").must("nft list table inet seen");
    assert.ok(Number(/bytes (\d+)/.exec(counted)![1]) > 2 ** 20, counted);
  });

  it("comes in on the address that was given", async () => {
    await moved("listening");
    assert.equal((await requestWithCap(source(), 1008)).listenAddress, destination().address);
    const incoming = (await migrationsIn(destination())).map(({ uri }) => uri);
    assert.ok(
      incoming.some((uri) => uri.startsWith(`tcp:${destination().address}:`)),
      incoming.join(),
    );
  });

  for (const name of ["copied", "copied-by-name"] as const) {
    it(`takes the disk along (${name})`, async () => {
      await moved(name);
      const disk = `/var/lib/libvirt/images/${name}.img`;
      const sums = await Promise.all([source(), destination()].map((host) => host.must(`sha256sum <${disk}`)));
      assert.equal(sums[0], sums[1]);
    });
  }

  it("takes the disks that were named, over the port that was given", async () => {
    const last = stack().outputs("copied-by-name")["lastMigration"] as { command: string };
    assert.ok(last.command.includes(" --copy-storage-all --migrate-disks vda --disks-port 49300 "), last.command);
    assert.deepEqual(
      [(await requestWithCap(source(), 1006)).disks, (await requestWithCap(source(), 1007)).disks],
      [0, 1],
    );
    assert.equal((await requestWithCap(source(), 1007)).disksPort, 49_300);
  });
});
