/**
 * Every pair of options is refused by the provider, or real virsh takes both: libvirt judges the flags before it connects to the
 * destination, which is a closed port at first. Then real moves, each with many options, until every such pair was in one of them.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { missingRoots } from "../../lab/libvirt/releases/roots";
import type { LastMigration } from "../../provider/core/args";
import { optionConflicts } from "../../provider/core/optionConflicts";
import type { MigrationOptions } from "../../provider/core/options";
import { type MoveFacts, problems } from "../../provider/core/problems";
import { systemClock as clock } from "../../provider/observe/clock";
import { Hosts } from "../../provider/observe/hosts";
import { moveFacts } from "../../provider/preflight/facts";
import { createDial } from "../../provider/ssh";
import { makePlan } from "../../provider/virsh/migrateCommand";
import { describeWithLab } from "../support/lab";
import { moveInLab } from "../support/lab-move";
import { allPairs, type Pair, rowsFor, shownPair, together } from "../support/option-pairs";

const uri = "qemu:///system";

/** CAP_SYS_RESOURCE, which the lab's hosts have where the computer has it. */
function mayLockMemory(): boolean {
  const [, held = "0"] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return ((BigInt(`0x${held}`) >> 24n) & 1n) === 1n;
}

/** LAB_RELEASES=13,14: of these alone, with moves. Otherwise of this computer's, and what virsh of the others takes where they have their roots. */
const asked = process.env["LAB_RELEASES"]?.split(",");
const others = [
  ["13", "14"],
  ["14", "13"],
].filter((releases) => missingRoots(releases).length === 0);

for (const releases of asked ? [asked] : [undefined, ...others])
  describeWithLab(
    `every pair of options${releases ? ` from Debian ${releases.join(" to ")}` : ""}`,
    { tls: true, ...(releases && { releases }) },
    (lab) => {
      const [first, second] = [() => lab().hosts[0]!.name, () => lab().hosts[1]!.name];
      /** Of a VM whose disk both hosts have, and of one whose disk is to be copied. */
      const facts: Partial<Record<"shared" | "copied", MoveFacts>> = {};

      before(async function () {
        this.timeout(120_000);
        const inventory = Object.fromEntries(
          Object.entries(lab().inventory()).map(([name, host]) => [name, { name, ...host }]),
        );
        const hosts = new Hosts(createDial({ inventory }), inventory, uri, clock);
        for (const name of ["shared", "copied"] as const) {
          const disk = name === "copied" ? ("file" as const) : ("nbd" as const);
          const { uuid } = await lab().startGuest({ name, host: first(), disk, memoryMiB: 32, dirtyMiB: 2 });
          const options: MigrationOptions = {
            mode: "auto",
            tls: true,
            ...(name === "copied" && { copyStorage: "all" }),
          };
          facts[name] = await moveFacts(
            hosts,
            { domain: { uuid, state: "running" }, command: "", how: "live", source: first(), destination: second(), options, staleImages: [] }, // prettier-ignore
            clock,
          );
        }
        await hosts.close();
      });

      const guestOf = ({ copyStorage }: MigrationOptions) => (copyStorage === undefined ? "shared" : "copied");

      function named(options: MigrationOptions, to: string): MigrationOptions {
        return options.tlsDestination === undefined ? options : { ...options, tlsDestination: to };
      }

      function commandFor(options: MigrationOptions): string {
        const nowhere = { name: second(), peerTransport: "tcp", peerAddress: "127.0.0.1", peerPort: 1 } as const;
        const inventory = { [nowhere.name]: nowhere };
        const plan = makePlan({ domain: guestOf(options), hosts: [second()], anyOf: false, options, inventory, uri });
        return plan.live as string;
      }

      /** Why the provider refuses them; undefined: it does not. */
      function refusal(given: MigrationOptions): string | undefined {
        const options = named(given, second());
        const [conflict] = optionConflicts(options);
        if (conflict) return conflict.reason;
        const asked: MoveFacts = { ...facts[guestOf(options)]!, options, command: commandFor(options) };
        return problems(asked).find(({ severity }) => severity === "blocker")?.message;
      }

      const accepted: Pair[] = [];

      it("is refused by the provider, or taken by virsh", async function () {
        this.timeout(300_000);
        const refused: Pair[] = [];
        for (const pair of allPairs()) (refusal(together(pair)) === undefined ? accepted : refused).push(pair);
        assert.ok(
          refused.length > 50 && accepted.length > 250,
          `${refused.length} refused, ${accepted.length} accepted`,
        );
        // One answer for each command, not for each pair.
        const commands = new Map(accepted.map((pair) => [commandFor(named(together(pair), second())), pair]));
        // As the provider gives it, of a VM whose disks and networks stay the same.
        const xml = (line: string, pair: Pair) => {
          const guest = guestOf(together(pair));
          return line.includes("/dev/fd/3") ? ` 3< <(virsh dumpxml --migratable ${guest}) 4< <(virsh dumpxml --inactive ${guest})` : ""; // prettier-ignore
        };
        const script = [...commands].map(([line, pair]) => `${line}${xml(line, pair)} 2>&1; echo "@ $?"`).join("\n");
        const answers = (await lab().host(first()).must("bash", { input: script, timeoutMs: 280_000 })).split(
          /^@ .*\n/m,
        );
        const wrong = [...commands.values()].flatMap((pair, index) => {
          const text = answers[index]!.trim();
          return /unable to connect to server at '127.0.0.1:1'/.test(text) ? [] : [`${shownPair(pair)}: ${text}`];
        });
        assert.deepEqual(wrong, []);
      });

      if (releases === undefined || asked)
        it("that both take was in a move that succeeded", async function () {
          this.timeout(600_000);
          const rows = rowsFor(accepted, (options) => refusal(options) === undefined);
          assert.ok(rows.length <= 40, `${rows.length} rows`);
          if (process.env["DBG"])
            console.log(
              accepted.length,
              rows.length,
              rows.map((row) => row.length),
            );
          const last: Record<string, LastMigration | undefined> = {};
          const at: Record<string, string> = { shared: first(), copied: first() };
          const failed: string[] = [];
          let port = 49_200;
          for (const row of rows) {
            // libvirt 9.0.0 may keep a fixed port after a migration: each has one of its own.
            port++;
            const options = { ...together(row), ...(row.includes("copyStoragePort") && { copyStoragePort: port }) };
            const domain = guestOf(options);
            const to = at[domain] === first() ? second() : first();
            try {
              const made = await moveInLab({
                lab: lab(),
                domain,
                to,
                options: named(options, to),
                lastMigration: last[domain],
              });
              last[domain] = made.lastMigration;
              at[domain] = to;
            } catch (error) {
              const { message } = error as Error;
              // libvirt has to lock the memory of the VM, which a container may forbid: its other options are tried without.
              if (options.zeroCopy && !mayLockMemory() && /cannot limit locked memory/.test(message)) {
                rows.push(row.filter((name) => name !== "zeroCopy"));
              } else failed.push(`${row.join(" ")}: ${message}`);
            }
            assert.equal(await lab().host(at[domain]!).virsh(`domstate ${domain}`), "running", row.join(" "));
          }
          assert.deepEqual(failed, []);
        });
    },
  );
