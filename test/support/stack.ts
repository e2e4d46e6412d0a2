import type { Lab, LabOptions } from "../../lab/libvirt";
import { Stack, type StackOptions } from "../../lab/pulumi/stack";
import { describeWithLab } from "./lab";

export { Stack, type Declared, type StackOptions } from "../../lab/pulumi/stack";

/** For `env` of a stack whose program is in TypeScript: type-checked by a command with `typeChecked` alone, which costs 3 s of CPU. */
export const typesUnchecked = { PULUMI_NODEJS_TRANSPILE_ONLY: "true" };
export const typeChecked = { env: { PULUMI_NODEJS_TRANSPILE_ONLY: "false" } };

/** A group of tests with one lab and one stack among them. */
export function describeWithStack(
  title: string,
  options: { lab?: LabOptions; stack?: StackOptions },
  tests: (lab: () => Lab, stack: () => Stack) => void,
): void {
  describeWithLab(title, options.lab ?? {}, (lab) => {
    let stack: Stack | undefined;
    before(async function () {
      // Where no CLI is to be had by other means it is built, once.
      this.timeout(15 * 60_000);
      stack = await Stack.create(lab(), options.stack);
    });
    after(() => stack?.remove());
    tests(lab, () => {
      if (stack === undefined) throw new Error("the stack is there while the tests of its group run");
      return stack;
    });
  });
}
