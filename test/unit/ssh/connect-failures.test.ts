import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host } from "../../../provider/core/model";
import { readConfig } from "../../../provider/ssh/config";
import { tryIt } from "../../../provider/ssh/connect-failures";
import { routeTo } from "../../../provider/ssh/route";
import { surroundings } from "../../../provider/ssh/surroundings";

describe("ssh: the command that tries a host", () => {
  let home: string;
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), "try-"))));
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const inventory = { gate: { name: "gate", address: "10.0.0.1", user: "jump", port: 2200 } };
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
    [
      "the jump hosts of the inventory, each as ssh finds it",
      { name: "kvm-a", address: "10.0.0.11", proxyJump: "gate,adm@inner" },
      "",
      "ssh -J jump@10.0.0.1:2200,adm@inner me@10.0.0.11",
    ],
    [
      "the jump host of ssh_config where ssh does not find it by the address",
      { name: "kvm-a", address: "10.0.0.11" },
      "Host kvm-a\n ProxyJump bastion:2222\n",
      "ssh -J bastion:2222 me@10.0.0.11",
    ],
    [
      "no jump host that ssh_config has for the name",
      { name: "kvm-a" },
      "Host kvm-a\n ProxyJump gate\n",
      "ssh me@kvm-a",
    ],
    [
      "none, where the inventory wants none",
      { name: "kvm-a", proxyJump: "none" },
      "Host kvm-a\n ProxyJump gate\n",
      "ssh -J none me@kvm-a",
    ],
  ];
  for (const [what, host, config, command] of cases) {
    it(`has ${what}`, () => {
      const file = join(home, "config");
      writeFileSync(file, config);
      const around = surroundings({ home, env: {}, localUser: "me", sshConfigFile: file });
      const target = routeTo(host, inventory, readConfig(around), around).at(-1)!;
      assert.deepEqual(tryIt(target).commands, [{ command }]);
    });
  }
});
