import assert from "node:assert/strict";
import { parseHostState } from "../../../../provider/preflight/probes/hostState";

describe("what a host tells of itself", () => {
  const answer = (change: Record<string, string> = {}) => {
    const words = {
      kvm: "yes",
      ssh: "yes",
      swtpm: "",
      virtual: "no",
      sshd: "maxsessions 10",
      selinux: "off",
      apparmor: "Y",
      stdio: "logd",
      tlskey: "no",
      ...change,
    };
    return `${Object.entries(words)
      .map(([name, text]) => `\n@@ ${name}\n${text}\n`)
      .join("")}\n@@ end\n`;
  };

  it("is read", () => {
    assert.deepEqual(parseHostState(answer()), {
      kvmDevice: true,
      sshClient: true,
      swtpmMissing: [],
      isVm: false,
      maxSessions: 10,
      selinux: "off",
      apparmor: true,
      stdioHandler: "logd",
      tlsKeyHasSecret: false,
    });
    assert.deepEqual(
      parseHostState(
        answer({
          kvm: "no",
          ssh: "no",
          swtpm: "swtpm\nswtpm_setup",
          virtual: "yes",
          sshd: "",
          selinux: "1",
          stdio: "",
          tlskey: "",
        }),
      ),
      {
        kvmDevice: false,
        sshClient: false,
        swtpmMissing: ["swtpm", "swtpm_setup"],
        isVm: true,
        maxSessions: undefined,
        selinux: "enforcing",
        apparmor: true,
        stdioHandler: undefined,
        tlsKeyHasSecret: undefined,
      },
    );
  });

  it("is not known where the answer was cut", () => {
    const cut = parseHostState(answer().replace("@@ end", ""));
    assert.ok(Object.values(cut).every((value) => value === undefined));
  });
});
