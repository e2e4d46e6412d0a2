import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { locate } from "./sdk";

export interface Manifest {
  name?: string;
  version?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  pulumi?: { resource?: boolean; name?: string; version?: string; server?: string };
}

/** The manifests of what a program's own package.json asks for, as far as they are installed. */
export function directDependencies(directory: string): Manifest[] {
  const root = nearestManifest(directory);
  if (root === undefined) return [];
  const { dependencies, devDependencies } = readManifest(root);
  return Object.keys({ ...dependencies, ...devDependencies }).flatMap((name) => {
    const path = installedManifest(name, dirname(root));
    return path === undefined ? [] : [readManifest(path)];
  });
}

/** Packages that say of themselves that they need a provider binary. */
export function requiredProviders(directory: string): { name: string; version: string; server: string }[] {
  return directDependencies(directory).flatMap(({ name = "", version = "", pulumi }) => {
    if (pulumi?.resource !== true) return [];
    const provider = pulumi.name ?? (name.startsWith("@pulumi/") ? name.slice("@pulumi/".length) : undefined);
    if (provider === undefined) return [];
    return [{ name: provider, version: pulumi.version ?? version, server: pulumi.server ?? "" }];
  });
}

function nearestManifest(directory: string): string | undefined {
  const path = join(directory, "package.json");
  if (existsSync(path)) return path;
  return dirname(directory) === directory ? undefined : nearestManifest(dirname(directory));
}

function installedManifest(name: string, directory: string): string | undefined {
  const exported = locate(`${name}/package.json`, directory);
  if (exported !== undefined) return exported;
  // `exports` may hide a package.json, not the directory it lies in.
  const path = join(directory, "node_modules", name, "package.json");
  return existsSync(path) ? path : undefined;
}

function readManifest(path: string): Manifest {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Manifest;
  } catch {
    return {};
  }
}
