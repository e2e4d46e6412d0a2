/** Every text of a failed connection, as a user reads it. After a change of words: UPDATE_GOLDEN=1 npx mocha test/unit/ssh/golden.test.ts */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PlacementError } from "../../../provider/core/errors";
import type { Host } from "../../../provider/core/model";
import { authRefused, handshakeFault, notForwarded, unreachable } from "../../../provider/ssh/connect-failures";
import type { Offer } from "../../../provider/ssh/credentials";
import * as hostKey from "../../../provider/ssh/host-key-failures";
import { hostKeyCheck } from "../../../provider/ssh/host-key";
import type { KnownKey } from "../../../provider/ssh/known-hosts";
import { readPublicKey } from "../../../provider/ssh/public-key";
import type { Target } from "../../../provider/ssh/target";
import { faultOf } from "../../../provider/ssh/transport";
import { sshHome } from "../../support/ssh-home";

const golden = join(__dirname, "golden.txt");
const blob = (base64: string) => Buffer.from(base64, "base64");
const offered = blob("AAAAC3NzaC1lZDI1NTE5AAAAINXVOsHH1YcyGOp9ZDuIqxwL+YXSlzEvbDct+vqSKKFE");
const other = blob("AAAAC3NzaC1lZDI1NTE5AAAAIHLlF7PXmhG4acQTJuVCfsLrh3FdUNXdIL2qob5wUBwz");

describe("the texts of failed connections", () => {
  const { home, target } = sshHome();
  const host: Host = { name: "kvm-a", address: "10.0.0.11", user: "root" };

  function thrown(work: () => unknown): PlacementError {
    try {
      work();
    } catch (error) {
      return error as PlacementError;
    }
    return assert.fail("it was taken");
  }

  /** What the configuration has for it is refused before any host is asked. */
  const configured = (config: string) => thrown(() => hostKeyCheck(target(host, config)));

  function failures(to: Target): [title: string, error: PlacementError][] {
    const file = `${home()}/.ssh/known_hosts`;
    const known: KnownKey = { key: readPublicKey(other)!, where: `${file}:7`, file };
    const hop: Target = { ...to, hop: "gate" };
    const tried: Offer[] = [{ key: undefined as never, label: "~/.ssh/id_ed25519 (ssh-ed25519 SHA256:x)" }];
    const refused = { tried, skipped: [] as string[], methods: ["publickey"], partial: false, said: undefined };
    const node = (code: string) => faultOf(Object.assign(new Error(code), { code }), to);
    return [
      ["unknown key", hostKey.unknownKey(to, offered, "10.0.0.11", undefined)],
      ["unknown key of a jump host", hostKey.unknownKey(hop, offered, "[10.0.0.1]:2222", undefined)],
      ["unknown key beside an authority", hostKey.unknownKey(to, offered, "10.0.0.11", known)],
      ["changed key", hostKey.changedKey(to, offered, "10.0.0.11", [known])],
      ["not the pinned key", hostKey.notThePin(to, offered, "SHA256:pinned")],
      ["revoked key", hostKey.revokedKey(to, offered, known)],
      ["key in RevokedHostKeys", hostKey.revokedByFile(to, offered, `${home()}/revoked`, "revoked")],
      [
        "RevokedHostKeys is broken",
        hostKey.revokedByFile(to, offered, `${home()}/re voked`, { unusable: "cannot be read (ENOENT)" }),
      ],
      ["short key", hostKey.shortKey(to, offered, 2048, 3072)],
      ["unreadable key", hostKey.unreadableKey(to, offered)],
      ["certificate beside revocations", hostKey.uncheckedCertificate(to, offered, `${home()}/revoked`)],
      ["unreadable pin", hostKey.unreadablePin(to)],
      ["no algorithm is left", hostKey.noHostKeyAlgorithm(target(host, "HostKeyAlgorithms ssh-rsa\n"))],
      ["ssh is shown another key", hostKey.otherTypeForSsh(to, "ssh-rsa")],
      ["KnownHostsCommand", configured("KnownHostsCommand /bin/true\n")],
      ["Match exec", configured("Match exec true\n UserKnownHostsFile /elsewhere\n")],
      ["not understood", configured("HostKeyAlgorithms nonsense\n")],
      ["ProxyCommand", thrown(() => target({ name: "kvm-a" }, "ProxyCommand nc %h %p\n"))],
      ...["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN", "EOTHER"].map(
        (code): [string, PlacementError] => [code, unreachable(to, node(code))],
      ),
      [
        "no common algorithm",
        unreachable(to, handshakeFault(new Error("Handshake failed: no matching host key format"))),
      ],
      ["no handshake", unreachable(to, handshakeFault(new Error("Connection lost before handshake")))],
      ["every key rejected", authRefused(to, refused)],
      ["no key", authRefused(to, { ...refused, tried: [], skipped: ["~/.ssh/id_rsa (it is a public key)"] })],
      [
        "too many keys",
        authRefused(to, { ...refused, tried: [...tried, ...tried], said: "Too many authentication failures" }),
      ],
      ["closed without a word", authRefused(to, { ...refused, closed: true })],
      [
        "a jump host that does not forward",
        notForwarded(to, { ...to, hop: "gate" }, { prohibited: true, words: "administratively prohibited" }),
      ],
      [
        "a jump host that does not reach it",
        notForwarded(to, { ...to, hop: "gate" }, { prohibited: false, words: "Connection refused" }),
      ],
      ["passwords only", authRefused(to, { ...refused, methods: ["password"] })],
      ["a second factor", authRefused(to, { ...refused, partial: true })],
    ];
  }

  it("are those of golden.txt", () => {
    const text = failures(target(host))
      .map(([title, error]) => `# ${title}\n${error.message.replaceAll(home(), "HOME")}\n`)
      .join("\n");
    if (process.env["UPDATE_GOLDEN"]) writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, "utf8"));
  });
});
