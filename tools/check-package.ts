/** Checks what `npm pack` would publish: that it is whole, that every way of importing it finds types and code, and that all of it is documented. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const directory = mkdtempSync(join(tmpdir(), "vm-placement-package-"));
try {
  const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", directory], {
    encoding: "utf8",
  });
  const tarball = join(directory, (JSON.parse(packed) as { filename: string }[])[0]!.filename);
  const bin = (name: string) => join("node_modules/.bin", name);
  execFileSync(bin("publint"), ["run", tarball, "--strict"], { stdio: "inherit" });
  execFileSync(bin("attw"), [tarball, "--format", "ascii", "--no-emoji"], { stdio: "inherit" });
  execFileSync(bin("typedoc"), ["--emit", "none"], { stdio: "inherit" });
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
