import assert from "node:assert/strict";
import { PlacementError } from "../../../provider/core/errors";
import { type ParseOptions, parsePlacements, placementsOf } from "../../../provider/placements/parse";

const whole = `# Where our VMs run
hosts: { kvm-a: { maintenance: true, labels: { site: muc }, limits: { memory: 80% } } }
vms:
  db-01: kvm-b
  web-01: { host: kvm-b, labels: { app: web }, priority: 10 }
  gpu-01: { host: kvm-c, pinned: true }
  big-01: { host: kvm-b, onEvacuation: stay, after: [web-01], domain: big, migration: { timeout: 10m } }
rules:
  - apart: { app: web }
  - together: [db-01, web-01]
  - { only: { app: web }, on: { site: muc } }
  - { only: [db-01], on: [kvm-a, kvm-b] }
limits: { memory: 90%, cpu: 400%, moves: 20 }
defaults: { migration: { autoConverge: true, timeout: 5m }, onDrift: moveBack }
evacuated: { kvm-a: { db-01: 0, web-01: 1 } }
`;

/** "3:5 vms.db-01: what is wrong", one for each fault. */
function faultsOf(text: string, options: ParseOptions = {}): string[] {
  try {
    parsePlacements(text, options);
    return [];
  } catch (error) {
    assert.ok(error instanceof PlacementError, String(error));
    assert.ok(error.problem.remedies.length > 0);
    return error.problem.problems!.map(({ message }) => message.replace(/^placements\.yaml:?/, ""));
  }
}

function assertFaults(text: string, expected: readonly RegExp[], options: ParseOptions = {}): void {
  const faults = faultsOf(text, options);
  assert.equal(faults.length, expected.length, faults.join("\n"));
  for (const [i, pattern] of expected.entries()) assert.match(faults[i]!, pattern);
}

