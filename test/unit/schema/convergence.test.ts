import assert from "node:assert/strict";
import { parseInputs, UNKNOWN } from "../../../provider/schema";

const read = (convergence: unknown) => parseInputs({ domain: "db-01", host: "kvm-b", migration: { convergence } });
const failures = (convergence: unknown) =>
  read(convergence).failures.map(({ property, message }) => [property, message]);

describe("schema: a timeout per GiB", () => {
  const timeout = (text: string) => parseInputs({ domain: "db-01", host: "kvm-b", migration: { timeout: text } });

  it("is kept apart from one that is known", () => {
    assert.deepEqual(timeout("30s/GiB").inputs.migration, { mode: "auto", timeoutMsPerGiB: 30_000 });
    assert.deepEqual(timeout("30s").inputs.migration, { mode: "auto", timeoutMs: 30_000 });
  });

  for (const wrong of ["30/GiB", "30s/MiB", "30s/TiB", "30s /GiB", "0s/GiB", "/GiB", "169h/GiB"]) {
    it(`is not ${wrong}`, () =>
      assert.match(timeout(wrong).failures[0]!.message, /also per GiB of memory \("30s\/GiB"\)/));
  }

  it("is a timeout for onTimeout, and of no other duration", () => {
    const failures = (migration: object) => parseInputs({ domain: "db-01", host: "kvm-b", migration }).failures;
    assert.deepEqual(failures({ timeout: "30s/GiB", onTimeout: "suspend" }), []);
    assert.equal(failures({ postCopy: { after: "30s/GiB" } }).length, 1);
  });
});

describe("schema: convergence", () => {
  it("reads each condition and each action", () => {
    const { migration } = read([
      { pass: 2, do: { bandwidth: "2GiB/s" } },
      { after: "30s", do: { raiseDowntime: "800ms" } },
      { pass: 3, do: "throttle" },
      { stalled: "20s", do: "postCopy" },
      { stalled: "40s", do: "suspend" },
      { after: "1h", do: "abort" },
    ]).inputs;
    assert.deepEqual(migration?.convergence, [
      { when: { pass: 2 }, action: { kind: "setBandwidth", mibps: 2048 } },
      { when: { afterMs: 30_000 }, action: { kind: "raiseMaxDowntime", limitMs: 800 } },
      { when: { pass: 3 }, action: { kind: "throttle" } },
      { when: { stalledMs: 20_000 }, action: { kind: "postCopy" } },
      { when: { stalledMs: 40_000 }, action: { kind: "suspend" } },
      { when: { afterMs: 3_600_000 }, action: { kind: "abort" } },
    ]);
  });

  it("switches on what the steps need from the start, and nothing else", () => {
    const started = (convergence: unknown) => {
      const { postCopy, autoConverge } = read(convergence).inputs.migration!;
      return { postCopy, autoConverge };
    };
    assert.deepEqual(started("gentle"), { postCopy: undefined, autoConverge: undefined });
    assert.deepEqual(started("balanced"), { postCopy: undefined, autoConverge: true });
    assert.deepEqual(started("finish"), { postCopy: true, autoConverge: undefined });
  });

  const wrong: [title: string, convergence: unknown, property: string, message: RegExp][] = [
    ["a preset that is none", "fast", "", /^got "fast"; expected "gentle", "balanced" or "finish", or a list of steps/],
    ["no step", [], "", /^got \[\]; expected "gentle"/],
    ["a step alone", { after: "30s", do: "abort" }, "", /expected "gentle".* or a list of steps/],
    ["a step that is none", ["abort"], ".0", /^got "abort"; expected an object with after, pass, stalled or do/],
    ["no condition", [{ do: "abort" }], ".0", /^got no condition; expected exactly one of after, pass or stalled/],
    [
      "two conditions",
      [{ after: "30s", pass: 3, do: "abort" }],
      ".0",
      /^got the conditions after and pass; expected exactly one/,
    ],
    ["a bare number", [{ after: 30, do: "abort" }], ".0.after", /^got 30 \(a number\)|^got 30; expected a duration/],
    ["no pass", [{ pass: 0, do: "abort" }], ".0.pass", /^got 0; expected a whole number from 1/],
    ["no action", [{ after: "30s" }], ".0.do", /expected "throttle", "postCopy", "abort" or "suspend", or an object/],
    ["an unknown action", [{ after: "30s", do: "postcopy" }], ".0.do", /^got "postcopy"; expected "throttle"/],
    [
      "two actions",
      [{ after: "30s", do: { raiseDowntime: "1s", bandwidth: "1GiB/s" } }],
      ".0.do",
      /expected "throttle"/,
    ],
    [
      "an unknown field",
      [{ after: "30s", do: { raisedowntime: "1s" } }],
      ".0.do",
      /unknown field "raisedowntime" \(did you mean raiseDowntime\?\)/,
    ],
    [
      "a rate without its unit",
      [{ after: "30s", do: { bandwidth: "100" } }],
      ".0.do.bandwidth",
      /^got "100"; expected a rate/,
    ],
  ];
  for (const [title, convergence, property, message] of wrong) {
    it(`refuses ${title}, by its place`, () => {
      const [first, ...more] = failures(convergence);
      assert.deepEqual(more, []);
      assert.equal(first?.[0], `migration.convergence${property}`);
      assert.match(first[1]!, message);
    });
  }

  it("refuses nothing for what Pulumi does not know yet", () => {
    for (const convergence of [
      UNKNOWN,
      [UNKNOWN],
      [{ after: UNKNOWN, do: "abort" }],
      [{ after: "30s", do: UNKNOWN }],
    ]) {
      assert.deepEqual(failures(convergence), []);
      assert.equal(read(convergence).inputs.migration, undefined);
    }
  });
});
