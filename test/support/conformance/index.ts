/** What holds of libvirt, as far as the provider builds on it: the simulated lab and the real one run the same scenarios. */
import { atRest } from "./at-rest";
import { cancelling } from "./cancelling";
import { leftovers } from "./leftovers";
import { migrations } from "./migrations";
import { placements } from "./placements";
import { type ConformanceLab, Scenario } from "./scenario";

const groups = {
  "a VM at rest": atRest,
  reconcile: placements,
  "a migration in progress": migrations,
  "cancelling a migration": cancelling,
  "what was left over": leftovers,
};

/** Defines the scenarios as tests of a lab with hosts kvm-a and kvm-b. */
export function conformance(makeLab: () => Promise<ConformanceLab>): void {
  let lab: ConformanceLab;
  let scenario: Scenario | undefined;
  let count = 0;

  before(async () => void (lab = await makeLab()));
  afterEach(async function () {
    this.timeout(60_000);
    await scenario?.end();
    scenario = undefined;
  });

  for (const [group, scenarios] of Object.entries(groups)) {
    describe(group, () => {
      for (const { title, state, test } of scenarios) {
        it(title, async function () {
          this.timeout(120_000);
          scenario = await Scenario.begin(lab, `vm-${++count}`, state);
          await test(scenario);
        });
      }
    });
  }
}
