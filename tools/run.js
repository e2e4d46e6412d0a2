/**
 * `node tools/run FILE.ts [ARGS…]`: runs a TypeScript file of this repository. In a fresh clone it gets the npm packages first, so that
 * every command of the README works without a step before it.
 */
const { spawnSync } = require("node:child_process");
const { existsSync, readFileSync } = require("node:fs");
const { join, resolve } = require("node:path");

const root = join(__dirname, "..");
const [file, ...args] = process.argv.slice(2);

const oldest = 20;
if (Number(process.versions.node.split(".")[0]) < oldest) {
  console.error(`Node.js ${oldest} or later is needed; this is ${process.version}.`);
  process.exit(1);
}

if (!installedAsLocked()) {
  console.error("installing npm packages (npm ci; once, about half a minute)");
  // npm's own report goes to standard error: standard output is the command's.
  const { status } = spawnSync("npm", ["ci"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) {
    console.error("npm ci failed: see above. It needs npm and a package registry.");
    process.exit(1);
  }
}

process.chdir(root);
// ts-node's own cache would stay behind in the temporary directory.
process.env["DISABLE_V8_COMPILE_CACHE"] ??= "1";
require(join(root, "node_modules/ts-node")).register({ transpileOnly: true });
process.argv.splice(1, process.argv.length - 1, resolve(root, file), ...args);
require(resolve(root, file));

/** npm notes what it installed; where that is not what the lock file asks for, a pull brought something new. */
function installedAsLocked() {
  const note = join(root, "node_modules/.package-lock.json");
  if (!existsSync(note) || !existsSync(join(root, "dist/handlers.js"))) return false;
  const packages = (path) => JSON.parse(readFileSync(path, "utf8")).packages;
  const installed = packages(note);
  return Object.entries(packages(join(root, "package-lock.json"))).every(
    ([path, { version, optional, link }]) => path === "" || optional || link || installed[path]?.version === version,
  );
}
