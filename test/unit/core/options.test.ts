import assert from "node:assert/strict";
import fc from "fast-check";
import type { ConvergenceStep } from "../../../provider/core/convergence/step";
import {
  leftOut,
  type MigrationOptions,
  type OptionKind,
  type OptionName,
  optionNames,
  optionTable,
} from "../../../provider/core/options";
import { optionConflicts } from "../../../provider/core/optionConflicts";
import { versionBelow } from "../../../provider/core/version";
import { parseHelpOptions } from "../../../provider/virsh/parse";
import { fixture, libvirtVersions } from "../../support/fixture";

/** A value of each option that stands for "set". */
function someValue(kind: OptionKind): unknown {
  switch (kind.type) {
    case "flag":
      return true;
    case "choice":
      return kind.values[0];
    case "integer":
      return kind.min;
    case "duration":
      return kind.maxMs;
    case "list":
      return kind.values ? [kind.values[0]] : ["vda"];
    case "text":
      return "a.example.net";
    case "steps":
      return [{ when: { stalledMs: 20_000 }, action: { kind: "abort" } }] satisfies ConvergenceStep[];
    case "map":
      return { vda: { path: "/srv/a.img" } };
    default:
      return 64;
  }
}

function setAll(...names: OptionName[]): MigrationOptions {
  const set = Object.fromEntries(names.map((name) => [name, someValue(optionTable[name].kind)]));
  return { mode: "auto", ...set };
}

function texts(options: Partial<MigrationOptions>): string[] {
  return optionConflicts({ mode: "auto", ...options }).map(({ property, reason }) => `${property}: ${reason}`);
}

describe("the options table", () => {
  const virshOptions = optionNames.flatMap((name) =>
    (optionTable[name].virsh ?? "")
      .split(" | ")
      .filter((flag) => flag.startsWith("--"))
      .map((flag) => ({ name, flag, since: optionTable[name].since })),
  );

  for (const libvirt of libvirtVersions) {
    const help = parseHelpOptions(fixture(libvirt, "help-migrate"));
    // The prose names "--timeout-*" and the positional arguments may be given by name.
    for (const word of ["--domain", "--desturi", "--timeout-"]) help.delete(word);

    it(`has or leaves out every migrate option of libvirt ${libvirt}`, () => {
      const known = new Set([...virshOptions.map(({ flag }) => flag), ...Object.keys(leftOut)]);
      assert.deepEqual(
        [...help].filter((flag) => !known.has(flag)),
        [],
      );
    });

    it(`says of each option whether libvirt ${libvirt} has it`, () => {
      const wrong = virshOptions.filter(
        ({ flag, since }) => help.has(flag) !== (since === undefined || !versionBelow(libvirt, since)),
      );
      assert.deepEqual(wrong, []);
    });
  }

  it("leaves out nothing that the newest recorded virsh does not have, and gives a reason for each", () => {
    const help = parseHelpOptions(fixture(libvirtVersions.at(-1)!, "help-migrate"));
    assert.deepEqual(
      Object.entries(leftOut).filter(([flag, reason]) => !help.has(flag) || reason === ""),
      [],
    );
  });

  it("never both has and leaves out an option, and has none twice", () => {
    const flags = virshOptions.map(({ flag }) => flag);
    assert.deepEqual(
      flags.filter((flag) => flag in leftOut),
      [],
    );
    // What is mapped goes into the same XML.
    assert.deepEqual(
      flags.filter((flag, i) => flags.indexOf(flag) !== i),
      ["--xml", "--persistent-xml"],
    );
    const inputs = optionNames.map((name) => optionTable[name].input);
    assert.deepEqual(
      inputs.filter((input, i) => inputs.indexOf(input) !== i),
      [],
    );
  });

  it("names a release wherever it names virsh, but for what virsh always had", () => {
    const without = optionNames.filter((name) => optionTable[name].virsh && !optionTable[name].since);
    assert.deepEqual(without, ["mode", "onTimeout"]);
  });

  it("has numbers with their unit in the name", () => {
    const unit = { duration: /Ms$/, rate: /MiBps$/, size: /Bytes$/ };
    for (const name of optionNames) {
      const { type } = optionTable[name].kind;
      if (type in unit) assert.match(name, unit[type as keyof typeof unit]);
    }
  });
});

