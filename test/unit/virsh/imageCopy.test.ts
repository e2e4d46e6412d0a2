import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImageToCopy } from "../../../provider/core/imageCopy";
import {
  changedScript,
  copyFactsScript,
  digestScript,
  leaveImageScript,
  parseCopyFacts,
  placeImageScript,
  prepareScript,
  readBytesScript,
  removeImageScript,
  settleImageScript,
  stopReaderScript,
  transferScript,
} from "../../../provider/virsh/imageCopy";
import { parseChains } from "../../../provider/virsh/backingChain";
import { runScript } from "../../../provider/virsh/runScript";
import type { ShellScript } from "../../../provider/virsh/shellScript";
import { LocalShell } from "../../support/local-shell";

/** Made longer, it ends with a hole. */
function resize(path: string, bytes: number): void {
  closeSync(openSync(path, "a"));
  truncateSync(path, bytes);
}

const peer = { user: undefined, host: "kvm-b", port: undefined };
const MiB = 1024 * 1024;

/** Both hosts are directories of this computer; `ssh` runs what it is given here, with the destination's directory for the source's. */
describe("the scripts that copy images", () => {
  let root: string;
  let shell: LocalShell;
  const name = "it's a disk.img";
  const onSource = () => join(root, "source", name);
  const onDestination = () => join(root, "destination", name);
  const image = (): ImageToCopy => ({ disk: "vda", path: onSource(), destinationPath: onSource(), isBlock: false, bytes: statSync(onSource()).size, allocatedBytes: 2 * MiB, known: false }); // prettier-ignore
  const atDestination = (): ImageToCopy => ({ ...image(), destinationPath: onDestination() });

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "image-copy-"));
    for (const directory of ["source", "destination", "bin"]) mkdirSync(join(root, directory));
    const ssh = join(root, "bin", "ssh");
    writeFileSync(
      ssh,
      `#!/bin/sh\nfor last; do :; done\n{ read -r line; printf '%s\\n' "$line" | sed 's#/source/#/destination/#g; s#/source #/destination #g'; cat; } | sh -c "$last"\n`,
    );
    chmodSync(ssh, 0o755);
    shell = new LocalShell({ env: { ...process.env, PATH: `${join(root, "bin")}:${process.env.PATH}` } });
    // Data, a hole, data, a hole.
    writeFileSync(onSource(), randomBytes(MiB));
    resize(onSource(), 40 * MiB);
    execFileSync("dd", [
      "if=/dev/urandom",
      `of=${onSource()}`,
      "bs=1M",
      "seek=20",
      "count=1",
      "conv=notrunc",
      "status=none",
    ]);
    resize(onSource(), 50 * MiB);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const run = (script: ShellScript) => runScript(shell, script);
  const ok = async (script: ShellScript) => {
    const { code, stdout, stderr } = await run(script);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const beside = (directory: string) =>
    execFileSync("find", [join(root, directory), "-name", ".vm-placement*"], { encoding: "utf8" }).trim();

  async function copy(): Promise<string> {
    const digest = await ok(digestScript(onSource(), image().bytes));
    assert.equal(await ok(prepareScript(atDestination(), digest, undefined)), "");
    await ok(transferScript(image(), peer, undefined));
    assert.match(await ok(placeImageScript(atDestination(), digest)), /^placed \d+$/);
    return digest;
  }

  it("keep content and holes, and leave nothing but what is to be kept", async () => {
    await copy();
    assert.ok(readFileSync(onSource()).equals(readFileSync(onDestination())));
    assert.ok(
      statSync(onDestination()).blocks * 512 < 4 * MiB,
      `${statSync(onDestination()).blocks * 512} bytes are allocated`,
    );
    await ok(settleImageScript(onDestination()));
    assert.equal(beside("source"), "");
    assert.equal(beside("destination"), "");
  });

  it("put an image under another name and directory", async () => {
    const elsewhere = join(root, "destination", "vm's volume.img");
    const to = { ...image(), destinationPath: elsewhere };
    const digest = await ok(digestScript(onSource(), image().bytes));
    await ok(prepareScript(to, digest, undefined));
    await ok(transferScript(to, peer, undefined));
    await ok(placeImageScript(to, digest));
    assert.ok(readFileSync(onSource()).equals(readFileSync(elsewhere)));
    assert.ok(!existsSync(onDestination()));
    await ok(removeImageScript(to, digest, String(statSync(elsewhere).ino)));
    assert.ok(!existsSync(elsewhere) && existsSync(onSource()));
    assert.equal(beside("destination"), "");
  });

  it("reuse what has arrived before, by its checksum", async () => {
    const digest = await copy();
    assert.equal(await ok(prepareScript(atDestination(), digest, undefined)), "reused");
  });

  it("put an empty image aside, and back where the move did not happen", async () => {
    resize(onDestination(), 50 * MiB);
    const digest = await copy();
    const { ino } = statSync(onDestination());
    await ok(removeImageScript(atDestination(), digest, String(ino)));
    assert.equal(statSync(onDestination()).blocks, 0);
    assert.equal(beside("destination"), "");
  });

  it("never replace other content, unless an earlier move has left it there", async () => {
    const other = Buffer.concat([randomBytes(3 * MiB)]);
    writeFileSync(onDestination(), other);
    const digest = await ok(digestScript(onSource(), image().bytes));
    const refused = await run(prepareScript(atDestination(), digest, undefined));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /has different content/);
    assert.ok(readFileSync(onDestination()).equals(other));
    await ok(leaveImageScript(onDestination(), await ok(digestScript(onDestination(), other.length))));
    assert.equal(await ok(prepareScript(atDestination(), digest, undefined)), "");
    // Known from the state of the stack.
    rmSync(join(root, "destination", `.vm-placement-${name}.superseded`));
    assert.equal(await ok(prepareScript({ ...atDestination(), known: true }, digest, undefined)), "");
    assert.ok(readFileSync(onDestination()).equals(other), "it stays until the copy is verified");
  });

  it("refuse a copy that differs, and keep what was there", async () => {
    resize(onDestination(), 50 * MiB);
    const digest = await ok(digestScript(onSource(), image().bytes));
    await ok(prepareScript(atDestination(), digest, undefined));
    await ok(transferScript(image(), peer, undefined));
    const arrived = join(root, "destination", `.vm-placement-${name}.new`, name);
    execFileSync("dd", [
      "if=/dev/urandom",
      `of=${arrived}`,
      "bs=1",
      "seek=5",
      "count=8",
      "conv=notrunc",
      "status=none",
    ]);
    const refused = await run(placeImageScript(atDestination(), digest));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /differs from its original/);
    assert.equal(statSync(onDestination()).blocks, 0);
    assert.equal(beside("destination"), "");
  });

  it("tell how far a copy is, and end it", async () => {
    const digest = await ok(digestScript(onSource(), image().bytes));
    await ok(prepareScript(atDestination(), digest, undefined));
    const running = run(transferScript(image(), peer, 1));
    let read = 0;
    for (let i = 0; i < 100 && read < MiB / 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      read = Number(await ok(readBytesScript(onSource())));
    }
    assert.ok(read >= MiB / 2, `${read} bytes were read`);
    await ok(stopReaderScript(onSource()));
    assert.notEqual((await running).code, 0);
    assert.equal(await ok(readBytesScript(onSource())), "");
    assert.ok(!existsSync(join(root, "source", `.vm-placement-${name}.reader`)));
  });

  it("notice a write while an image was copied", async () => {
    const before = await ok(changedScript(onSource()));
    assert.equal(await ok(changedScript(onSource())), before);
    execFileSync("dd", [
      "if=/dev/urandom",
      `of=${onSource()}`,
      "bs=1",
      "seek=5",
      "count=8",
      "conv=notrunc",
      "status=none",
    ]);
    assert.notEqual(await ok(changedScript(onSource())), before);
  });

  it("tell what a host has", async () => {
    const missing = join(root, "nowhere", "x.img");
    resize(onDestination(), 50 * MiB);
    const facts = parseCopyFacts(await ok(copyFactsScript([onSource(), onDestination(), missing])))!;
    assert.deepEqual(facts.missing, []);
    assert.equal(facts.isRoot, process.getuid!() === 0);
    const { freeBytes, fileSystemId, allocatedBytes, ...rest } = facts.images[onSource()]!;
    assert.ok(freeBytes! > 0 && fileSystemId !== undefined && allocatedBytes! >= 2 * MiB && allocatedBytes! < 4 * MiB);
    assert.deepEqual(rest, { exists: true, isBlock: false, isEmpty: false, superseded: false, directoryExists: true, bytes: 50 * MiB }); // prettier-ignore
    assert.equal(facts.images[onDestination()]!.isEmpty, true);
    assert.deepEqual([facts.images[missing]!.exists, facts.images[missing]!.directoryExists], [false, false]);
    assert.equal(parseCopyFacts("@@ root\nyes\n"), undefined, "an answer that was cut tells nothing");
  });

  it("read backing chains, and nothing from what is no chain", () => {
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64");
    const text = `\n@@ /a\n${encode([{ filename: "/a" }, { filename: "/b c" }])}\n\n@@ /r\n${encode([{ filename: "/r", "backing-filename": "b" }, { filename: "/b" }])}\n\n@@ /f\n${encode(
      [
        { filename: "/f", "backing-filename": "/b" },
        { filename: "/b", format: "raw" },
      ],
    )}\n\n@@ /x\n${encode([{ filename: "nbd://x" }])}\n\n@@ /y\n!!\n\n@@ end\n`;
    assert.deepEqual(parseChains(text), {
      chains: { "/a": ["/a", "/b c"], "/r": ["/r", "/b"], "/f": ["/f", "/b"] },
      relative: ["/r"],
      backing: { "/f": { path: "/b", format: "raw" } },
    });
    assert.equal(parseChains("\n@@ /a\n"), undefined);
  });
});
