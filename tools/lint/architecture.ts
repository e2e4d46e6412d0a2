/** What ESLint does not see: circles, arrows through any path, who reads libvirt's reasons, words, docstrings, unit tests of no module, files and functions that are too long. Part of `npm run lint`. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { againstArrows, circles, importsOf } from "./imports";
import { withoutSubject } from "./mirror";
import { tooLong } from "./size";
import { comparedReasons, undocumentedFields } from "./source";
import { bannedWords } from "./words";
import layers from "./layers.json";

/** The banned words stand there because they are what it is about. */
const aboutWords = /^(docs\/style\.md|tools\/lint\/words\.ts|test\/unit\/tools\/lint\/)/;
const documented = [
  "provider/core/args.ts",
  "provider/core/model.ts",
  "provider/resource.ts",
  "provider/fleet/model.ts",
  "provider/fleet/plan.ts",
];

function main(): number {
  // Those not yet added too, as ESLint and prettier check them.
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", "*.md"], {
    encoding: "utf8",
  });
  const files = listed.split("\n").filter((path) => path !== "" && existsSync(path));
  const read = new Map(files.map((path) => [path, readFileSync(path, "utf8")]));
  const code = new Map([...read].filter(([path]) => /^(provider|lab|tools|test|examples)\/.*\.ts$/.test(path)));
  const imports = importsOf(code);
  const faults = [
    ...circles(new Map([...imports].filter(([path]) => /^(provider|lab|tools)\//.test(path)))),
    ...againstArrows(imports, layers),
    ...[...code]
      .filter(([path]) => path.startsWith("provider/") && path !== "provider/core/situation.ts")
      .flatMap(([path, text]) => comparedReasons(path, text)),
    ...[...read]
      .filter(([path]) => path !== "CHANGELOG.md" && !aboutWords.test(path))
      .flatMap(([path, text]) => bannedWords(path, text)),
    ...[...code]
      .filter(([path]) => /^(provider|lab|tools)\//.test(path))
      .flatMap(([path, text]) => tooLong(path, text)),
    ...withoutSubject(read.keys()),
    ...documented.flatMap((path) => undocumentedFields(path, read.get(path)!)),
  ];
  for (const fault of faults) console.error(fault);
  return faults.length > 0 ? 1 : 0;
}

process.exitCode = main();
