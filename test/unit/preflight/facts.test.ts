/** All that a preview asks, of the real virsh of this computer: the same facts, whatever language the hosts' accounts have. */
import assert from "node:assert/strict";
import { systemClock } from "../../../provider/observe/clock";
import type { IntendedMove } from "../../../provider/preflight/intendedMove";
import { moveFacts } from "../../../provider/preflight/facts";
import { Hosts } from "../../../provider/observe/hosts";
import { speaking, testHost, translatedLanguages } from "../../support/languages";
import { LocalShell } from "../../support/local-shell";
import { dbUuid } from "../../support/views";

/** Numbers, moments, and the interfaces of labs with their addresses change from one time to the next; that there is one does not. */
const passing = new Set(["interfaces", "addresses", "changed", "freeOn"]);
function lasting(facts: unknown): unknown {
  return JSON.parse(
    JSON.stringify(facts, (key, value: unknown) =>
      typeof value === "number" || passing.has(key) ? typeof value : value,
    ),
  );
}

describe("what a preview asks hosts that speak another language", function () {
  this.timeout(120_000);
  const { uri, remove } = testHost();
  const translated = translatedLanguages(uri);
  after(remove);

  const ask = async (env: NodeJS.ProcessEnv) => {
    const inventory = { "kvm-a": { name: "kvm-a" }, "kvm-b": { name: "kvm-b", address: "kvm-b.invalid" } };
    const dial = ({ name }: { name: string }) => Promise.resolve(new LocalShell({ env, host: name }));
    const hosts = new Hosts(dial, inventory, uri, systemClock);
    try {
      const move: IntendedMove = {
        source: "kvm-a",
        destination: "kvm-b",
        how: "live",
        options: { mode: "live", copyStorage: "all" },
        staleImages: [],
        domain: { uuid: dbUuid, state: "running" },
        command: "virsh migrate",
      };
      return lasting(await moveFacts(hosts, move, systemClock));
    } finally {
      await hosts.close();
    }
  };

  if (translated.length === 0) {
    it("are the same facts (not run: virsh or its translations are not installed)");
    return;
  }

  let english: unknown;
  before(async () => (english = await ask({ ...process.env, LC_ALL: "C" })));

  for (const language of translated) {
    it(`are the same facts: ${language}`, async () => {
      assert.deepEqual(await ask(speaking(language)), english);
    });
  }
});
