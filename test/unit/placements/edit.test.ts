import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { type Changes, editPlacements } from "../../../provider/placements/edit";
import { parsePlacements } from "../../../provider/placements/parse";

const text = `# Where our VMs run.

hosts: { kvm-a: { labels: { site: muc } } }   # one so far

vms:
  db-01:   kvm-a     # primary
  'web-01': "kvm-b"
  web-02: { host: kvm-b,  labels: { app: web } }

  # the big one
  big-01:
    host: kvm-b   # for its memory
    after:
      - db-01   # first
      - web-02
rules:
- apart:    { app: web }
`;

/** The lines that differ, old and new. */
function difference(before: string, after: string): string[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `-${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+${line}`),
  ];
}

describe("an edit of the placements file", () => {
  const cases: [what: string, changes: Changes, lines: string[]][] = [
    [
      "moves a VM and keeps the short form and its comment",
      { vms: { "db-01": { host: "kvm-c" } } },
      ["-  db-01:   kvm-a     # primary", "+  db-01:   kvm-c     # primary"],
    ],
    ["keeps the quotes", { vms: { "web-01": { host: "kvm-c" } } }, [`-  'web-01': "kvm-b"`, `+  'web-01': "kvm-c"`]],
    [
      "changes one field of a long entry",
      { vms: { "web-02": { host: "kvm-c" } } },
      ["-  web-02: { host: kvm-b,  labels: { app: web } }", "+  web-02: { host: kvm-c,  labels: { app: web } }"],
    ],
    [
      "makes an entry long where it has to be",
      { vms: { "db-01": { after: ["web-02"] } } },
      ["-  db-01:   kvm-a     # primary", "+  db-01:   { host: kvm-a, after: [web-02] }     # primary"],
    ],
    [
      "adds a field",
      { vms: { "web-02": { after: ["db-01", "web-01"] } } },
      [
        "-  web-02: { host: kvm-b,  labels: { app: web } }",
        "+  web-02: { host: kvm-b,  labels: { app: web }, after: [db-01, web-01] }",
      ],
    ],
    [
      "changes a list line by line",
      { vms: { "big-01": { after: ["db-01", "web-01"] } } },
      ["-      - web-02", "+      - web-01"],
    ],
    [
      "takes a list away",
      { vms: { "big-01": { after: null } } },
      ["-    after:", "-      - db-01   # first", "-      - web-02"],
    ],
    [
      "adds and removes VMs",
      { vms: { "new-01": { host: "kvm-a" }, yes: { host: "kvm-a", domain: "a b" }, "web-01": null } },
      [`-  'web-01': "kvm-b"`, "+  new-01: kvm-a", '+  "yes": { host: kvm-a, domain: "a b" }'],
    ],
    [
      "puts hosts into maintenance",
      { hosts: { "kvm-a": { maintenance: true }, "kvm-b": { maintenance: true } } },
      [
        "-hosts: { kvm-a: { labels: { site: muc } } }   # one so far",
        "+hosts: { kvm-a: { labels: { site: muc }, maintenance: true }, kvm-b: { maintenance: true } }   # one so far",
      ],
    ],
    [
      "records what an evacuation moved",
      { evacuated: { "kvm-a": { "db-01": 0, "web-01": 1 } } },
      ["+evacuated:", "+  kvm-a:", "+    db-01: 0", "+    web-01: 1"],
    ],
    [
      "changes nothing where all is so already",
      { vms: { "db-01": { host: "kvm-a" } }, hosts: { "kvm-x": { maintenance: null } } },
      [],
    ],
  ];
  for (const [what, changes, lines] of cases) {
    it(what, () => {
      const edited = editPlacements(text, changes);
      assert.deepEqual(difference(text, edited), lines, edited);
      parsePlacements(edited);
    });
  }

  it("goes on from what an earlier edit wrote", () => {
    const twice = editPlacements(
      editPlacements(text, { evacuated: { "kvm-a": { "db-01": 0 } }, hosts: { "kvm-b": { maintenance: true } } }),
      { evacuated: { "kvm-a": { "db-01": 0, "web-02": 1 }, "kvm-b": { "web-01": 0 } } },
    );
    assert.ok(twice.endsWith("\nevacuated:\n  kvm-a:\n    db-01: 0\n    web-02: 1\n  kvm-b:\n    web-01: 0\n"), twice);
    const restored = editPlacements(twice, {
      evacuated: { "kvm-a": null, "kvm-b": null },
      hosts: { "kvm-b": { maintenance: null } },
    });
    assert.equal(restored, text);
  });

  it("writes into JSON as JSON", () => {
    const json = '{\n  "vms": {\n    "db-01": "kvm-a",\n    "web-01": { "host": "kvm-a" }\n  }\n}\n';
    const edited = editPlacements(json, {
      vms: { "db-01": { host: "kvm-b" }, "web-01": { after: ["db-01"] }, "new-01": { host: "kvm-c" } },
      hosts: { "kvm-a": { maintenance: true } },
    });
    assert.deepEqual(JSON.parse(edited), {
      vms: { "db-01": "kvm-b", "web-01": { host: "kvm-a", after: ["db-01"] }, "new-01": "kvm-c" },
      hosts: { "kvm-a": { maintenance: true } },
    });
    assert.match(edited, /^ {4}"new-01": "kvm-c"$/m);
    assert.equal(
      editPlacements(edited, {
        vms: { "db-01": { host: "kvm-a" }, "new-01": null },
        hosts: { "kvm-a": { maintenance: null } },
      }),
      json.replace('"kvm-a" }', '"kvm-a", "after": ["db-01"] }'),
    );
  });

  it("fills sections that are empty, and files whose last line has no end", () => {
    const start = "hosts:\nvms: # to come\n  # none\nrules: []";
    const edited = editPlacements(start, {
      vms: { a: { host: "x" }, b: { host: "z" } },
      hosts: { x: { maintenance: true } },
      evacuated: { z: { a: 0 } },
    });
    assert.equal(
      edited,
      "hosts:\n  x: { maintenance: true }\nvms: # to come\n  a: x\n  b: z\n  # none\nrules: []\nevacuated:\n  z:\n    a: 0",
    );
  });

  it("keeps CRLF, tells a comment in a mapping of one line from the rest, and writes forms it cannot cut as a whole", () => {
    assert.equal(editPlacements("vms:\r\n  a: x\r\n", { vms: { b: { host: "z" } } }), "vms:\r\n  a: x\r\n  b: z\r\n");
    const commented = "vms: {\n  a: x, # first\n  b: y # second\n}\n";
    assert.equal(editPlacements(commented, { vms: { b: null } }), "vms: {\n  a: x # first\n   # second\n}\n");
    const explicit = "vms:\n  ? a # odd\n  : x\n";
    const edited = editPlacements(explicit, { vms: { b: { host: "z" } } });
    assert.match(edited, /# odd/);
    assert.equal(parsePlacements(edited).placements.vms["b"]?.host, "z");
  });

  it("edits nothing that has faults", () => {
    assert.throws(
      () => editPlacements("vms: { a: 1 }", { vms: { a: { host: "x" } } }, "prod.yaml"),
      /cannot use prod\.yaml/,
    );
    assert.throws(() => editPlacements("vms: { a: x }", { vms: { b: { after: ["a"] } } }), /no host is given for b/);
  });

  it("edits a thousand VMs at once", () => {
    const names = Array.from({ length: 1000 }, (_, i) => `vm-${i}`);
    const large = `vms:\n${names.map((name) => `  ${name}: kvm-a # ${name}\n`).join("")}`;
    const started = Date.now();
    const edited = editPlacements(large, { vms: Object.fromEntries(names.map((name) => [name, { host: "kvm-b" }])) });
    assert.equal(edited, large.replaceAll("kvm-a", "kvm-b"));
    assert.ok(Date.now() - started < 5000);
  });

  describe("of any file", () => {
    const name = fc.constantFrom("a", "b-1", "yes", "1_0", "c d", "é", "12e3", "x:y", "on", "f.g");
    const host = fc.constantFrom("kvm-a", "kvm-b", "10.0.0.1", "root@kvm-c:22", "fd00::1", "no");
    const comment = fc.constantFrom("", "", " # why", "   # a: { b }, [c]");
    const gap = fc.constantFrom("", "", "\n", "  # between: { all }\n", "\n\n# left\n");
    const quoted = (text: string, form: number) =>
      form === 1 ? JSON.stringify(text) : `'${text.replaceAll("'", "''")}'`;
    const entry = fc.record({
      host,
      form: fc.constantFrom("short", "flow", "block"),
      quotes: fc.constantFrom(1, 2),
      labels: fc.boolean(),
      comment,
      gap,
    });
    const file = fc
      .record({
        vms: fc.dictionary(name, entry, { minKeys: 1 }),
        hosts: fc.constantFrom(
          "",
          "hosts: { kvm-a: { labels: { s: m } } }\n",
          "hosts:\n  kvm-a:\n    labels: { s: m } # c\n",
        ),
        rules: fc.constantFrom("", "rules: # r\n  - only: [%]\n    on: [kvm-a]\n"),
        head: fc.constantFrom("", "# head\n\n", "---\n"),
        eol: fc.constantFrom("\n", "\r\n"),
        end: fc.boolean(),
      })
      .map(({ vms, hosts, rules, head, eol, end }) => {
        const names = Object.keys(vms);
        const entries = Object.entries(vms).map(([key, { host, form, quotes, labels, comment, gap }]) => {
          const [k, h] = [quoted(key, quotes), quoted(host, 3 - quotes)];
          const more = labels || form === "flow" ? ["labels: { app: web }"] : [];
          if (form === "short") return `${gap}  ${k}: ${h}${comment}\n`;
          if (form === "flow") return `${gap}  ${k}: {host: ${h},  ${more.join()} }${comment}\n`;
          return `${gap}  ${k}:${comment}\n    host: ${h}\n${more.map((each) => `    ${each}${comment}\n`).join("")}`;
        });
        const all = `${head}${hosts}vms:\n${entries.join("")}${rules.replace("%", quoted(names[0]!, 1))}`;
        return { text: (end ? all : all.replace(/\n$/, "")).replaceAll("\n", eol), names };
      });
    const change = fc.record(
      {
        host: fc.option(host, { nil: undefined }),
        after: fc.boolean(),
        add: fc.option(fc.tuple(fc.constantFrom("new", "null", "0x1", "n:m"), host), { nil: undefined }),
        maintenance: fc.dictionary(fc.constantFrom("kvm-a", "kvm-z", "true"), fc.constant({ maintenance: true }), {
          maxKeys: 3,
        }),
        evacuated: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const comments = (of: string) => [...of.matchAll(/# ?\S[^\r\n]*$/gm)].map(([found]) => found.trim());

    it("says the change and nothing else, keeps every comment, and its reverse gives the same text", () => {
      fc.assert(
        fc.property(file, change, fc.nat(), ({ text, names }, { host, after, add, maintenance, evacuated }, pick) => {
          const vm = names[pick % names.length]!;
          const other = names.find((each) => each !== vm);
          const before = parsePlacements(text).placements;
          const hadHost = before.vms[vm]!.host;
          const afterwards = after && other !== undefined ? [other] : undefined;
          const isEdited = host !== undefined || afterwards !== undefined;
          const edited = editPlacements(text, {
            vms: {
              ...(isEdited && {
                [vm]: { ...(host !== undefined && { host }), ...(afterwards && { after: afterwards }) },
              }),
              ...(add && { [add[0]]: { host: add[1] } }),
            },
            ...(maintenance && { hosts: maintenance }),
            ...(evacuated && { evacuated: { "kvm-a": { [vm]: 0, ...(other !== undefined && { [other]: 1 }) } } }),
          });
          const { placements } = parsePlacements(edited);
          const expected = structuredClone(before) as unknown as {
            vms: Record<string, unknown>;
            hosts: Record<string, object>;
            evacuated: object;
          };
          Object.assign(expected.vms[vm] as object, { host: host ?? hadHost }, afterwards && { after: afterwards });
          if (add)
            expected.vms[add[0]] = {
              ...parsePlacements("vms: { q: x }").placements.vms["q"],
              domain: add[0],
              host: add[1],
            };
          for (const [each, { maintenance: on }] of Object.entries(maintenance ?? {}))
            expected.hosts[each] = { ...expected.hosts[each], maintenance: on };
          if (evacuated) expected.evacuated = { "kvm-a": { [vm]: 0, ...(other !== undefined && { [other]: 1 }) } };
          assert.deepEqual(placements, expected, edited);
          assert.deepEqual(comments(edited), comments(text), edited);

          const reversed = editPlacements(edited, {
            vms: {
              ...(isEdited && { [vm]: { host: hadHost, ...(afterwards && { after: null }) } }),
              ...(add && { [add[0]]: null }),
            },
            hosts: Object.fromEntries(Object.keys(maintenance ?? {}).map((each) => [each, { maintenance: null }])),
            ...(evacuated && { evacuated: { "kvm-a": null } }),
          });
          // The text of a host that an entry took into its long form is written without quotes where it needs none.
          const same = (of: string) => (afterwards ? JSON.stringify(parse(of)) : of);
          assert.equal(same(reversed), same(text));
        }),
        { numRuns: 300 },
      );
    });
  });
});
