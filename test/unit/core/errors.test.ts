import assert from "node:assert/strict";
import { errorCodes } from "../../../provider/core/errorCodes";
import { type Failure, PlacementError } from "../../../provider/core/errors";

describe("the error", () => {
  const facts = {
    code: "unsafeStorage",
    phase: "migrate",
    action: "cannot move db-01 from kvm-a to kvm-b",
    message: "Unsafe migration: Migration without shared storage is unsafe",
    remedies: [{ do: 'set migration.copyStorage: "all"' }],
    host: "kvm-a",
    domain: "db-01",
  } satisfies Failure;

  it("says what could not be done, in which phase, where, why, what next, and its code", () => {
    assert.equal(
      new PlacementError(facts).message,
      "cannot move db-01 from kvm-a to kvm-b (migrate, on kvm-a): Unsafe migration: Migration without shared storage is unsafe\n" +
        '  What to do: set migration.copyStorage: "all" [unsafeStorage]',
    );
  });

  it("names no host where it is of none", () => {
    const { host: _, ...hostless } = facts;
    const error = new PlacementError(hostless);
    assert.match(error.message, /^cannot move db-01 from kvm-a to kvm-b \(migrate\): Unsafe/);
    assert.equal(error.host, undefined);
  });

  it("carries its facts as fields, and its cause only where there is one", () => {
    const cause = new Error("socket hang up");
    const error = new PlacementError({ ...facts, cause });
    const { code, phase, problem, host, domain, name } = error;
    assert.deepEqual(
      { code, phase, message: problem.message, remedies: problem.remedies, host, domain, name },
      {
        code: facts.code,
        phase: facts.phase,
        message: facts.message,
        remedies: facts.remedies,
        host: "kvm-a",
        domain: "db-01",
        name: "PlacementError",
      },
    );
    assert.equal(error.cause, cause);
    assert.ok(!("cause" in new PlacementError(facts)));
    assert.ok(error instanceof Error);
  });

  it("keeps the original when a caller adds what it knows", () => {
    const error = new PlacementError(facts);
    const explained = error.with({ action: "cannot place db-01", phase: "watch" });
    assert.match(explained.message, /^cannot place db-01 \(watch, on kvm-a\): Unsafe migration/);
    assert.equal(explained.code, "unsafeStorage");
    assert.equal(explained.domain, "db-01");
    assert.match(error.message, /^cannot move db-01/);
  });

  it("has codes in camelCase, none twice", () => {
    assert.deepEqual(
      errorCodes.filter((code) => !/^[a-z]+([A-Z][a-z]+)*$/.test(code)),
      [],
    );
    assert.equal(new Set(errorCodes).size, errorCodes.length);
  });
});
