import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { sshHome } from "../../support/ssh-home";

describe("ssh: what ssh_config says of a host", () => {
  const { home, target } = sshHome();
  const matches: [what: string, criteria: string, applies: boolean][] = [
    ["all", "all", true],
    ["originalhost", "originalhost kvm-*", true],
    ["another originalhost", "originalhost kvm-b", false],
    ["host after HostName", "host 10.0.0.*", true],
    ["host before HostName", "host kvm-a", false],
    ["a negated host", "!host kvm-a", true],
    ["host with =", "host=10.0.0.11", true],
    ["user", "user root,admin", true],
    ["another user", "user nobody", false],
    ["localuser and host", "localuser me host *", true],
    ["final", "final", true],
    ["final and another host", "final host kvm-b", false],
    ["another host and exec", 'host kvm-b exec "true"', false],
  ];
  for (const [what, criteria, applies] of matches) {
    it(`${applies ? "applies" : "does not apply"} Match by ${what}`, () => {
      const config = `Host kvm-a\n HostName 10.0.0.11\n User admin\nMatch ${criteria}\n Port 2222\n`;
      assert.equal(target({ name: "kvm-a" }, config).port, applies ? 2222 : 22);
    });
  }

  it("leaves open what a criterion decides that is not evaluated: exec, negated or not, and one that is not known", () => {
    for (const criterion of ["exec true", "!exec true", "localnetwork 10.0.0.0/8", "version *"]) {
      assert.throws(() => target({ name: "kvm-a" }, `Match ${criterion}\n Port 2222\n`), { code: "invalidInput" });
    }
  });

  it("knows a Tag, and leaves open what a Tag decides that is left open itself", () => {
    const config = "Tag site-b\nMatch tagged site-*\n Port 2222\n";
    assert.equal(target({ name: "kvm-a" }, config).port, 2222);
    assert.equal(target({ name: "kvm-a" }, "Match tagged site-*\n Port 2222\n").port, 22);
    assert.equal(target({ name: "kvm-a" }, 'Match tagged ""\n Port 2222\n').port, 2222);
    assert.throws(() => target({ name: "kvm-a" }, "Match exec true\n Tag a\nMatch tagged a\n Port 2222\n"), {
      code: "invalidInput",
    });
  });

  it("matches an address in its canonical form in the final pass only, as ssh does", () => {
    for (const [pattern, applies] of [
      ["127.1", false],
      ["127.0.0.1", true],
    ] as const) {
      const config = `Host kvm-a\n HostName 127.1\nMatch final host ${pattern}\n Port 2222\n`;
      assert.equal(target({ name: "kvm-a" }, config).port, applies ? 2222 : 22, pattern);
    }
  });

  it("never runs a command: not for Match exec, canonical names, KnownHostsCommand or LocalCommand", () => {
    const config = `
CanonicalizeHostname yes
CanonicalDomains example.net
KnownHostsCommand /bin/sh -c "touch ${home()}/ran"
PermitLocalCommand yes
LocalCommand touch ${home()}/ran
Match exec "touch ${home()}/ran"
Port 2222
Match originalhost kvm-a exec "touch ${home()}/ran"
Port 2223
`;
    assert.equal(target({ name: "kvm-a", port: 2200 }, config).port, 2200);
    assert.throws(() => target({ name: "kvm-a" }, config), { code: "invalidInput" });
    assert.equal(existsSync(join(home(), "ran")), false);
  });

  it("keeps the first value, adds identity files up, and leaves negated hosts out", () => {
    const config =
      "Host * !kvm-b\n User first\n IdentityFile /1\nHost kvm-*\n User second\n IdentityFile /2\n IdentityFile /1\n";
    const t = target({ name: "kvm-a" }, config);
    assert.deepEqual([t.user, t.keys.identityFiles], ["first", ["/1", "/2"]]);
    assert.equal(target({ name: "kvm-b" }, config).user, "second");
  });
});
