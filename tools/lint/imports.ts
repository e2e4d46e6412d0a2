import { posix } from "node:path";
import ts from "typescript";

/** Text by path from the root of the repository. */
export type Sources = ReadonlyMap<string, string>;
/** What each file imports of the others, by type too. */
export type Imports = ReadonlyMap<string, ReadonlySet<string>>;

export interface Layers {
  /** Which layers of provider/ a layer may use, or which single files of one. */
  layers: Readonly<Record<string, readonly string[]>>;
  /** Which top folders a top folder may use; `except`: directories that the rule leaves alone. */
  folders: Readonly<Record<string, { mayUse: readonly string[]; except?: readonly string[] }>>;
}

export function importsOf(sources: Sources): Imports {
  const host: ts.ModuleResolutionHost = {
    fileExists: (path) => sources.has(path.slice(1)),
    readFile: (path) => sources.get(path.slice(1)),
  };
  // As "node16" resolves the relative paths of CommonJS; paths of packages lead out of the sources.
  const options: ts.CompilerOptions = { moduleResolution: ts.ModuleResolutionKind.Node10 };
  return new Map(
    [...sources].map(([path, text]) => {
      const found = ts
        .preProcessFile(text, true, true)
        .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
        .map(
          ({ fileName }) => ts.resolveModuleName(fileName, `/${path}`, options, host).resolvedModule?.resolvedFileName,
        )
        .filter((resolved) => resolved !== undefined);
      return [path, new Set(found.map((resolved) => resolved.slice(1)))];
    }),
  );
}

/** Each group of files that import each other in a circle. */
export function circles(imports: Imports): string[] {
  const reached = new Map<string, Set<string>>();
  for (const path of imports.keys()) {
    const seen = new Set<string>();
    const left = [...(imports.get(path) ?? [])];
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      left.push(...(imports.get(next) ?? []));
    }
    reached.set(path, seen);
  }
  const groups = [...imports.keys()].map((path) =>
    [...imports.keys()].filter((other) => reached.get(path)!.has(other) && reached.get(other)!.has(path)).sort(),
  );
  return [...new Set(groups.filter((group) => group.length > 0).map((group) => group.join(", ")))].map(
    (group) => `a circle of imports: ${group}`,
  );
}

/** Imports that go against the arrows, however their path is written. */
export function againstArrows(imports: Imports, { layers, folders }: Layers): string[] {
  const allowed = (from: string, to: string): boolean => {
    const [folder, other] = [top(from), top(to)];
    if (folder !== other) {
      const rule = folders[folder];
      return (
        rule === undefined ||
        rule.mayUse.includes(other) ||
        (rule.except ?? []).some((directory) => from.startsWith(`${directory}/`))
      );
    }
    const layer = folder === "provider" ? layerOf(from) : undefined;
    // Above the layers are the files of provider/ itself.
    if (layer === undefined) return true;
    const used = layerOf(to);
    const mayUse = layers[layer] ?? [];
    return (
      used !== undefined &&
      (used === layer || mayUse.includes(used) || mayUse.some((file) => to === `provider/${file}.ts`))
    );
  };
  return [...imports].flatMap(([from, targets]) =>
    [...targets]
      .filter((to) => !allowed(from, to))
      .map((to) => `${from}: imports ${to}, which is not among what it may use`),
  );
}

function top(path: string): string {
  return path.split("/")[0]!;
}

function layerOf(path: string): string | undefined {
  const directory = posix.dirname(path).split("/");
  return directory[1];
}
