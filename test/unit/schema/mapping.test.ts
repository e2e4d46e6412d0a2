import assert from "node:assert/strict";
import { migrationSchema } from "../../../provider/schema/migration";

describe("migration.disks and migration.networks", () => {
  it("take a path, a volume, a name of the same kind, a bridge, a network", () => {
    const given = {
      disks: { vda: { path: "/srv/db 1.qcow2" }, sda: { pool: "vms", volume: "db.qcow2" } },
      networks: { br0: "br-lan", default: { bridge: "br1" }, "br0.100": { network: "lan one" } },
    };
    const { disks, networks } = migrationSchema.parse(given);
    assert.deepEqual({ disks, networks }, given);
  });

  const refused: [given: object, path: string, message: RegExp][] = [
    [{ disks: "/srv" }, "disks", /^got "\/srv"; expected an object with a disk target for each place/],
    [{ disks: {} }, "disks", /for example \{ "vda": \{ "path": "\/srv\/vms\/db\.qcow2" \} \}$/],
    [{ disks: { vda: "/srv/a" } }, "disks.vda", /expected \{ path \} with an absolute path, or \{ pool, volume \}/],
    [{ disks: { vda: { path: "a.img" } } }, "disks.vda", /an absolute path/],
    [{ disks: { vda: { path: "/srv/" } } }, "disks.vda", /an absolute path/],
    [{ disks: { vda: { path: "/a\n" } } }, "disks.vda", /an absolute path/],
    [{ disks: { vda: { pool: "p" } } }, "disks.vda", /\{ pool, volume \}/],
    [{ disks: { vda: { path: "/a", pool: "p", volume: "v" } } }, "disks.vda", /\{ pool, volume \}/],
    [{ disks: { "-x": { path: "/a" } } }, "disks.-x", /expected a disk target/],
    [{ networks: [] }, "networks", /^got \[\]; expected an object with the name of a bridge/],
    [{ networks: { br0: { bridge: "a/b" } } }, "networks.br0", /a name, \{ bridge \} or \{ network \}/],
    [{ networks: { br0: { bridge: "longer-than-linux-has" } } }, "networks.br0", /\{ bridge \}/],
    [{ networks: { br0: { bridge: "a", network: "b" } } }, "networks.br0", /\{ bridge \}/],
    [{ networks: { br0: "" } }, "networks.br0", /a name/],
    [{ networks: { br0: 1 } }, "networks.br0", /^got 1;/],
  ];
  for (const [given, path, message] of refused) {
    it(`refuse ${JSON.stringify(given)} once`, () => {
      const { error } = migrationSchema.safeParse(given);
      assert.deepEqual(
        error?.issues.map((issue) => issue.path.join(".")),
        [path],
      );
      assert.match(error.issues[0]!.message, message);
    });
  }
});
