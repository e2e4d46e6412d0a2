import assert from "node:assert/strict";
import { isIP } from "node:net";
import { destinationKey, serverKey, destinationOf, isIpv6, parseDestination } from "../../../provider/core/destination";

describe("ssh: a destination", () => {
  const cases: [text: string, expected: object | undefined][] = [
    ["gate", { host: "gate" }],
    [" admin@gate:2222 ", { host: "gate", user: "admin", port: 2222 }],
    ["me@corp@gate", { host: "gate", user: "me@corp" }],
    ["[2001:db8::7]:2222", { host: "2001:db8::7", port: 2222 }],
    ["admin@[::1]", { host: "::1", user: "admin" }],
    ["ssh://admin@gate:2222/", { host: "gate", user: "admin", port: 2222 }],
    ["", undefined],
    ["@gate", undefined],
    ["gate:", { host: "gate" }],
    ["gate/x", undefined],
    ["gate:22/x", undefined],
    ["gate:70000", undefined],
    ["2001:db8::7", undefined],
    ["two words", undefined],
  ];
  for (const [text, expected] of cases) {
    it(`${JSON.stringify(text)} is ${expected ? JSON.stringify(expected) : "none"}`, () =>
      assert.deepEqual(parseDestination(text), expected));
  }
});

describe("a host as a placement names it", () => {
  const read: [text: string, expected: object][] = [
    ["kvm-b", { host: "kvm-b" }],
    ["KVM-B.example.net.", { host: "KVM-B.example.net." }],
    ["10.0.0.12", { host: "10.0.0.12" }],
    ["10.0.0.12:22", { host: "10.0.0.12", port: 22 }],
    ["root@kvm-b", { host: "kvm-b", user: "root" }],
    ["root@kvm-b:2222", { host: "kvm-b", user: "root", port: 2222 }],
    ["kvm-b:65535", { host: "kvm-b", port: 65_535 }],
    ["fd00::12", { host: "fd00::12" }],
    ["fd00::12:2222", { host: "fd00::12:2222" }],
    ["[fd00::12]", { host: "fd00::12" }],
    ["[fd00::12]:2222", { host: "fd00::12", port: 2222 }],
    ["root@fd00::12", { host: "fd00::12", user: "root" }],
    ["root@[fd00::12]:2222", { host: "fd00::12", user: "root", port: 2222 }],
    ["root@fe80::1%eth0", { host: "fe80::1%eth0", user: "root" }],
    ["[fe80::1%br-lan.5]:22", { host: "fe80::1%br-lan.5", port: 22 }],
    ["::ffff:10.0.0.12", { host: "::ffff:10.0.0.12" }],
    ["::", { host: "::" }],
    ["2001:db8:0:0:0:0:0:7", { host: "2001:db8:0:0:0:0:0:7" }],
  ];
  for (const [text, expected] of read) it(text, () => assert.deepEqual(destinationOf(text), expected));

  const refused: [wrong: string, texts: string[]][] = [
    ["scheme", ["ssh://root@kvm-b:2222", "SSH://kvm-b", "qemu+ssh://kvm-b/system"]],
    [
      "user",
      ["@kvm-b", "CORP\\admin@kvm-b", "me@corp.example@kvm-b", "my user@kvm-b", "root:secret@kvm-b", "-l@kvm-b"],
    ],
    [
      "port",
      ["kvm-b:", "kvm-b:0", "kvm-b:65536", "kvm-b:ssh", "kvm-b:-1", "kvm-b: 22", "[fd00::12]:", "root@kvm-b:2222\n"],
    ],
    [
      "address",
      [
        "[fd00::12",
        "fd00:::12",
        "fd00::12::1",
        "1:2:3:4:5:6:7:8:9",
        "[kvm-b]:22",
        "[10.0.0.12]",
        "fd00::12%",
        "fd00::g",
      ],
    ],
    [
      "address",
      ["fe80::1%25eth0", "[fe80::1%25eth0]:22", "::ffff:10.0.0.256", "kvm-b:22:22", "[]", "root@[::1]x", "12345::"],
    ],
    [
      "name",
      ["", "root@", "kvm%20b", "kvm-b%eth0", "kvm..b", ".kvm-b", "-kvm-b", "kvm b", "kvm-b/system", "kvm-b\n", "größe"],
    ],
  ];
  for (const [wrong, texts] of refused) {
    for (const text of texts)
      it(`refuses ${JSON.stringify(text)}`, () => assert.deepEqual(destinationOf(text), { wrong }));
  }

  it("reads an IPv6 address exactly where node's own parser does", () => {
    const parts = ["", "0", "1", "fd00", "ffff", "10.0.0.12", "12345", "g"];
    let state = 7;
    const next = (n: number) => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) % n;
    for (let i = 0; i < 4000; i++) {
      const text = Array.from({ length: 2 + next(8) }, () => parts[next(i % 3 === 0 ? parts.length : 5)]).join(":");
      assert.equal(isIpv6(text), isIP(text) === 6, text);
    }
  });
});

describe("the key of a host without an inventory", () => {
  const same = [
    ["kvm-b", "KVM-B", "kvm-b.", "Kvm-B.", "kvm-b:22"],
    ["root@kvm-b.example.net:2222", "root@KVM-B.Example.net.:2222"],
    ["fd00::12", "FD00::12", "[fd00::12]:22"],
  ];
  it("is the same in other letters, with a dot at the end, and with the port that is the default", () => {
    for (const names of same) assert.equal(new Set(names.map(destinationKey)).size, 1, names.join(" "));
  });

  it("is another for another account, port, or a longer name; for migrations the account is left out", () => {
    const names = ["kvm-b", "root@kvm-b", "Root@kvm-b", "kvm-b:2222", "kvm-b.example.net"];
    assert.equal(new Set(names.map(destinationKey)).size, names.length);
    assert.equal(new Set(names.slice(0, 3).map(serverKey)).size, 1);
    assert.notEqual(serverKey("kvm-b"), serverKey("kvm-b:2222"));
  });
});
