/**
 * `node tools/bundle.js DIST`: makes three files of what the provider process loads, since loading modules one by one is most of what a short
 * run costs: `handlers.js`, `handlers-late.js` with what is loaded by a `require`, and `handlers-shared.js` with what both need. And one of
 * what is used of zod, for the command line. See docs/adr/0013-few-files-for-the-provider-process.md.
 */
const { readFileSync, writeFileSync } = require("node:fs");
const { dirname, join, relative } = require("node:path");
const { build, transform } = require("esbuild");

const [dist] = process.argv.slice(2);
const root = join(__dirname, "..");
const provider = join(root, "provider");
const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const packages = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => name !== "zod");
const licence = readFileSync(join(dirname(require.resolve("zod")), "LICENSE"), "utf8").trim();

const common = {
  platform: "node",
  target: "node20",
  // Names stay: a stack trace in a bug report is read by people.
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: "warning",
};
const bundled = {
  ...common,
  bundle: true,
  outdir: dist,
  outbase: provider,
  external: packages.flatMap((name) => [name, `${name}/*`]),
  tsconfigRaw: {},
};
const format = "cjs";
const banner = `/* With parts of zod, https://zod.dev\n\n${licence}\n*/`;

const lateFile = "handlers-late";
const exportedAs = (path) => relative(provider, path).replace(/\W+/g, "_");

/** A `require` of one of our modules becomes one of `handlers-late.js`, which exports each of them. @param modules are added to. */
const requiredLate = (modules) => ({
  name: "required-late",
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^\./ }, async ({ kind, path, pluginData, importer, resolveDir }) => {
      if (kind !== "require-call" || pluginData === requiredLate) return undefined;
      const found = await resolve(path, { kind, importer, resolveDir, pluginData: requiredLate });
      if (found.errors.length > 0) return found;
      modules.add(found.path);
      return { path: found.path, namespace: "required-late" };
    });
    onLoad({ filter: /.*/, namespace: "required-late" }, ({ path }) => ({
      contents: `module.exports = require("late").${exportedAs(path)};`,
    }));
    onResolve({ filter: /^late$/ }, ({ kind }) =>
      kind === "entry-point" ? { path: "late", namespace: "late" } : { path: `./${lateFile}.js`, external: true },
    );
    onLoad({ filter: /.*/, namespace: "late" }, () => ({
      contents: [...modules].map((path) => `export * as ${exportedAs(path)} from ${JSON.stringify(path)};`).join("\n"),
      resolveDir: provider,
    }));
  },
});

async function bundleHandlers() {
  const handlers = join(provider, "handlers.ts");
  const modules = new Set();
  const plugins = [requiredLate(modules)];
  await build({ ...bundled, entryPoints: [handlers], format: "esm", plugins, write: false });
  // Only ES modules can be split.
  const { outputFiles } = await build({
    ...bundled,
    entryPoints: { handlers, [lateFile]: "late" },
    format: "esm",
    splitting: true,
    chunkNames: "handlers-shared",
    plugins,
    write: false,
  });
  for (const { path, text } of outputFiles)
    writeFileSync(path, (await transform(text, { ...common, format, banner })).code);
}

async function main() {
  await bundleHandlers();
  await build({ ...bundled, format, banner: { js: banner }, entryPoints: [join(provider, "schema/zod.ts")] });
}

void main();
