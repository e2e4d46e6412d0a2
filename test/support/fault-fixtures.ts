import { Fixture } from "../../lab/faults/fixture";
import type { Stack, Through } from "../../lab/pulumi/stack";
import { describeOnLabComputer } from "./lab";

/** A group of tests with fixtures: a lab, a stack and a guest of their own each, as copies of one that has adopted its guest. */
export function describeWithFaultFixtures(
  title: string,
  tests: (template: () => Stack) => void,
  through?: Through,
): void {
  describeOnLabComputer(title, () => {
    let template: Stack | undefined;
    before(async function () {
      // Where no CLI is to be had by other means it is built, once.
      this.timeout(15 * 60_000);
      template = await Fixture.template(through);
    });
    after(() => template?.remove());
    tests(() => {
      if (template === undefined) throw new Error("the template is there while the tests of its group run");
      return template;
    });
  });
}
