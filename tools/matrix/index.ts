/** `npm run matrix`: moves between every two kinds of host, through the provider. Writes docs/versions.md. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createLab, type Lab } from "../../lab/libvirt";
import { isUsable } from "../../lab/libvirt/prerequisites";
import { ownRelease } from "../../lab/libvirt/releases/releases";
import { cases, titleOf } from "../../lab/matrix/cases";
import { type End, kindOf, type MatrixResult, runPair } from "../../lab/matrix/run-pair";
import { ensureSystemPackages } from "../system-packages";
import { document } from "./report";

const usage = `npm run matrix -- [--releases LIST] [--only REGEX] [--jobs N] [--list]

--releases  kinds of host (default ${defaultReleases().join(",")}); what they need is made on first use: npm run lab -- roots
--only      cases whose name matches; docs/versions.md is written only when all were run between all kinds
--jobs      pairs of hosts at once (default 2)
--list      names the cases`;

function defaultReleases(): string[] {
  return [...new Set([ownRelease(), "12", "13", "14", "modular"])];
}

async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      releases: { type: "string", default: defaultReleases().join(",") },
      only: { type: "string", default: "" },
      jobs: { type: "string", default: "2" },
      list: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return (console.log(usage), 0);
  if (values.list) return (cases.forEach(({ name }) => console.log(name)), 0);
  const only = new RegExp(values.only);
  const releases = values.releases.split(",");
  const missing = ensureSystemPackages((line) => console.error(line), { tls: true });
  if (missing.length > 0) return (console.error(`The matrix needs real hosts. ${missing.join(" ")}`), 1);

  const hasKvm = isUsable("/dev/kvm");
  if (!hasKvm) console.error("host-passthrough is not run: /dev/kvm is missing or not usable");
  const begun = Date.now();
  const lab = await createLab({ releases, hosts: 2, tls: true, onProgress: (line) => console.error(line) });
  const results: MatrixResult[] = [];
  try {
    await Promise.all(lab.hosts.map((host) => host.virsh("domcapabilities --virttype qemu")));
    const pairs = await pairsOf(lab, releases);
    const worker = async () => {
      for (let pair = pairs.shift(); pair; pair = pairs.shift()) {
        await runPair(
          lab,
          pair,
          ({ name, guest }) => only.test(name) && (hasKvm || guest !== "host-passthrough"),
          (result) => {
            results.push(result);
            show(result);
          },
        );
      }
    };
    await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs)) }, worker));
  } finally {
    await lab.down();
  }
  const unexpected = results.filter((result) => result.unexpected !== undefined);
  const minutes = (Date.now() - begun) / 60_000;
  console.log(`\n${results.length} moves, ${unexpected.length} unexpected; took ${minutes.toFixed(1)} min`);
  for (const result of unexpected) console.log(`UNEXPECTED ${nameOf(result)}: ${result.unexpected}`);
  if (values.only === "" && values.releases === defaultReleases().join(","))
    writeFileSync("docs/versions.md", document(results, minutes));
  return unexpected.length > 0 ? 1 : 0;
}

/** Every two kinds, and each kind with itself: moves go there and back. */
async function pairsOf(lab: Lab, releases: readonly string[]): Promise<[End, End][]> {
  const end = async (release: string, which: number): Promise<End> => {
    const host = lab.hosts.filter((each) => each.release === release)[which]!;
    return { host, kind: await kindOf(host) };
  };
  const pairs = releases.flatMap((source, index) => releases.slice(index).map((destination) => [source, destination]));
  return await Promise.all(
    pairs.map(async ([source, destination]) => [await end(source!, 0), await end(destination!, 1)] as [End, End]),
  );
}

const nameOf = ({ test, source, destination }: MatrixResult) =>
  `${titleOf(source)} to ${titleOf(destination)}, ${test.name}`;

function show(result: MatrixResult): void {
  const { outcome, unexpected } = result;
  const text = outcome.kind === "works" ? `${outcome.mode}, ${outcome.seconds.toFixed(1)} s` : outcome.message;
  console.log(
    `${unexpected === undefined ? "ok   " : "WRONG"} ${nameOf(result)}: ${outcome.kind} (${text.slice(0, 160)})`,
  );
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
