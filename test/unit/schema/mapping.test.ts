import assert from "node:assert/strict";
import { parseInputs } from "../../../provider/schema";
import { UNKNOWN } from "../../../provider/schema/wire";
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

  it("wait for what is not known yet, at any place, and refuse the rest meanwhile", () => {
    const read = (migration: object) => {
      const { inputs, failures } = parseInputs({ domain: "db-01", host: "kvm-b", migration });
      return [inputs.migration, failures.map(({ property }) => property)];
    };
    const waiting = { path: UNKNOWN };
    for (const migration of [
      { disks: { vda: waiting } },
      { disks: { vda: { pool: "p", volume: UNKNOWN } } },
      { networks: { "br0.1": UNKNOWN, br1: { bridge: UNKNOWN } } },
      { networks: UNKNOWN },
    ]) {
      assert.deepEqual(read(migration), [undefined, []], JSON.stringify(migration));
    }
    assert.deepEqual(read({ disks: { vda: waiting, vdb: { path: "b" } } }), [undefined, ["migration.disks.vdb"]]);
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
