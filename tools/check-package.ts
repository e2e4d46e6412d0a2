/** Checks what `npm pack` would publish: that it holds each file and no other, that installing it runs no script, that its dependencies' licences are allowed, that every way of importing it finds types and code, and that all of it is documented. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileFaults, installFaults, licenceFaults, productionPackages, sourcesIn } from "./package-contents";

const directory = mkdtempSync(join(tmpdir(), "vm-placement-package-"));
try {
  const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", directory], {
    encoding: "utf8",
  });
  const { filename, files } = (JSON.parse(packed) as { filename: string; files: { path: string }[] }[])[0]!;
  const tarball = join(directory, filename);
  const paths = files.map(({ path }) => path);
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  const faults = [
    ...fileFaults(paths, sourcesIn("provider")),
    ...installFaults(scripts, paths),
    ...licenceFaults(productionPackages(process.cwd())),
  ];
  if (faults.length > 0) throw new Error(faults.join("\n"));
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
