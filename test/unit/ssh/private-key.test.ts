import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { publicHalf, type ReadKey, readPrivateKey, readPrivateKeyFile } from "../../../provider/ssh/private-key";
import { makeKey } from "../../../lab/simulated/ssh";

/** Texts of field cases: an OpenSSH private key cut right behind its magic, and in the name of its key derivation. */
const cutKeys = ["b3BlbnNzaC1rZXktdjEA", "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABC"];

const armoured = (base64: string) =>
  `-----BEGIN OPENSSH PRIVATE KEY-----\n${base64}\n-----END OPENSSH PRIVATE KEY-----\n`;

function problemOf(read: ReadKey): string {
  assert.ok("message" in read, "it was taken for a key");
  assert.ok(!/\n {4}at /.test(read.message), "a stack");
  return read.message;
}

describe("a private key's text", () => {
  const passphrase = "correct horse";
  const pem = (type: "pkcs1" | "sec1") =>
    type === "pkcs1"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type, format: "pem" })
      : generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey.export({ type, format: "pem" });
  let whole: { text: string; passphrase?: string }[];
  before(() => {
    whole = [
      { text: makeKey().private },
      { text: makeKey("ecdsa").private },
      { text: makeKey("rsa").private },
      { text: makeKey("ed25519", passphrase).private, passphrase },
      { text: String(pem("pkcs1")) },
      { text: String(pem("sec1")) },
    ];
  });

  it("that is whole is read", () => {
    for (const each of whole) assert.ok("key" in readPrivateKey(each.text, each.passphrase));
  });

  it("that was opened is not opened again, and by no other passphrase", () => {
    const locked = whole[3]!;
    assert.equal(readPrivateKey(locked.text, passphrase), readPrivateKey(locked.text, passphrase));
    assert.ok("problem" in readPrivateKey(locked.text, `${passphrase}r`));
    assert.ok("problem" in readPrivateKey(locked.text, undefined));
  });

  for (const [index, base64] of cutKeys.entries()) {
    it(`that was cut is called incomplete (field case ${index + 1}), with and without a passphrase`, () => {
      for (const secret of [undefined, passphrase]) {
        assert.match(problemOf(readPrivateKey(armoured(base64), secret)), /incomplete or damaged/);
      }
      assert.equal(publicHalf(armoured(base64), undefined), undefined);
    });
  }

  it("that was cut anywhere is refused in words, not with a stack", () => {
    for (const each of whole) {
      for (let length = 0; length < each.text.trimEnd().length - 1; length += 7) {
        const text = each.text.slice(0, length);
        for (const secret of [undefined, passphrase]) problemOf(readPrivateKey(text, secret));
        publicHalf(text, undefined);
        // Cut, and closed as a careful editor would.
        const lines = each.text.trimEnd().split("\n");
        if (length < lines.length - 2)
          problemOf(readPrivateKey([...lines.slice(0, length + 1), lines.at(-1)].join("\n"), each.passphrase));
      }
    }
  });

  it("with changed bits is refused in words, or still is the same key", () => {
    const [ed, , , locked] = whole as [{ text: string }, unknown, unknown, { text: string }];
    for (const { text } of [ed, locked]) {
      const lines = text.trimEnd().split("\n");
      const body = Buffer.from(lines.slice(1, -1).join(""), "base64");
      const original = publicHalf(text, undefined)!;
      for (let at = 0; at < body.length; at++) {
        const changed = Buffer.from(body);
        changed[at]! ^= 1 << (at % 8);
        const read = readPrivateKey(armoured(changed.toString("base64")), at % 16 === 0 ? passphrase : undefined);
        if ("key" in read) assert.deepEqual(read.key.getPublicSSH(), original);
        else problemOf(read);
        publicHalf(armoured(changed.toString("base64")), undefined);
      }
    }
  });

  it("of any other kind is refused in words", () => {
    const others = [
      "",
      "\0",
      "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 2\nAAAA\nAAAA\nPrivate-Lines: 1\nAAAA\nPrivate-MAC: 00\n",
      "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: aes256-cbc\nComment: x\nPublic-Lines: 1\nAAAA\nPrivate-Lines: 1\nAAAA\nPrivate-MAC: 00\n",
      "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAAAA\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
      "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----",
      "-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----",
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-999-XYZ,0\n\nAAAA\n-----END RSA PRIVATE KEY-----",
      `-----BEGIN RSA PRIVATE KEY-----\n${"a: b\n".repeat(10_000)}`,
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${"A".repeat(200_000)}`,
      "-----BEGIN OPENSSH PRIVATE KEY-----\n".repeat(1500),
      whole[0]!.text.replace(/\n/g, " "),
    ];
    const start = Date.now();
    for (const text of others) for (const secret of [undefined, passphrase]) problemOf(readPrivateKey(text, secret));
    assert.ok(Date.now() - start < 2000, "linear");
  });

  it("of random bytes is refused in words (2,000 texts, armoured or not)", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), fc.boolean(), (bytes, magic, bare) => {
        const body = Buffer.concat([Buffer.from(magic ? "openssh-key-v1\0" : ""), bytes]);
        const text = bare ? body.toString("latin1") : armoured(body.toString("base64"));
        problemOf(readPrivateKey(text, passphrase));
        publicHalf(text, undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it("that would take minutes to open is refused before that", () => {
    const lines = whole[3]!.text.trimEnd().split("\n");
    const body = Buffer.from(lines.slice(1, -1).join(""), "base64");
    // magic, "aes256-ctr", "bcrypt", length of the options, length of the salt, salt, rounds
    const rounds = 15 + 4 + 10 + 4 + 6 + 4 + 4 + 16;
    assert.equal(body.readUInt32BE(rounds), 4);
    body.writeUInt32BE(4_000_000_000, rounds);
    assert.match(problemOf(readPrivateKey(armoured(body.toString("base64")), passphrase)), /takes 4000000000 rounds/);
  });

  it("is not read from what is no file, or is far too long", () => {
    const directory = mkdtempSync(join(tmpdir(), "key-"));
    writeFileSync(join(directory, "long"), "x".repeat(100_000));
    assert.match(problemOf(readPrivateKeyFile(join(directory, "long"), undefined)), /longer than any private key/);
    assert.match(problemOf(readPrivateKeyFile("/dev/zero", undefined)), /not a file/);
    rmSync(directory, { recursive: true });
  });
});
