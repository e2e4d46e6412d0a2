import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { PlacementError } from "../../../provider/core/errors";
import { respond } from "../../../provider/pulumi/respond";
import { partialFailure } from "../../../provider/pulumi/state";
import { view } from "../../support/views";

const remedies = [{ do: "start it", commands: [{ host: "kvm-a", command: "virsh start db-01" }], loses: "its memory" }];

function failure(): PlacementError {
  const cause = new PlacementError({
    code: "hostUnreachable",
    phase: "connect",
    action: "cannot connect",
    message: "silent",
    remedies: [],
  });
  return new PlacementError({
    code: "migrationFailed",
    phase: "migrate",
    action: "cannot move db-01",
    message: "it broke off",
    remedies,
    cause,
  });
}

async function failWith(error: unknown): Promise<{ thrown: Error; noted: string[] }> {
  const noted: string[] = [];
  const display = { debug: (text: string) => void noted.push(text), flush: () => Promise.resolve() };
  let thrown: unknown;
  await rejects(
    respond(display, () => Promise.reject(error as Error)),
    (each) => ((thrown = each), true),
  );
  return { thrown: thrown as Error, noted };
}

describe("respond", () => {
  for (const [title, make] of [
    ["a failure", failure],
    ["a partial failure", () => partialFailure(failure(), view("kvm-a", "running (booted)"), {})],
  ] as const) {
    it(`notes ${title} as data, and throws its text alone`, async () => {
      const { thrown, noted } = await failWith(make());
      strictEqual(noted.length, 1);
      const { problem } = JSON.parse(noted[0]!) as { problem: Record<string, unknown> };
      strictEqual(problem["code"], "migrationFailed");
      deepStrictEqual(problem["remedies"], remedies);
      strictEqual("cause" in problem, false);
      match(thrown.message, /^cannot move db-01/);
      strictEqual(thrown.stack, "");
      strictEqual((thrown.cause as PlacementError).code, "migrationFailed");
    });
  }

  it("notes nothing of a fault of the provider itself", async () => {
    const { noted } = await failWith(new TypeError("x is not a function"));
    deepStrictEqual(noted, []);
  });
});
