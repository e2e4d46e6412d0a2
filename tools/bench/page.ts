/** docs/performance.md: a part for each section, which a run of that section replaces. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { cells, type Result } from "./result";

const root = join(__dirname, "../..");
const page = join(root, "docs/performance.md");

export function writePage(section: string, results: readonly Result[]): void {
  const before = existsSync(page) ? readFileSync(page, "utf8") : "";
  writeFileSync(page, withPart(before, section, partOf(section, results, measuredOn())));
}

/** The page with that section's part replaced, or added at its end. */
function withPart(text: string, section: string, part: string): string {
  const [begin, end] = [`<!-- bench ${section} -->`, `<!-- end of bench ${section} -->`];
  const whole = `${begin}\n\n${part}\n\n${end}`;
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) return `${text.trimEnd()}\n\n${whole}\n`;
  return text.slice(0, from) + whole + text.slice(to + end.length);
}

function partOf(section: string, results: readonly Result[], where: string): string {
  const [header, ...rows] = cells(results);
  const line = (each: readonly string[]) => `| ${each.join(" | ")} |`;
  const table = [line(header!), line(header!.map(() => "---")), ...rows.map(line)].join("\n");
  return `### ${section}\n\n\`npm run bench -- ${section}\`, ${where}\n\n${table}`;
}

function measuredOn(): string {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const [cpu] = cpus();
  const versions = [`Node.js ${process.versions.node}`, `Linux ${release()}`].join(", ");
  const [load] = loadavg();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${new Date().toISOString().slice(0, 10)} at ${git("rev-parse", "--short", "HEAD")}: ${cpus().length} × ${cpu?.model.trim()}, ${memory} GiB, ${versions}; load ${load!.toFixed(1)} at the end.`;
}
