/** `node tools/bundle-zod.js DIST`: makes DIST/schema/zod.js one file that needs no other (provider/schema/zod.ts says why). */
const { readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
const { buildSync } = require("esbuild");

const [dist] = process.argv.slice(2);
const licence = readFileSync(join(dirname(require.resolve("zod")), "LICENSE"), "utf8").trim();

buildSync({
  entryPoints: [join(__dirname, "../provider/schema/zod.ts")],
  outfile: join(dist, "schema/zod.js"),
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  minify: true,
  banner: { js: `/* Made of zod, https://zod.dev\n\n${licence}\n*/` },
  logLevel: "warning",
});