describe("option conflicts", () => {
  it("are none without options, and none for each procedure of the guide", () => {
    const fine: Partial<MigrationOptions>[] = [
      {},
      { mode: "live" },
      { mode: "offline" },
      { parallel: true, parallelConnections: 4 },
      { maxDowntimeMs: 500 },
      { maxDowntimeMs: 500, maxDowntimeAfterMs: 30_000 },
      { postCopy: true, postCopyAfterMs: 20_000 },
      { postCopy: true, postCopyAfterMs: 20_000, timeoutMs: 60_000 },
      { postCopy: true, timeoutMs: 300_000, onTimeout: "postCopy", postCopyBandwidthMiBps: 500 },
      { autoConverge: true, autoConvergeInitial: 20, autoConvergeIncrement: 10 },
      { bandwidthMiBps: 1024 },
      { timeoutMs: 300_000 },
      { timeoutMs: 300_000, onTimeout: "abort" },
      { timeoutMs: 300_000, onTimeout: "suspend" },
      { tls: true, tlsDestination: "b", parallel: true },
      { tunnelled: true, autoConverge: true },
      { compressionMethods: ["xbzrle"], compressionXbzrleCacheBytes: 2 ** 26 },
      { compressionMethods: ["xbzrle", "mt"], compressionMtLevel: 1, compressionMtThreads: 8 },
      { compressionMethods: ["zstd"], compressionZstdLevel: 3, parallel: true },
      { zeroCopy: true, parallel: true },
      { copyStorage: "all", copyStorageDisks: ["vda"], copyStoragePort: 49_200, copyStorageSynchronousWrites: true },
      // false is not set
      { mode: "offline", tls: false, parallel: false, postCopy: false, unsafe: false },
      { tunnelled: false, tls: true, parallel: true, copyStorage: "incremental" },
    ];
    for (const options of fine) assert.deepEqual(texts(options), [], JSON.stringify(options));
  });

  const refused: [options: Partial<MigrationOptions>, property: string, reason: RegExp][] = [
    [{ postCopy: true, postCopyAfterMs: 1, tunnelled: true }, "postCopy", /cannot go with `tunnelled`/],
    [{ postCopy: true }, "postCopy", /would never switch.*postCopy: \{ after: "20s" \}/],
    [{ postCopy: true, timeoutMs: 60_000 }, "postCopy", /would never switch/],
    [{ postCopy: true, timeoutMs: 60_000, onTimeout: "suspend" }, "postCopy", /would never switch/],
    [{ timeoutMs: 60_000, onTimeout: "postCopy" }, "onTimeout", /needs `postCopy: true`/],
    [
      { postCopy: true, postCopyAfterMs: 1000, timeoutMs: 60_000, onTimeout: "postCopy" },
      "postCopy.after",
      /cannot go with `onTimeout`.*already says when/,
    ],
    [{ postCopy: true, postCopyAfterMs: 60_000, timeoutMs: 60_000 }, "timeout", /longer than `postCopy.after`/],
    [{ onTimeout: "abort" }, "onTimeout", /needs `timeout: "5m"`/],
    [{ maxDowntimeAfterMs: 1000 }, "maxDowntime.after", /needs `maxDowntime: "500ms"`: there is nothing to raise/],
    [{ parallel: true, tunnelled: true }, "parallel", /cannot go with `tunnelled`/],
    [{ tls: true, tunnelled: true }, "tls", /cannot go with `tunnelled`/],
    [{ tunnelled: true, copyStorage: "all" }, "tunnelled", /cannot go with `copyStorage`/],
    [{ tunnelled: true, listenAddress: "::" }, "listenAddress", /cannot go with `tunnelled`/],
    [{ zeroCopy: true }, "zeroCopy", /needs `parallel: true`/],
    [{ zeroCopy: true, parallel: true, tls: true }, "zeroCopy", /cannot go with `tls`/],
    [
      { zeroCopy: true, parallel: true, compressionMethods: ["zstd"] },
      "compression.methods",
      /cannot go with `zeroCopy`/,
    ],
    [{ compressionMethods: ["zlib"] }, "compression.methods", /"zlib" needs `parallel: true`/],
    [{ compressionMethods: ["zstd"], parallel: false }, "compression.methods", /"zstd" needs `parallel: true`/],
    [{ compressionMethods: ["zlib", "zstd"], parallel: true }, "compression.methods", /one of zlib and zstd/],
    [{ compressionMethods: ["mt"], parallel: true }, "compression.methods", /"mt" cannot go with `parallel`/],
    [{ compressionMethods: ["xbzrle"], parallel: true }, "compression.methods", /"xbzrle" cannot go with `parallel`/],
    [{ compressionXbzrleCacheBytes: 2 ** 26 }, "compression.xbzrleCache", /add "xbzrle" to compression.methods/],
    [
      { compressionXbzrleCacheBytes: 2 ** 26, compressionMethods: ["mt"] },
      "compression.xbzrleCache",
      /tunes "xbzrle", which is not in `compression.methods`/,
    ],
    [
      { compressionZlibLevel: 1, compressionMethods: ["zstd"], parallel: true },
      "compression.zlibLevel",
      /tunes "zlib"/,
    ],
    [
      { compressionZstdLevel: 0, compressionMethods: ["zlib"], parallel: true },
      "compression.zstdLevel",
      /tunes "zstd"/,
    ],
    [{ compressionMtLevel: 0, compressionMethods: ["xbzrle"] }, "compression.mtLevel", /tunes "mt"/],
    [{ compressionMtThreads: 1, compressionMethods: ["xbzrle"] }, "compression.mtThreads", /tunes "mt"/],
    [{ compressionMtDecompressThreads: 1, compressionMethods: ["xbzrle"] }, "compression.mtDecompressThreads", /"mt"/],
    [{ copyStorageDisks: ["vda"] }, "copyStorage.disks", /needs `copyStorage: "all"`/],
    [{ copyStoragePort: 1 }, "copyStorage.port", /needs `copyStorage: "all"`/],
    [{ copyStorageSynchronousWrites: true }, "copyStorage.synchronousWrites", /needs `copyStorage: "all"`/],
    [{ copyStorageDetectZeroes: ["vda"] }, "copyStorage.detectZeroes", /needs `copyStorage: "all"`/],
    [{ mode: "offline", parallel: true }, "parallel", /needs a live migration and `mode` is "offline"/],
  ];
  for (const [options, property, reason] of refused) {
    it(`refuse ${JSON.stringify(options)} once, at ${property}`, () => {
      const found = optionConflicts({ mode: "auto", ...options });
      assert.deepEqual(
        found.map((conflict) => conflict.property),
        [`migration.${property}`],
        texts(options).join("\n"),
      );
      assert.match(found[0]!.reason, reason);
      assert.equal(found[0]!.code, "conflictingOptions");
    });
  }

  for (const name of optionNames) {
    const { needs = {}, conflicts = {}, offline, input } = optionTable[name];
    for (const [other, why] of Object.entries(needs)) {
      it(`say that ${input} needs ${optionTable[other as OptionName].input}`, () => {
        const mentions = (options: MigrationOptions) =>
          texts(options).some((text) => text.startsWith(`migration.${input}: `) && text.endsWith(`: ${why}`));
        assert.ok(mentions(setAll(name)));
        assert.ok(!mentions(setAll(name, other as OptionName)));
      });
    }
    for (const [other, why] of Object.entries(conflicts)) {
      it(`say that ${input} does not go with ${optionTable[other as OptionName].input}`, () => {
        const mentions = (options: MigrationOptions) => texts(options).some((text) => text.endsWith(`: ${why}`));
        assert.ok(mentions(setAll(name, other as OptionName)));
        assert.ok(!mentions(setAll(name)));
        assert.ok(!mentions(setAll(other as OptionName)));
      });
    }
    if (!offline) {
      it(`refuse ${input} in mode offline`, () => {
        const found = texts({ ...setAll(name), mode: "offline" });
        assert.ok(found.some((text) => text.startsWith(`migration.${input}: `) && /mode: "live"/.test(text)));
      });
    }
  }

  it("name every one that there is, not the first", () => {
    const all = texts({ mode: "offline", postCopy: true, tunnelled: true, tls: true, copyStoragePort: 1 });
    assert.deepEqual(
      new Set(all.map((text) => text.split(":")[0])),
      new Set(["postCopy", "tunnelled", "tls", "copyStorage.port"].map((input) => `migration.${input}`)),
    );
    assert.equal(all.length, 8, all.join("\n"));
  });

  describe("of any options", () => {
    const ms = fc.integer({ min: 1000, max: 100_000 });
    const someStep: fc.Arbitrary<ConvergenceStep> = fc.record({
      when: fc.oneof(
        fc.record({ afterMs: ms }),
        fc.record({ pass: fc.integer({ min: 1, max: 20 }) }),
        fc.record({ stalledMs: ms }),
      ),
      action: fc.oneof(
        fc.record({ kind: fc.constant("raiseMaxDowntime" as const), limitMs: ms }),
        fc.record({ kind: fc.constant("setBandwidth" as const), mibps: fc.integer({ min: 1, max: 9999 }) }),
        ...(["throttle", "postCopy", "suspend", "abort"] as const).map((kind) => fc.constant({ kind })),
      ),
    });
    const byKind = (kind: OptionKind): fc.Arbitrary<unknown> => {
      switch (kind.type) {
        case "flag":
          return fc.boolean();
        case "choice":
          return fc.constantFrom(...kind.values);
        case "integer":
          return fc.integer({ min: kind.min, max: kind.max });
        case "duration":
          return fc.integer({ min: kind.minMs, max: kind.maxMs });
        case "list":
          return kind.values ? fc.uniqueArray(fc.constantFrom(...kind.values)) : fc.array(fc.string());
        case "text":
          return fc.string();
        case "steps":
          return fc.array(someStep, { minLength: 1, maxLength: 6 });
        case "map":
          return fc.dictionary(fc.string(), fc.constant({ path: "/srv/a.img" }));
        default:
          return fc.nat();
      }
    };
    const options = fc.record(
      Object.fromEntries(
        optionNames.map((name) => [name, fc.option(byKind(optionTable[name].kind), { nil: undefined })]),
      ),
      { requiredKeys: ["mode"] },
    ) as fc.Arbitrary<MigrationOptions>;

    it("never throw, and name inputs that there are and reasons in words", () => {
      const inputs = new Set(optionNames.map((name) => `migration.${optionTable[name].input}`));
      fc.assert(
        fc.property(options, (given) => {
          for (const { property, reason } of optionConflicts(given)) {
            assert.ok(inputs.has(property), property);
            assert.doesNotMatch(reason, /undefined|null|NaN|\[object/);
          }
        }),
      );
    });

    it("do not depend on the order in which the options are written", () => {
      fc.assert(
        fc.property(options, fc.infiniteStream(fc.nat()), (given, random) => {
          const shuffled = Object.entries(given)
            .map((entry) => ({ entry, key: random.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ entry }) => entry);
          assert.deepEqual(
            optionConflicts(Object.fromEntries(shuffled) as unknown as MigrationOptions),
            optionConflicts(given),
          );
        }),
      );
    });

    it("treat an option that is undefined or false as one that is absent", () => {
      fc.assert(
        fc.property(options, (given) => {
          const set = Object.fromEntries(
            Object.entries(given).filter(([, value]) => value !== undefined && value !== false),
          );
          assert.deepEqual(optionConflicts(set as unknown as MigrationOptions), optionConflicts(given));
        }),
      );
    });
  });
});
