import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host } from "../../../provider/core/model";
import { readConfig } from "../../../provider/ssh/config";
import { tryIt } from "../../../provider/ssh/connect-failures";
import { surroundings } from "../../../provider/ssh/surroundings";
import { resolveTarget } from "../../../provider/ssh/target";

describe("ssh: the command that tries a host", () => {
  let home: string;
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), "try-"))));
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const cases: [what: string, host: Host, config: string, command: string][] = [
    ["no port where none is given", { name: "kvm-a", user: "root" }, "", "ssh root@kvm-a"],
    ["no port where ssh_config has it for the name", { name: "kvm-a" }, "Host kvm-a\n Port 2222\n", "ssh me@kvm-a"],
    [
      "the port of ssh_config where the address is the inventory's",
      { name: "kvm-a", address: "10.0.0.11" },
      "Host kvm-a\n Port 2222\n",
      "ssh -p 2222 me@10.0.0.11",
    ],
    [
      "the port of the inventory, 22 too",
      { name: "kvm-a", port: 22 },
      "Host kvm-a\n Port 2222\n",
      "ssh -p 22 me@kvm-a",
    ],
    ["the port of the destination", { name: "root@kvm-a:2200" }, "", "ssh -p 2200 root@kvm-a"],
  ];
  for (const [what, host, config, command] of cases) {
    it(`has ${what}`, () => {
      const file = join(home, "config");
      writeFileSync(file, config);
      const around = surroundings({ home, env: {}, localUser: "me", sshConfigFile: file });
      const target = resolveTarget(host, { host: host.name }, readConfig(around), around);
      assert.deepEqual(tryIt(target).commands, [{ command }]);
    });
  }
});
