import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createImageScript,
  leftElsewhereScript,
  parseLeftElsewhere,
  removeCreatedScript,
  settleCreatedScript,
} from "../../../provider/virsh/createImage";
import type { ShellScript } from "../../../provider/virsh/shellScript";
import { runScript } from "../../../provider/virsh/runScript";
import { LocalShell } from "../../support/local-shell";

const uuid = "5c1e2f0a-6d0b-4f8e-9a37-0c1d2e3f4a5b";

describe("an image that an interrupted run has created on a host that the VM is not on", () => {
  let root: string;
  const image = () => join(root, "data.img");
  const mark = (of = uuid) =>
    writeFileSync(join(root, ".vm-placement-data.img.created"), `${statSync(image()).ino} ${of}\n`);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "left-"));
    mkdirSync(join(root, "bin"));
    disks("");
    writeFileSync(image(), Buffer.alloc(4 * 2 ** 20, 1));
    mark();
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  /** What the other domains of the host have. */
  function disks(names: string): void {
    const virsh = join(root, "bin", "virsh");
    writeFileSync(
      virsh,
      `#!/bin/sh\ncase "$*" in *list*--uuid) echo one ;; *domblklist*) echo ' vda ${names}' ;; esac\n`,
    );
    chmodSync(virsh, 0o755);
  }

  const line = (text: string, secondsAgo: number) =>
    `${new Date(Date.now() - secondsAgo * 1000).toISOString().slice(0, -1).replace("T", " ")}+0000: ${text}`;
  /** A life of its QEMU there, that began and ended so many seconds after the image was created. */
  const life = (end: string, after = 60) => [
    line("starting up libvirt version: 9.0.0", -after),
    "LC_ALL=C \\\n-incoming defer",
    line(`shutting down, reason=${end}`, -after - 5),
  ];

  const list = () => join(root, "lists", "created");
  async function run(script: ShellScript): Promise<string> {
    const shell = new LocalShell({ env: { ...process.env, PATH: `${join(root, "bin")}:${process.env["PATH"]}` } });
    const { code, stdout, stderr } = await runScript(shell, script);
    assert.equal(code, 0, stderr);
    return stdout;
  }
  async function found(log: string[] = [], paths = [image(), join(root, "other")]) {
    writeFileSync(join(root, "log"), `${log.join("\n")}\n`);
    return parseLeftElsewhere(await run(leftElsewhereScript(paths, uuid, join(root, "log"), list())));
  }
  const left = (isUnused: boolean) => [{ path: image(), inode: String(statSync(image()).ino), isUnused }];

  it("is unused where each migration since then has failed", async () => {
    assert.deepEqual(await found([...life("destroyed", -3600), ...life("failed"), ...life("failed", 90)]), left(true));
  });

  for (const [title, log] of [
    ["the VM came, and was shut down there", life("shutdown")],
    ["the VM came, and went on", life("migrated")],
    ["the VM came and went before another migration failed", [...life("migrated"), ...life("failed", 90)]],
    ["its end is not known: the host lost its power", [...life("failed"), line("starting up libvirt version: 9.0.0", -90)]], // prettier-ignore
    ["the log is of an earlier time", life("failed", -3600)],
    ["there is no log", []],
  ] as const)
    it(`may be in use where ${title}`, async () => assert.deepEqual(await found([...log]), left(false)));

  it("is unused where nothing was ever written to it", async () => {
    writeFileSync(image(), "");
    mark();
    assert.deepEqual(await found(), left(true));
  });

  it("may be in use where a domain has a disk of that name", async () => {
    disks("/elsewhere/data.img");
    assert.deepEqual(await found(life("failed")), left(false));
  });

  for (const [question, answered] of [
    ["list", "*domblklist*) echo ' vda /x'"],
    ["domblklist", "*list*--uuid) echo one"],
  ] as const)
    it(`may be in use where ${question} is not answered`, async () => {
      writeFileSync(join(root, "bin", "virsh"), `#!/bin/sh\ncase "$*" in ${answered} ;; *) exit 1 ;; esac\n`);
      assert.deepEqual(await found(life("failed")), left(false));
    });

  describe("for another mapping", () => {
    const place = (name: string) => join(root, name);
    const create = (name: string) =>
      run(
        createImageScript(
          { disk: "vda", path: place(name), format: "raw", virtualSizeBytes: 2 ** 20, backing: undefined },
          uuid,
          undefined,
          list(),
        ),
      );
    const inode = (name: string) => String(statSync(place(name)).ino);

    it("is found by the host's list, also of a name with spaces, beside those at the paths of today", async () => {
      await create("of another site.img");
      assert.deepEqual(await found(life("failed")), [
        ...left(true),
        { path: place("of another site.img"), inode: inode("of another site.img"), isUnused: true },
      ]);
      disks("/elsewhere/of another site.img");
      assert.deepEqual(
        (await found(life("failed"), [])).map(({ isUnused }) => isUnused),
        [false],
      );
    });

    it("is on the list until it is removed, or the VM's own", async () => {
      await create("one.img");
      await create("two.img");
      assert.equal(readFileSync(list(), "utf8"), `${place("one.img")}\n${place("two.img")}\n`);
      await run(
        removeCreatedScript({ path: place("one.img"), inode: inode("one.img"), pool: undefined }, uuid, list()),
      );
      assert.ok(!existsSync(place("one.img")));
      assert.equal(readFileSync(list(), "utf8"), `${place("two.img")}\n`);
      await run(settleCreatedScript([place("two.img")], uuid, list()));
      assert.ok(existsSync(place("two.img")) && !existsSync(join(root, "lists")));
    });

    it("is created where no list can be kept", async () => {
      writeFileSync(join(root, "lists"), "");
      await create("one.img");
      assert.deepEqual(await found(life("failed"), []), []);
      assert.equal((await found(life("failed"), [place("one.img")])).length, 1);
    });
  });

  it("is none of its own where the mark is another VM's, or another file is there now", async () => {
    mark("5c1e2f0a-0000-4f8e-9a37-0c1d2e3f4a5b");
    assert.deepEqual(await found(life("failed")), []);
    writeFileSync(join(root, ".vm-placement-data.img.created"), `1 ${uuid}\n`);
    assert.deepEqual(await found(life("failed")), []);
  });
});
