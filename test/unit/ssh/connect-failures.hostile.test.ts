/** Commands of remedies are pasted into a shell: no name, account, path or text of a host ends up outside of quotes there. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlacementError } from "../../../provider/core/errors";
import type { Host } from "../../../provider/core/model";
import type { Remedy } from "../../../provider/core/problem";
import { stderrCauses } from "../../../provider/core/problems";
import { authRefused, notForwarded, unreachable } from "../../../provider/ssh/connect-failures";
import { credentialsFor } from "../../../provider/ssh/credentials";
import { dropped } from "../../../provider/ssh/dropped";
import * as hostKey from "../../../provider/ssh/host-key-failures";
import { masterFailure, masterTimeout } from "../../../provider/ssh/openssh/failures";
import { readPublicKey } from "../../../provider/ssh/public-key";
import { NoResult } from "../../../provider/ssh/shell-failures";
import { surroundings } from "../../../provider/ssh/surroundings";
import { resolveTarget, type Target } from "../../../provider/ssh/target";
import { faultOf } from "../../../provider/ssh/transport";
import { loginHangs, loginRunsNothing } from "../../../provider/virsh/notStarted";

const hostile = [
  "a;PWN",
  "a$(PWN)",
  "a`PWN`",
  "a' PWN '",
  'a" PWN "',
  "a PWN",
  "a\nPWN",
  "a|PWN&",
  "a>PWN",
  "a\\' PWN",
  "a{PWN,b}",
];

/** What a POSIX shell reads as more than one literal word of ours. */
function unquoted(command: string): string {
  let [rest, at] = ["", 0];
  while (at < command.length) {
    if (command[at] === "'") {
      const end = command.indexOf("'", at + 1);
      assert.ok(end > 0, `a quote that does not end: ${command}`);
      at = end + 1;
    } else if (command[at] === "\\") at += 2;
    else rest += command[at++]!;
  }
  return rest;
}

function assertQuoted(remedies: readonly Remedy[], whose: string): number {
  const commands = remedies.flatMap((remedy) => remedy.commands ?? []);
  for (const { command } of commands) {
    assert.ok(!unquoted(command).includes("PWN"), `${whose}: ${JSON.stringify(command)}`);
    assert.ok(!command.includes("\n"), `${whose}: a command of two lines: ${JSON.stringify(command)}`);
  }
  return commands.length;
}

const blob = Buffer.from("AAAAC3NzaC1lZDI1NTE5AAAAINXVOsHH1YcyGOp9ZDuIqxwL+YXSlzEvbDct+vqSKKFE", "base64");

describe("ssh: the commands of every remedy, with hostile values", () => {
  let home: string;
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), "hostile-"))));
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  function target(value: string, more: Partial<Host> = {}): Target {
    const around = surroundings({ home, env: {}, sshConfigFile: "/nowhere", localUser: value });
    const host: Host = { name: value, address: value, user: value, identityFile: `/keys/${value}`, ...more };
    return { ...resolveTarget(host, { host: value }, [], around), address: value };
  }

  function failures(to: Target, value: string): PlacementError[] {
    const refused = { tried: [{ label: value }], skipped: [value], methods: [value], partial: false, said: undefined };
    const file = `${home}/${value}`;
    const known = { key: readPublicKey(blob)!, where: `${file}:7`, file };
    const hop = { ...to, hop: value };
    const node = (code: string) => unreachable(to, faultOf(Object.assign(new Error(value), { code }), to));
    const shown = `debug1: Connecting to x\ndebug1: Server host key: ssh-ed25519 SHA256:${value.replace(/\s/g, ";")}\n`;
    const noResult = new NoResult(to);
    return [
      ...[to, hop].flatMap((each) => [
        hostKey.unknownKey(each, blob, value, known),
        hostKey.changedKey(each, blob, value, [known]),
        hostKey.notThePin(each, blob, value),
        hostKey.revokedKey(each, blob, known),
        hostKey.revokedByFile(each, blob, file, { unusable: value }),
        hostKey.unreadablePin(each),
        hostKey.uncheckedCertificate(each, blob, file),
        authRefused(each, refused),
        authRefused(each, { ...refused, closed: true, certificateLeft: true }),
        authRefused(each, { ...refused, tried: [] }),
        unreachable(each, { message: value }),
        dropped(each),
        masterFailure(each, `/x line 3: ${value}\n`),
        masterFailure(each, `${shown}Host key verification failed.\n`),
        masterFailure({ ...each, pin: value }, `${shown}Host key verification failed.\n`),
        masterFailure(each, `Load key "/keys/${value}": ${value}\nPermission denied\n`),
        masterTimeout(each, 1000, ""),
        masterTimeout(
          each,
          1000,
          "debug1: Connection established\ndebug1: Remote protocol version 2\ndebug1: SSH2_MSG_NEWKEYS received",
        ),
      ]),
      notForwarded(to, hop, { prohibited: true, words: value }),
      notForwarded(to, hop, { prohibited: false, words: value }),
      ...["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH"].map(node),
      noResult.sessionRefused(new Error(value), 3),
      noResult.tookTooLong(value, 1000),
      noResult.saidTooMuch(value),
      loginRunsNothing({ host: value, user: value }, { out: value, err: "" }, 1),
      loginRunsNothing({ host: value, user: value }, { out: "This account is not available", err: "" }, 1),
      loginRunsNothing({ host: value, user: value }, { out: "Password change required", err: "" }, 1),
      loginHangs({ host: value, user: value }, { out: value, err: "" }, 1000),
    ];
  }

  for (const value of hostile) {
    it(`of a failed connection: ${JSON.stringify(value)}`, () => {
      const counts = failures(target(value), value).map(({ problem }) =>
        assertQuoted(problem.remedies, problem.message),
      );
      assert.ok(counts.filter((count) => count > 0).length > 30, "most have commands");
    });

    it(`of a key that cannot be used: ${JSON.stringify(value)}`, async () => {
      const path = join(home, value);
      for (const [text, mode] of [
        ["no key", 0o600],
        ["-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", 0o600],
        ["x", 0o644],
      ] as const) {
        writeFileSync(path, text);
        chmodSync(path, mode);
        const error = await credentialsFor(target(value, { identityFile: path })).then(
          () => assert.fail("it was used"),
          (each: PlacementError) => each,
        );
        assertQuoted(error.problem.remedies, error.problem.message);
      }
    });

    it(`of a migration that failed between two hosts: ${JSON.stringify(value)}`, () => {
      const context = {
        ...{ domain: value, source: value, destination: value, sourceUser: value },
        ...{ peerUri: `qemu+ssh://${value.replace(/[@/:]/g, "")}@${value.replace(/[@/:]/g, "")}/system` },
      };
      const given = [{}, { peerHostKey: value, rootKey: value }, { rootKey: "" }];
      const counts = stderrCauses.flatMap((cause) =>
        given.map((more) => assertQuoted(cause.remedies({ ...context, ...more }, `x '${value}' y`), cause.code)),
      );
      assert.ok(counts.filter((count) => count > 0).length > 30);
    });
  }

  it("is a check that finds what is not quoted", () => {
    assert.throws(() => assertQuoted([{ do: "x", commands: [{ command: "ssh a;PWN" }] }], "x"));
    assert.throws(() => assertQuoted([{ do: "x", commands: [{ command: 'ssh "a$(PWN)"' }] }], "x"));
  });
});
