import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer, type Socket } from "node:net";
import { readWire } from "../../../provider/ssh/wire";
import { findProgram } from "../../../lab/libvirt/prerequisites";
import { dialling, kvmA } from "../../support/dialling";

const kinds = ["kexalgorithms", "hostkeyalgorithms", "ciphers", "macs"] as const;
type Proposed = Record<(typeof kinds)[number], string[]>;

/** The lists of a client's first packet, behind its greeting. */
function proposedIn(bytes: Buffer): Proposed | undefined {
  const packet = bytes.subarray(bytes.indexOf("\n") + 1);
  return readWire(packet, (reader) => {
    reader.uint32();
    // padding length, message number, cookie
    reader.bytesOf(18);
    const lists = Array.from({ length: 6 }, () => reader.text().split(","));
    const [kexalgorithms, hostkeyalgorithms, ciphers, , macs] = lists as [
      string[],
      string[],
      string[],
      string[],
      string[],
    ];
    return { kexalgorithms, hostkeyalgorithms, ciphers, macs };
  });
}

describe("ssh: what is proposed to a host", () => {
  const { home, write, closeLater, refusal } = dialling();

  async function proposed(config: string): Promise<Proposed> {
    write(".ssh/config", config);
    let bytes = Buffer.alloc(0);
    let found: Proposed | undefined;
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on("error", () => {}));
      socket.write("SSH-2.0-none\r\n");
      socket.on("data", (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk]);
        if (bytes.includes("\n")) found = proposedIn(bytes);
        if (found) socket.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closeLater(() => {
      sockets.forEach((socket) => socket.destroy());
      return new Promise((resolve) => server.close(resolve));
    });
    await refusal(kvmA(server.address() as { port: number }, { agent: false }));
    assert.ok(found);
    // Not a method of key exchange: what the client can do besides.
    const kexalgorithms = found.kexalgorithms.filter((name) => !/^(ext-info|kex-strict)-c/.test(name));
    return { ...found, kexalgorithms };
  }

  it("is this by default: no SHA-1 in a signature or a key exchange", async () => {
    assert.deepEqual(await proposed(""), {
      kexalgorithms: [
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group-exchange-sha256",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512",
        "diffie-hellman-group14-sha256",
      ],
      hostkeyalgorithms: [
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "rsa-sha2-512",
        "rsa-sha2-256",
      ],
      ciphers: [
        "chacha20-poly1305@openssh.com",
        "aes128-ctr",
        "aes192-ctr",
        "aes256-ctr",
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
      ],
      macs: [
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-512-etm@openssh.com",
        "hmac-sha1-etm@openssh.com",
        "hmac-sha2-256",
        "hmac-sha2-512",
        "hmac-sha1",
      ],
    });
  });

  const configs = [
    "",
    "KexAlgorithms +diffie-hellman-group14-sha1\nCiphers -chacha20*\nMACs ^hmac-sha2-512\n",
    "KexAlgorithms ecdh-sha2-nistp256,curve25519-sha256\nCiphers aes256-cbc,aes256-ctr\nMACs hmac-sha1-96,hmac-md5\n",
    "HostKeyAlgorithms rsa-sha2-*,ssh-ed25519\nCiphers +3des-cbc\nMACs -*-etm@openssh.com\n",
  ];
  for (const config of configs) {
    it(`is no more than the installed ssh proposes, in its order: ${JSON.stringify(config)}`, async function () {
      if (findProgram("ssh") === undefined) {
        console.log("not compared with ssh: ssh is not installed");
        this.skip();
      }
      const ours = await proposed(config);
      const lines = execFileSync("ssh", ["-G", "-F", `${home()}/.ssh/config`, "kvm-a"], { encoding: "utf8" }).split(
        "\n",
      );
      for (const kind of kinds) {
        const theirs = lines
          .find((line) => line.startsWith(`${kind} `))!
          .split(" ")[1]!
          .split(",");
        assert.deepEqual(
          ours[kind],
          theirs.filter((name) => ours[kind].includes(name)),
          kind,
        );
        assert.ok(
          ours[kind].every((name) => theirs.includes(name)),
          kind,
        );
      }
    });
  }

  it("is refused by the name of the keyword where nothing is left", async () => {
    for (const line of ["KexAlgorithms ecdh-*", "Ciphers nonsense", "MACs umac-64@openssh.com"]) {
      write(".ssh/config", `${line}\n`);
      const error = await refusal(kvmA({ port: 1 }));
      assert.equal(error.code, "invalidInput");
      assert.ok(error.problem.message.includes(line), error.problem.message);
    }
  });
});
