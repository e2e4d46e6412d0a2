/**
 * `node tools/bundle.js DIST`: makes one file of what the provider process loads, and one of what is used of zod. Loading modules one by one
 * is most of what a short run costs (docs/adr/0013-one-file-for-the-provider-process.md).
 */
const { readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
const { buildSync } = require("esbuild");

const [dist] = process.argv.slice(2);
const root = join(__dirname, "..");
const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const required = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => name !== "zod");
const licence = readFileSync(join(dirname(require.resolve("zod")), "LICENSE"), "utf8").trim();

buildSync({
  entryPoints: ["handlers", "schema/zod"].map((name) => join(root, "provider", `${name}.ts`)),
  outdir: dist,
  outbase: join(root, "provider"),
  bundle: true,
  external: required.flatMap((name) => [name, `${name}/*`]),
  platform: "node",
  target: "node20",
  format: "cjs",
  // Names stay: a stack trace in a bug report is read by people.
  minifySyntax: true,
  minifyWhitespace: true,
  tsconfigRaw: {},
  banner: { js: `/* With parts of zod, https://zod.dev\n\n${licence}\n*/` },
  logLevel: "warning",
});
