import assert from "node:assert/strict";
import type { Host } from "../../../provider/core/model";
import { readConfig } from "../../../provider/ssh/config";
import { routeTo } from "../../../provider/ssh/route";
import { surroundings } from "../../../provider/ssh/surroundings";
import { sshHome } from "../../support/ssh-home";

describe("ssh: the way to a host", () => {
  const { write, options } = sshHome();
  function way(host: Host, inventory: Record<string, Host> | undefined, config = "") {
    write(".ssh/config", config);
    const around = surroundings(options());
    return routeTo(host, inventory, readConfig(around), around).map(
      ({ user, address, port, hop }) => `${hop ?? "-"} ${user}@${address}:${port}`,
    );
  }

  it("is direct without a ProxyJump, and with none", () => {
    assert.deepEqual(way({ name: "kvm-a" }, undefined), ["- me@kvm-a:22"]);
    assert.deepEqual(way({ name: "kvm-a", proxyJump: "none" }, undefined, "ProxyJump gate"), ["- me@kvm-a:22"]);
  });

  const jumps: [value: string, first: string | undefined][] = [
    ["gate x,y@", "gate"],
    ["gate\t# comment", "gate"],
    ["gate:", "gate"],
    ["= gate", "gate"],
    ['"gate"', "gate"],
    ["none # direct", "none"],
    ["a@ b", undefined],
    ["a/b", undefined],
    ["gate,", undefined],
    ["gate:0", undefined],
  ];
  for (const [value, first] of jumps) {
    it(`reads ProxyJump ${value} as ssh 9.2 does: ${first ?? "refused, on whichever line"}`, () => {
      if (first === undefined) {
        assert.throws(() => way({ name: "kvm-a" }, undefined, `Host other\n ProxyJump ${value}\n`), {
          code: "invalidInput",
        });
      } else {
        const config = `Host kvm-a\n ProxyJump ${value}\n`;
        assert.deepEqual(way({ name: "kvm-a" }, undefined, config)[0], `${first} me@${first}:22`);
      }
    });
  }

  it("goes over the hops in order; the inventory is asked first, then ssh_config", () => {
    const inventory = { gate: { name: "gate", address: "10.0.0.1", user: "jump", port: 2200 } };
    const config = "Host inner\n HostName 10.1.0.1\n User in\nHost gate\n HostName unused\n";
    assert.deepEqual(way({ name: "kvm-a", proxyJump: "gate, x@inner:2201,[::1]:2202" }, inventory, config), [
      "gate jump@10.0.0.1:2200",
      "inner x@10.1.0.1:2201",
      "::1 me@::1:2202",
      "- me@kvm-a:22",
    ]);
    assert.deepEqual(way({ name: "kvm-a", proxyJump: "other@gate:22" }, inventory)[0], "gate other@10.0.0.1:22");
  });

  it("honours the first hop's own ProxyJump, and not that of the later ones", () => {
    const config = "Host gate\n ProxyJump outer\nHost inner\n ProxyJump unused\nHost kvm-a\n ProxyJump gate,inner\n";
    assert.deepEqual(way({ name: "kvm-a" }, undefined, config), [
      "outer me@outer:22",
      "gate me@gate:22",
      "inner me@inner:22",
      "- me@kvm-a:22",
    ]);
  });

  it("is refused when it never ends: a name made of each name, in ssh_config and in the inventory", () => {
    assert.throws(() => way({ name: "kvm-a" }, undefined, "Host *\n ProxyJump jump-%n\n"), {
      code: "invalidInput",
      message: /more than 16: kvm-a → jump-kvm-a → jump-jump-kvm-a → [^]*ProxyJump none/,
    });
    const chain = Object.fromEntries(
      Array.from({ length: 1000 }, (_, at) => [`h${at}`, { name: `h${at}`, proxyJump: `h${at + 1}` }]),
    );
    assert.throws(() => way(chain["h0"]!, chain), { code: "invalidInput", message: /more than 16: h0 → h1 → h2 / });
    assert.equal(way(chain["h990"]!, chain).length, 11);
    const list = Array.from({ length: 100_000 }, (_, at) => `j${at}`).join(",");
    assert.throws(() => way({ name: "kvm-a", proxyJump: list }, undefined), {
      message: /more than 16: kvm-a → j0 → …/,
    });
    assert.throws(() => way({ name: "a" }, undefined, `Host *\n ProxyJump ${"x".repeat(100_000)}%n\n`), {
      code: "invalidInput",
    });
  });

  it("is refused when it is a circle of any length, through inventory and ssh_config", () => {
    for (let length = 1; length <= 15; length++) {
      const next = (at: number) => `h${(at + 1) % length}`;
      const hosts = Array.from({ length }, (_, at) => at);
      const config = hosts.map((at) => `Host h${at}\n ProxyJump ${next(at)}\n`).join("");
      const inventory = Object.fromEntries(
        hosts.filter((at) => at % 2 === 0).map((at) => [`h${at}`, { name: `h${at}`, proxyJump: next(at) }]),
      );
      for (const known of [undefined, inventory]) {
        assert.throws(() => way(known?.["h0"] ?? { name: "h0" }, known, config), {
          code: "invalidInput",
          message: /circle: h0 → .*h0/,
        });
      }
    }
  });

  it("is refused when it goes round in a circle, and when a hop cannot be read", () => {
    assert.throws(() => way({ name: "kvm-a" }, undefined, "Host *\n ProxyJump gate\n"), {
      code: "invalidInput",
      message: /kvm-a → gate → gate[^]*"none"/,
    });
    const circle = "Host a\n ProxyJump b\nHost b\n ProxyJump a\n";
    assert.throws(() => way({ name: "a" }, undefined, circle), { message: /a → b → a/ });
    assert.throws(() => way({ name: "a", proxyJump: "b,,c" }, undefined), {
      code: "invalidInput",
      message: /jump host/,
    });
  });

  // Each as `ssh -G` answers it.
  const lastHops: [config: string, refused: boolean][] = [
    ["HostName 0::1\n ProxyJump [::1]", true],
    ["HostName ::1\n ProxyJump [0::1]", false],
    ["HostName kvm-a\n User other\n ProxyJump gate,kvm-a", true],
    ["HostName kvm-a\n ProxyJump kvm-a,gate", false],
    ["HostName kvm-A\n ProxyJump KVM-a", false],
    ["HostName kvm-a\n Port 2222\n ProxyJump kvm-a", false],
    ["HostName kvm-a\n Port 2222\n ProxyJump kvm-a:2222", true],
    ["HostName kvm-a\n User other\n ProxyJump me@kvm-a", false],
  ];
  for (const [config, refused] of lastHops) {
    it(`is ${refused ? "refused" : "taken"} with ${JSON.stringify(config)}, whose last jump host ${refused ? "is" : "is not"} the host itself`, () => {
      const find = () => way({ name: "x" }, undefined, `Host x\n ${config}\n`);
      if (refused) assert.throws(find, { code: "invalidInput", message: /circle: x → / });
      else find();
    });
  }
});