describe("the placements file", () => {
  it("is read with its defaults filled in, percentages as fractions", () => {
    const { placements, warnings } = parsePlacements(whole, { hosts: ["kvm-a", "kvm-b", "kvm-c"] });
    const usual = { labels: {}, priority: 0, pinned: false, onEvacuation: "block", after: [] };
    assert.deepEqual(warnings, []);
    assert.deepEqual(placements, {
      hosts: { "kvm-a": { maintenance: true, labels: { site: "muc" }, limits: { memory: 0.8 } } },
      vms: {
        "db-01": { ...usual, domain: "db-01", host: "kvm-b" },
        "web-01": { ...usual, domain: "web-01", host: "kvm-b", labels: { app: "web" }, priority: 10 },
        "gpu-01": { ...usual, domain: "gpu-01", host: "kvm-c", pinned: true },
        "big-01": {
          ...usual,
          domain: "big",
          host: "kvm-b",
          onEvacuation: "stay",
          after: ["web-01"],
          migration: { timeout: "10m" },
        },
      },
      rules: [
        { apart: { app: "web" } },
        { together: ["db-01", "web-01"] },
        { only: { app: "web" }, on: { site: "muc" } },
        { only: ["db-01"], on: ["kvm-a", "kvm-b"] },
      ],
      limits: { memory: 0.9, cpu: 4, moves: 20 },
      defaults: { migration: { autoConverge: true, timeout: "5m" }, onDrift: "moveBack" },
      evacuated: { "kvm-a": { "db-01": 0, "web-01": 1 } },
    });
    assert.deepEqual(Object.keys(placements.vms), ["db-01", "web-01", "gpu-01", "big-01"]);
  });

  it("is read as JSON, with a byte order mark, with CRLF, and with sections of which nothing is left", () => {
    for (const text of [
      '{ "vms": { "db": "kvm-a" } }',
      '{\n  "vms": {\n    "db": { "host": "kvm-a" }\n  }\n}\n',
      "\uFEFFvms:\n  db: kvm-a\n",
      "hosts:\r\nvms:\r\n  db: kvm-a # here\r\nrules:\r\n",
      "---\nvms: { db: kvm-a }\n",
    ]) {
      assert.equal(parsePlacements(text).placements.vms["db"]?.host, "kvm-a", JSON.stringify(text));
    }
    assert.deepEqual(parsePlacements("vms:\n  # db: kvm-a\n").placements.vms, {});
  });

  it("is taken as a value of the program, whose faults have no line", () => {
    const shared = { app: "web" };
    const { placements } = placementsOf({
      vms: { a: { host: "x", labels: shared }, b: { host: "y", labels: shared } },
    });
    assert.deepEqual(placements.vms["b"]?.labels, { app: "web" });
    assert.throws(
      () => placementsOf({ vms: { a: 12 } }, { file: "the placements" }),
      /^PlacementError: [^]*\(check\): the placements: vms\.a: got 12; /,
    );
  });

  it("names every fault at once, each with its line, column and field", () => {
    const text = `hots: {}
hosts: { kvm-a: { maintenence: true, labels: { site: 12 }, limits: { memory: 80 } } }
vms:
  db-01: kvm-a
  web-01: { hst: kvm-b, labels: [a], priority: high }
  x: { host: kvm-b, migration: { timeout: 5, parallel: { connection: 3 } } }
  y: { host: kvm-b, migration: { onTimeout: postCopy, timeout: 5m } }
  e:
  l: [kvm-a]
`;
    assertFaults(text, [
      /^1:1: unknown field "hots" \(did you mean hosts\?\); the fields are hosts, vms, /,
      /^2:19: hosts\.kvm-a: unknown field "maintenence" \(did you mean maintenance\?\)/,
      /^2:54: hosts\.kvm-a\.labels\.site: got 12; expected text, for example "web"$/,
      /^2:78: hosts\.kvm-a\.limits\.memory: got 80; expected a percentage from 1% to 1000%, for example "90%"$/,
      /^5:11: vms\.web-01: has no host; write for example \{ host: kvm-a, priority: 10 \}$/,
      /^5:13: vms\.web-01: unknown field "hst" \(did you mean host\?\)/,
      /^5:33: vms\.web-01\.labels: got \["a"\]; expected values by name, for example \{ app: web \}$/,
      /^5:48: vms\.web-01\.priority: got "high"; expected a whole number from -1000 to 1000, for example 10$/,
      /^6:43: vms\.x\.migration\.timeout: got 5; expected a duration /,
      /^6:56: vms\.x\.migration\.parallel: unknown field "connection" \(did you mean connections\?\)/,
      /^7:34: vms\.y\.migration\.onTimeout: `onTimeout: "postCopy"` needs `postCopy: true`/,
      /^8:5: vms\.e: got nothing; expected a host name, or an object with the host and more, for example kvm-a or /,
      /^9:6: vms\.l: got \["kvm-a"\]; expected a host name/,
    ]);
  });

  it("refuses names that nobody has, with near ones", () => {
    const text = `vms:
  db-01: kvm-x
  web-01: { host: kvm-b, after: [db-02, web-01] }
rules:
  - apart: [db-01, wbe-01]
  - together: [db-01, db-01]
  - { only: [web-01], on: [kvm-c, kvm-bb] }
evacuated: { kvm-q: { gone: 0 } }
`;
    assertFaults(
      text,
      [
        /^2:10: vms\.db-01\.host: "kvm-x" is neither in the inventory nor under `hosts`; write kvm-a, kvm-b or kvm-c if you meant that; or add it to vm-placement:hosts/,
        /^3:26: vms\.web-01\.after: web-01 waits for web-01: none of them would ever move/,
        /^3:34: vms\.web-01\.after\.0: no VM of this file is called "db-02"; did you mean db-01\?$/,
        /^5:20: rules\.0\.apart\.1: no VM of this file is called "wbe-01"; did you mean db-01 or web-01\?$/,
        /^6:5: rules\.1\.together: "db-01" is in the list twice; keep one of them$/,
        /^7:35: rules\.2\.on\.1: "kvm-bb" is neither/,
        /^8:14: evacuated\.kvm-q: "kvm-q" is neither/,
        /^8:29: evacuated\.kvm-q\.gone: no VM of this file is called "gone"$/,
      ],
      { hosts: ["kvm-a", "kvm-b", "kvm-c"] },
    );
    // Without an inventory ssh decides; a host of the file is known.
    assert.deepEqual(faultsOf("vms: { db: kvm-x }"), []);
    assert.deepEqual(faultsOf("hosts: { kvm-x: {} }\nvms: { db: kvm-x }", { hosts: ["kvm-a"] }), []);
  });

  it("refuses what YAML reads in a way that nobody meant", () => {
    assertFaults("vms:\n  101: kvm-a\n  true: kvm-a\n  null: kvm-a\n  1e3: kvm-a\n", [
      /^2:3: vms: YAML reads the key 101 as a number; write "101", in quotes$/,
      /^3:3: vms: YAML reads the key true as true or false; write "true", in quotes$/,
      /^4:3: vms: YAML reads "null" as nothing; write it in quotes$/,
      /^5:3: vms: YAML reads the key 1e3 as a number; write "1e3", in quotes$/,
    ]);
    assertFaults('vms: { "101": kvm-a, "-x": kvm-a }', [
      /^1:15: vms\.101: got "101", which is a number, which virsh reads as a domain id;.*`domain`$/,
      /^1:28: vms\.-x: got "-x", which begins with a dash/,
    ]);
    assert.deepEqual(faultsOf('vms: { "101": { host: kvm-a, domain: 7b0f8c1e-4a5d-4a57-9c70-1b6f2f0c9a11 } }'), []);
    assertFaults("vms:\n  db: kvm-a\n  x: kvm-a\n  db: kvm-b\n", [
      /^4:3: vms: "db" stands there twice, first in line 2; keep one of them$/,
    ]);
    assertFaults("vms:\n  a: { host: kvm-a, domain: db }\n  db: kvm-a\n", [
      /^3:7: vms\.db\.domain: "db" is the domain of a too; keep one of them$/,
    ]);
    assertFaults("vms: &all { db: kvm-a }\nhosts: *all\n", [/^1:11: vms: anchors and aliases/, /^2:8: hosts: anchors/]);
    assertFaults("vms:\n  <<: { a: kvm-a }\n  db: { host: kvm-a, migration: &m { timeout: 5m } }\n", [
      /^2:3: vms: merge keys \(<<\) are not read; write the value out$/,
      /^3:36: vms\.db\.migration: anchors and aliases/,
    ]);
    assertFaults("vms:\n  db: !host kvm-a\n", [/^2:7: tags \(!…\) are not read/]);
    assertFaults("vms:\n  ? [a]\n  : kvm-a\n", [/^2:5: vms: a key is a list or an object here; expected a name$/]);
  });

  it("refuses what is no such file", () => {
    assertFaults("", [/^ is empty; expected the VMs by name, for example vms: \{ db-01: kvm-a \}$/]);
    assertFaults("# nothing yet\n", [/is empty/]);
    assertFaults("- db-01\n", [/^1:1: got \["db-01"\]; expected an object with fields/]);
    assertFaults("hosts: {}\n", [/^1:1: has no vms; write for example /]);
    assertFaults("vms:\n\tdb: kvm-a\n", [/^2:1: a tab indents this line; use spaces$/]);
    assertFaults("vms: { db: kvm-a }\n---\nvms: {}\n", [/^2:1: a second document begins/]);
    assertFaults("vms:\n  a: kvm-a\n   b: kvm-b\n", [/^2:6: two keys stand on one line/]);
    assertFaults("vms: { db: kvm-a\n", [/^2:1: cannot be read as YAML: /]);
    assertFaults("vms: { db: kvm-\uFFFD }\n", [/is no text in UTF-8/]);
    assertFaults("[".repeat(20_000), [/has more than 100 brackets within each other/]);
  });

  it("refuses VMs that wait for each other", () => {
    assertFaults("vms:\n  a: { host: x, after: [b] }\n  b: { host: x, after: [c] }\n  c: { host: x, after: [a] }\n", [
      /^4:17: vms\.c\.after: a waits for b waits for c waits for a: none of them would ever move; remove one$/,
    ]);
    const chain = Array.from(
      { length: 3000 },
      (_, i) => `  v${i}: { host: x${i === 0 ? "" : `, after: [v${i - 1}]`} }`,
    );
    assert.deepEqual(faultsOf(`vms:\n${chain.join("\n")}\n`), []);
  });

  it("refuses rules that are none", () => {
    const rules = [
      "{}",
      "{ apart: [a, b], together: [a, b] }",
      "{ only: [a] }",
      "{ apart: [a] }",
      "{ apart: {} }",
      "a",
    ];
    assertFaults(`vms: { a: x, b: x }\nrules:\n${rules.map((rule) => `  - ${rule}\n`).join("")}`, [
      /^3:5: rules\.0: has none of apart, together and only; expected one of apart, together or only, for example /,
      /^4:5: rules\.1: has apart and together; /,
      /^5:5: rules\.2: has no on; write for example /,
      /^6:14: rules\.3\.apart: got \["a"\]; expected a list of at least 2, for example /,
      /^7:14: rules\.4\.apart: got \{\}; expected at least one key/,
      /^8:5: rules\.5: got "a"; expected an object/,
    ]);
  });

  it("warns of a rule that holds nothing", () => {
    const { warnings } = parsePlacements(
      "vms: { a: { host: x, labels: { app: web } } }\nrules: [{ apart: { app: wbe } }]\n",
    );
    assert.deepEqual(
      warnings.map(({ line, field, severity, message }) => [line, field, severity, message]),
      [
        [
          2,
          "rules.0.apart",
          "warning",
          "no VM has these labels, so the rule holds nothing; did you mean { app: web }?",
        ],
      ],
    );
  });

  it("counts the faults that are too many to read, and shows no secret that was written into it", () => {
    const many = `vms:\n${Array.from({ length: 300 }, (_, i) => `  vm-${i}: ${i}\n`).join("")}`;
    assert.throws(() => parsePlacements(many), /300 faults[^]*vms\.vm-24: [^]*… and 275 more/);
    const key = "-----BEGIN OPENSSH PRIVATE KEY-----";
    assert.throws(
      () => parsePlacements(`vms: { a: { host: "${key}", priority: "Xk29dPqLmZ77" } }`),
      (error) => !/BEGIN|Xk29/.test(String(error)),
    );
  });
});
