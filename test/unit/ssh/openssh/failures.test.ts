import assert from "node:assert/strict";
import type { ErrorCode } from "../../../../provider/core/errorCodes";
import { masterFailure, weakHostKey } from "../../../../provider/ssh/openssh/failures";
import { surroundings } from "../../../../provider/ssh/surroundings";
import { resolveTarget } from "../../../../provider/ssh/target";

describe("ssh: what the ssh command says when it gives up", () => {
  const around = surroundings({ home: "/home/me", env: {}, sshConfigFile: "/nowhere" });
  const target = resolveTarget({ name: "kvm-a" }, { host: "kvm-a" }, [], around);
  const start = "OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19 27 Jan 2026\ndebug1: Reading configuration data /x\n";
  const connecting = `${start}debug1: Connecting to kvm-a [10.0.0.11] port 22.\n`;
  const greeted = `${connecting}debug1: Server host key: ssh-ed25519 SHA256:abc\n`;
  const known = `${greeted}debug1: SSH2_MSG_SERVICE_ACCEPT received\n`;

  const cases: [code: ErrorCode, text: string][] = [
    ["hostUnreachable", ""],
    ["hostUnreachable", `${start}ssh: Could not resolve hostname kvm-a: Name or service not known\n`],
    [
      "hostUnreachable",
      `${start}/x line 3: Unsupported option "gssapiauthentication"\nssh: Could not resolve hostname kvm-a: Name or service not known\n`,
    ],
    ["hostUnreachable", `${connecting}ssh: connect to host kvm-a port 22: Connection timed out\n`],
    ["hostUnreachable", `${connecting}kex_exchange_identification: read: Connection reset by peer\n`],
    [
      "hostUnreachable",
      `${connecting}Unable to negotiate with 10.0.0.11 port 22: no matching host key type found. Their offer: ssh-dss\n`,
    ],
    [
      "invalidInput",
      `${start}/x: line 1: Bad configuration option: foo\n/x: terminating, 1 bad configuration options\n`,
    ],
    ["invalidInput", `${start}Bad owner or permissions on /home/me/.ssh/config\n`],
    [
      "hostKeyUnknown",
      `${greeted}No ED25519 host key is known for kvm-a and you have requested strict checking.\nHost key verification failed.\n`,
    ],
    [
      "hostKeyChanged",
      `${greeted}@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key for kvm-a has changed and you have requested strict checking.\nHost key verification failed.\n`,
    ],
    [
      "hostKeyRevoked",
      `${greeted}@       WARNING: REVOKED HOST KEY DETECTED!               @\nHost key verification failed.\n`,
    ],
    ["hostKeyRevoked", `${greeted}Bad server host key: Invalid key length\n`],
    ["authRefused", `${known}root@kvm-a: Permission denied (publickey).\n`],
    ["authRefused", `${known}Received disconnect from 10.0.0.11 port 22:2: Too many authentication failures\n`],
  ];
  for (const [code, text] of cases) {
    it(`is ${code}: ${text.trim().split("\n").at(-1)}`, () => {
      assert.equal(masterFailure(target, text).code, code);
    });
  }

  it("shows the key that was offered, and the command that pins it", () => {
    const { problem } = masterFailure(target, `${greeted}Host key verification failed.\n`);
    assert.ok(problem.message.includes("ssh-ed25519 SHA256:abc"));
    assert.ok(problem.remedies[0]!.commands![1]!.command.includes("hosts.kvm-a.hostKey' SHA256:abc"));
  });

  it("is refused when the host key is proved with SHA-1", () => {
    assert.equal(weakHostKey(target, `${greeted}debug1: kex: host key algorithm: rsa-sha2-512\n`), undefined);
    assert.ok(weakHostKey(target, `${greeted}debug1: kex: host key algorithm: ssh-rsa\n`));
  });
});
