/** What the published package holds, file by file, and what it makes its users install: nothing gets in or out of either unseen. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Beside one .js and one .d.ts for each source file. */
const otherFiles = [
  ...["CHANGELOG.md", "LICENSE", "README.md", "package.json", "placements.schema.json", "schema.json"],
  ...["dist/handlers-late.js", "dist/handlers-shared.js"],
  ...["plugin/PulumiPlugin.yaml", "plugin/index.js", "plugin/package.json", "plugin/prepare.js"],
  ...["Pulumi.yaml", "README.md", "index.ts", "package.json", "tsconfig.json"].map((file) => `templates/vm-placement-typescript/${file}`), // prettier-ignore
  ...["Pulumi.yaml", "README.md", "package.json", "plugin/pulumi-resource-vm-placement"].map(
    (file) => `templates/vm-placement-yaml/${file}`,
  ),
  ...["Pulumi.yaml", "README.md", "__main__.py", "package.json", "requirements.txt"].map((file) => `templates/vm-placement-python/${file}`), // prettier-ignore
];

const allowedLicences = new Set([
  "Apache-2.0",
  "MIT",
  "ISC",
  "BSD-3-Clause",
  "Unlicense",
  // google-protobuf: the first for its code, the second for its assertions.
  "(BSD-3-Clause AND Apache-2.0)",
]);

/** Their releases have no licence file; the licence stands in package.json. */
const withoutLicenceFile = new Set(["saxes"]);

/** @param packed the paths in the tarball. @param sources the paths of provider/, relative to it. */
export function fileFaults(packed: readonly string[], sources: readonly string[]): string[] {
  const expected = new Set([
    ...otherFiles,
    ...sources.flatMap((path) => [".js", ".d.ts"].map((ending) => `dist/${path.replace(/\.ts$/, ending)}`)),
  ]);
  const present = new Set(packed);
  return [
    ...packed.filter((path) => !expected.has(path)).map((path) => `${path} is in the package and should not be`),
    ...[...expected].filter((path) => !present.has(path)).map((path) => `${path} is not in the package`),
  ];
}

/** What npm would run on the computer of a user, who may have set `ignore-scripts`: nothing. `prepare` runs in a git checkout only. */
const installScripts = ["preinstall", "install", "postinstall"];

/** @param scripts those of package.json. @param packed the paths in the tarball: with binding.gyp npm would run node-gyp. */
export function installFaults(scripts: Readonly<Record<string, string>>, packed: readonly string[]): string[] {
  return [
    ...installScripts.filter((name) => name in scripts).map((name) => `package.json has the script ${name}`),
    ...packed.filter((path) => path === "binding.gyp").map((path) => `${path} makes npm build at installation`),
  ];
}

interface Installed {
  name: string;
  licence: string | undefined;
  hasFile: boolean;
}

export function licenceFaults(installed: readonly Installed[]): string[] {
  return installed.flatMap(({ name, licence, hasFile }) => [
    ...(licence !== undefined && allowedLicences.has(licence)
      ? []
      : [`the licence of ${name} is not on the list: ${licence ?? "none named"}`]),
    ...(hasFile || withoutLicenceFile.has(name) ? [] : [`${name} has no licence file`]),
  ]);
}

/** What `npm install pulumi-vm-placement` brings along: the production part of package-lock.json. */
export function productionPackages(root: string): Installed[] {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; peer?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev, devOptional, peer }]) => path !== "" && !dev && !devOptional && !peer)
    .map(([path]) => join(root, path))
    .filter((directory) => existsSync(directory))
    .map((directory) => {
      const { name, license, licenses } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
        name: string;
        license?: string;
        licenses?: { type: string }[];
      };
      const hasFile = readdirSync(directory).some((file) => /^(licen[cs]e|copying)/i.test(file));
      return { name, licence: license ?? licenses?.[0]?.type, hasFile };
    });
}

export function sourcesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
}
