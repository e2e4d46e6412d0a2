/**
 * `npm run bench [-- move|preview|evacuate] [--pairs N]`: what the product costs, on real hosts of this computer. `move` (the default) is a
 * move next to the same by hand, `preview` a preview that asks the hosts next to one that does not, `evacuate` a host that is emptied next to
 * the best schedule by hand.
 */
import { parseArgs } from "node:util";
import { ensureSystemPackages } from "../system-packages";
import { benchEvacuate } from "./evacuate";
import { benchMove } from "./move";
import { benchPreview } from "./preview";

const benches: Record<string, (pairs: number) => Promise<void>> = {
  move: benchMove,
  preview: benchPreview,
  evacuate: benchEvacuate,
};

async function main(args: string[]): Promise<number> {
  const { bench, pairs } = parse(args);
  const missing = ensureSystemPackages((line) => console.error(line));
  if (missing.length > 0) {
    console.error(`The bench needs real libvirt hosts. ${missing.join(" ")}`);
    return 1;
  }
  await bench(pairs);
  return 0;
}

function parse(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    options: { pairs: { type: "string", default: "9" } },
    allowPositionals: true,
  });
  const [name = "move", ...more] = positionals;
  const bench = Object.hasOwn(benches, name) && more.length === 0 ? benches[name] : undefined;
  if (!bench)
    throw new Error(`there is a bench of ${Object.keys(benches).join(" and ")}, not of ${positionals.join(" ")}`);
  const pairs = Number(values.pairs);
  if (!Number.isInteger(pairs) || pairs < 1) throw new Error(`--pairs is a number from 1, not ${values.pairs}`);
  return { bench, pairs };
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
