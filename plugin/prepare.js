/**
 * Runs when Pulumi installs the dependencies of this plugin. In a checkout of the repository (`pulumi package add` with a git
 * address) it builds the provider; the npm package has it built.
 */
const { execFileSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { join } = require("node:path");

if (!existsSync(join(__dirname, "../dist/server.js"))) {
  execFileSync("npm", ["ci", "--include=dev"], { cwd: join(__dirname, ".."), stdio: "inherit" });
}
