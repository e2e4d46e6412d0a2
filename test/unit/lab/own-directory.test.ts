import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureOwnDirectory, whoElseWrites } from "../../../lab/own-directory";
import { cacheDirectory } from "../../../lab/pulumi/cache";
import { ensurePulumi } from "../../../lab/pulumi";

const nobody = 65534;

describe("a directory of one's own", () => {
  let top: string;
  beforeEach(() => (top = mkdtempSync(join(tmpdir(), "own-"))));
  afterEach(() => rmSync(top, { recursive: true, force: true }));
  const make = (name: string, mode = 0o755) => {
    const path = join(top, name);
    mkdirSync(path, { recursive: true });
    chmodSync(path, mode);
    return path;
  };

  it("is made where it is not there, closed to all others, below the temporary directory too", () => {
    const path = ensureOwnDirectory(join(top, "a/b"));
    assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.equal(statSync(join(top, "a")).mode & 0o777, 0o700);
    assert.equal(whoElseWrites(path), undefined);
  });

  it("is closed where it was open to be read", () => {
    assert.equal(statSync(ensureOwnDirectory(make("read"))).mode & 0o777, 0o700);
  });

  for (const mode of [0o777, 0o775, 0o1777, 0o1775]) {
    it(`is none with mode ${mode.toString(8)}`, () => {
      const path = make("it", mode);
      assert.match(whoElseWrites(path)!, /it can be written by others/);
      assert.throws(() => ensureOwnDirectory(path), /is not used, because another account .* XDG_CACHE_HOME/s);
      assert.equal(statSync(path).mode & 0o7777, mode, "it is left as it was found");
    });
  }

  it("is none below a directory that others write, but below one like /tmp", () => {
    make("open/it");
    chmodSync(join(top, "open"), 0o777);
    assert.match(whoElseWrites(join(top, "open/it"))!, /open can be written by others/);
    assert.match(whoElseWrites(join(top, "open/not/yet"))!, /open can be written by others/);
    chmodSync(join(top, "open"), 0o1777);
    assert.equal(whoElseWrites(join(top, "open/it")), undefined);
  });

  it("is none behind a link to where others write", () => {
    make("open", 0o777);
    symlinkSync(join(top, "open"), join(top, "link"));
    assert.match(whoElseWrites(join(top, "link/it"))!, /open can be written by others/);
  });

  it("is none of another account, nor behind its link", function () {
    if (process.getuid?.() !== 0) this.skip();
    const theirs = make("theirs");
    chownSync(theirs, nobody, nobody);
    assert.match(whoElseWrites(theirs)!, /belongs to the account 65534/);
    assert.match(whoElseWrites(join(theirs, "below"))!, /theirs belongs to the account 65534/);
    symlinkSync(make("mine"), join(top, "link"));
    lchownSync(join(top, "link"), nobody, nobody);
    assert.match(whoElseWrites(join(top, "link/it"))!, /link belongs to the account 65534/);
  });

  it("holds the CLI: a program that was planted is not run", async () => {
    const ran = join(top, "ran");
    for (const [mode, where] of [
      [0o777, "pulumi-vm-placement"],
      [0o777, ""],
      [0o777, "version"],
      [0o777, "official/bin"],
    ] as const) {
      const env = {
        ...process.env,
        PATH: "/usr/bin:/bin",
        XDG_CACHE_HOME: join(top, `cache-${where.replaceAll("/", "-")}`),
      };
      const cache = cacheDirectory(env);
      mkdirSync(join(cache, "official/bin"), { recursive: true });
      writeFileSync(join(cache, "official/bin/pulumi"), `#!/bin/sh\ntouch ${ran}\n`, { mode: 0o755 });
      const opened =
        where === "version" ? cache : where === "official/bin" ? join(cache, where) : join(env.XDG_CACHE_HOME, where);
      chmodSync(opened, mode);
      await assert.rejects(
        ensurePulumi({ env }).then(({ bin }) => spawnSync(bin, ["version"])),
        /is not used, because another account could have put something there/,
      );
      assert.equal(existsSync(ran), false);
    }
  });
});
