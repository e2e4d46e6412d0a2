/** Of nothing that one file holds: what the whole provider, or a directory of examples, keeps to. */
const ofNoFile: ReadonlySet<string> = new Set([
  "test/unit/hostile-texts.test.ts",
  "test/unit/linear.test.ts",
  "test/unit/types.test.ts",
  "test/unit/tools/examples.test.ts",
  "test/unit/tools/github.test.ts",
  "test/unit/ssh/as-strict-as-ssh.test.ts",
  "test/unit/ssh/golden.test.ts",
]);

/** Unit tests whose path is not that of a file or directory of modules: `test/unit/<path>/<name>[.<aspect>].test.ts`. */
export function withoutSubject(paths: Iterable<string>): string[] {
  const all = new Set(paths);
  return [...all].flatMap((path) => {
    const [, place, aspect = ""] = /^test\/unit\/(.+?\/?[^/.]+)(\.[^/]+)?\.test\.ts$/.exec(path) ?? [];
    if (place === undefined || ofNoFile.has(path)) return [];
    const module = /^(lab|tools)\//.test(place) ? place : `provider/${place}`;
    if (all.has(`${module}.ts`) || all.has(`${module}/index.ts`)) return [];
    return [`${path}: there is no ${module}.ts; name it <module>${aspect || ".<aspect>"}.test.ts`];
  });
}
