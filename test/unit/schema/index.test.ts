import assert from "node:assert/strict";
import { type OptionName, optionNames, optionTable } from "../../../provider/core/options";
import {
  containsUnknown,
  parseInputs,
  parseInventory,
  parseSsh,
  parseUri,
  UNKNOWN,
  withoutUndefined,
} from "../../../provider/schema";

type Failure = [property: string, message: string, code?: string];

function migrationFailures(migration: unknown): Failure[] {
  return failuresOf({ domain: "db-01", host: "kvm-a", migration });
}

function failuresOf(props: Record<string, unknown>): Failure[] {
  return parseInputs(props).failures.map(({ property, message, code }) => [property, message, code]);
}

/** Option `name` alone, as the user writes it; with what its input needs to be an object. */
function written(name: OptionName, value: unknown): Record<string, unknown> {
  const [group, member] = optionTable[name].input.split(".") as [string, string?];
  if (member === undefined) return { [group]: value };
  const head = optionNames.find((other) => optionTable[other].input === group);
  const key = head && optionTable[head].objectKey;
  return { [group]: { ...(key && { [key]: example(head) }), [member]: value } };
}

function example(name: OptionName): unknown {
  return JSON.parse(optionTable[name].example);
}

/** Failures that are about how a value is written, not about which options go together. */
function spelling(migration: unknown): Failure[] {
  return migrationFailures(migration).filter(([, , code]) => code === "invalidInput");
}

const migrationFields =
  "mode, postCopy, parallel, autoConverge, maxDowntime, bandwidth, timeout, onTimeout, convergence, tls, tunnelled, compression, zeroCopy, copyStorage, disks, networks, switchoverBandwidth, listenAddress, graphicsUri, changeProtection, abortOnError, unsafe";

describe("schema: a migration's options", () => {
  describe("every option of the table", () => {
    for (const name of optionNames) {
      const { input, kind, objectKey } = optionTable[name];
      it(`${input}: its example is right, alone and as an object where it has one`, () => {
        assert.deepEqual(spelling(written(name, example(name))), []);
        const { migration } = parseInputs({
          domain: "db-01",
          host: "kvm-a",
          migration: written(name, example(name)),
        }).inputs;
        assert.notEqual(migration?.[name], undefined);
        if (objectKey) assert.deepEqual(spelling({ [input]: { [objectKey]: example(name) } }), []);
      });

      it(`${input}: null, wrong types and what virsh would take for an option are refused by name, with an example`, () => {
        const wrong = kind.type === "flag" ? [null, "yes", 1] : [null, true, "--unsafe", -1];
        for (const value of wrong) {
          const [failure, ...more] = spelling(written(name, value));
          assert.deepEqual(more, []);
          assert.equal(failure?.[0], `migration.${input}`);
          assert.match(failure[1], new RegExp(`^got ${escaped(JSON.stringify(value))}; expected .+, for example `));
          assert.ok(failure[1].includes(optionTable[name].example), failure[1]);
        }
      });
    }
  });

  const refusals: [title: string, migration: unknown, ...failures: Failure[]][] = [
    [
      "a bare number of seconds",
      { timeout: 30 },
      [
        "migration.timeout",
        'got 30; expected a duration from 1 s to 168 h with its unit (ms, s, m, h), also per GiB of memory ("30s/GiB"), for example "5m"',
      ],
    ],
    [
      "a duration without a unit",
      { timeout: "30" },
      [
        "migration.timeout",
        'got "30"; expected a duration from 1 s to 168 h with its unit (ms, s, m, h), also per GiB of memory ("30s/GiB"), for example "5m"',
      ],
    ],
    [
      "a duration out of range",
      { maxDowntime: "34m" },
      [
        "migration.maxDowntime",
        'got "34m"; expected a duration from 1 ms to 33 min 20 s with its unit (ms, s, m, h), for example "500ms", or an object, for example { limit: "500ms" }',
      ],
    ],
    [
      "a rate of 0.5 MiB/s",
      { bandwidth: "1.5MiB/s" },
      [
        "migration.bandwidth",
        'got "1.5MiB/s"; expected a rate in whole MiB/s with its unit (MiB/s, GiB/s), for example "1GiB/s"',
      ],
    ],
    [
      "a size where a rate is asked",
      { bandwidth: "1GiB" },
      [
        "migration.bandwidth",
        'got "1GiB"; expected a rate in whole MiB/s with its unit (MiB/s, GiB/s), for example "1GiB/s"',
      ],
    ],
    [
      "a cache that is no power of two",
      { compression: { methods: ["xbzrle"], xbzrleCache: "60MiB" } },
      [
        "migration.compression.xbzrleCache",
        'got "60MiB"; expected a size with its unit (KiB, MiB, GiB) that is a power of two, for example "64MiB"',
      ],
    ],
    [
      "a number out of range",
      { parallel: { connections: 256 } },
      ["migration.parallel.connections", 'got 256; expected a whole number from 1 to 255 or "auto", for example 4'],
    ],
    [
      "a fraction",
      { autoConverge: { initial: 20.5 } },
      ["migration.autoConverge.initial", "got 20.5; expected a whole number from 1 to 99, for example 20"],
    ],
    [
      "a number where an object is meant",
      { parallel: 4 },
      [
        "migration.parallel",
        "got 4; expected true or false, for example true, or an object, for example { connections: 4 }",
      ],
    ],
    [
      "a word in the wrong case",
      { mode: "Live" },
      ["migration.mode", 'got "Live"; expected "auto", "live" or "offline", for example "auto"'],
    ],
    [
      "an object without its main value",
      { maxDowntime: { after: "5s" } },
      [
        "migration.maxDowntime.limit",
        'got nothing; expected a duration from 1 ms to 33 min 20 s with its unit (ms, s, m, h), for example "500ms"',
      ],
    ],
    [
      "a list with a member that is none",
      { compression: { methods: ["lz4"] } },
      [
        "migration.compression.methods.0",
        'got "lz4"; expected a list of "xbzrle", "zlib", "zstd", "mt", for example ["xbzrle"]',
      ],
    ],
    [
      "an empty list",
      { copyStorage: { mode: "all", disks: [] } },
      ["migration.copyStorage.disks", 'got []; expected a list of disk targets, for example ["vda"]'],
    ],
    [
      "a disk target that a shell would take apart",
      { copyStorage: { mode: "all", disks: ["vda;reboot"] } },
      ["migration.copyStorage.disks.0", 'got "vda;reboot"; expected a list of disk targets, for example ["vda"]'],
    ],
    [
      "a URI of another kind",
      { graphicsUri: "http://kvm-b" },
      [
        "migration.graphicsUri",
        'got "http://kvm-b"; expected a spice://, vnc:// or rdp:// URI, for example "spice://kvm-b.example.net:5900"',
      ],
    ],
    [
      "true where only an object is meant",
      { compression: true },
      [
        "migration.compression",
        'got true; expected an object with methods, xbzrleCache, zlibLevel, zstdLevel, mtLevel, mtThreads or mtDecompressThreads, for example { methods: ["xbzrle"] }',
      ],
    ],
    [
      "a misspelt option",
      { timeot: "5m" },
      ["migration", `unknown field "timeot" (did you mean timeout?); the fields are ${migrationFields} and accept`],
    ],
    [
      "a misspelt option of a group",
      { parallel: { conections: 4 } },
      ["migration.parallel", 'unknown field "conections" (did you mean connections?); the fields are connections'],
    ],
    [
      "virsh's own spelling",
      { "auto-converge": true },
      [
        "migration",
        `unknown field "auto-converge" (did you mean autoConverge?); the fields are ${migrationFields} and accept`,
      ],
    ],
    [
      "a word",
      "live",
      ["migration", `got "live"; expected an object with ${migrationFields} or accept, for example { timeout: "5m" }`],
    ],
    [
      "null",
      null,
      ["migration", `got null; expected an object with ${migrationFields} or accept, for example { timeout: "5m" }`],
    ],
    [
      "several at once, all of them named",
      { timeout: 30, bandwidth: 100 },
      [
        "migration.bandwidth",
        'got 100; expected a rate in whole MiB/s with its unit (MiB/s, GiB/s), for example "1GiB/s"',
      ],
      [
        "migration.timeout",
        'got 30; expected a duration from 1 s to 168 h with its unit (ms, s, m, h), also per GiB of memory ("30s/GiB"), for example "5m"',
      ],
    ],
  ];
  for (const [title, migration, ...failures] of refusals) {
    it(`refuses ${title}`, () => {
      assert.deepEqual(
        migrationFailures(migration),
        failures.map(([property, message]) => [property, message, "invalidInput"]),
      );
    });
  }

  it("refuses options that exclude each other with a code of its own, as soon as all are written right", () => {
    assert.deepEqual(migrationFailures({ tunnelled: true, tls: true }), [
      [
        "migration.tls",
        "`tls` cannot go with `tunnelled`: a tunnelled migration is carried by libvirt's own connection, which TLS here does not reach",
        "conflictingOptions",
      ],
    ]);
  });

  const accepted: [title: string, migration: unknown, parsed: object][] = [
    ["nothing at all", undefined, { mode: "auto" }],
    ["an empty object", {}, { mode: "auto" }],
    ["a group as a flag", { autoConverge: true }, { mode: "auto", autoConverge: true }],
    ["a group as an object, which turns it on", { autoConverge: {} }, { mode: "auto", autoConverge: true }],
    [
      "a group with members",
      { parallel: { connections: 4 } },
      { mode: "auto", parallel: true, parallelConnections: 4 },
    ],
    [
      "a number that is left to the link",
      { parallel: { connections: "auto" } },
      { mode: "auto", parallel: true, parallelConnections: "auto" },
    ],
    ["a value in its short form", { maxDowntime: "0.5s" }, { mode: "auto", maxDowntimeMs: 500 }],
    [
      "a value in its long form",
      { maxDowntime: { limit: "2s", after: "1m" } },
      { mode: "auto", maxDowntimeMs: 2000, maxDowntimeAfterMs: 60_000 },
    ],
    ["a rate in GiB/s", { bandwidth: "2GiB/s" }, { mode: "auto", bandwidthMiBps: 2048 }],
    ["a flag that is off", { tls: false, mode: "live" }, { mode: "live", tls: false }],
  ];
  for (const [title, migration, parsed] of accepted) {
    it(`reads ${title}`, () => {
      const { inputs, failures } = parseInputs({
        domain: "db-01",
        host: "kvm-a",
        ...(migration !== undefined && { migration }),
      });
      assert.deepEqual(failures, []);
      assert.deepEqual(inputs.migration, parsed);
    });
  }
});

describe("schema: domain and host", () => {
  const domains: [value: unknown, message: string][] = [
    [undefined, 'got nothing; expected a libvirt domain name or UUID, for example "db-01"'],
    [5, 'got 5; expected a libvirt domain name or UUID, for example "db-01"'],
    ["", 'got "", which is empty; expected a name or UUID, for example "db-01"'],
    [
      "5",
      'got "5", which is a number, which virsh reads as a domain id; give the UUID of this domain instead; expected a name or UUID, for example "db-01"',
    ],
    [
      "--all",
      'got "--all", which begins with a dash, which virsh reads as an option; give the UUID of this domain instead; expected a name or UUID, for example "db-01"',
    ],
    [
      "a\nb",
      'got "a\\nb", which has a character that libvirt allows in no domain name; expected a name or UUID, for example "db-01"',
    ],
    [
      "a\u202eb",
      'got a text of 3 characters, which has a character that cannot be shown in a command; give the UUID of this domain instead; expected a name or UUID, for example "db-01"',
    ],
  ];
  for (const [value, message] of domains) {
    it(`refuses the domain ${JSON.stringify(value) ?? "that is missing"}`, () => {
      assert.deepEqual(failuresOf({ domain: value, host: "kvm-a" }), [["domain", message, "invalidInput"]]);
    });
  }

  it("takes any other name, and a UUID in either case", () => {
    for (const domain of ["db 01", "db'01", "größe", "win$10"]) {
      assert.deepEqual(parseInputs({ domain, host: "kvm-a" }).inputs.domain, domain);
    }
    const upper = "5C1E2F0A-6D0B-4F8E-9A37-0C1D2E3F4A5B";
    assert.equal(parseInputs({ domain: upper, host: "kvm-a" }).inputs.domain, upper.toLowerCase());
  });

  const either = 'expected a host name, or a list of them, for example "kvm-b" or ["kvm-b", "kvm-c"]';
  const letters = 'expected a host name of letters, digits and . _ -, for example "kvm-b"';
  const hosts: [value: unknown, property: string, message: string][] = [
    [undefined, "host", `got nothing; ${either}`],
    [null, "host", `got null; ${either}`],
    [5, "host", `got 5; ${either}`],
    [[], "host", `got []; ${either}`],
    [["kvm-a", 5], "host", `got ["kvm-a",5]; ${either}`],
    ["", "host", `got ""; ${letters}`],
    ["kvm a", "host", `got "kvm a"; ${letters}`],
    ["-oProxyCommand=x", "host", `got "-oProxyCommand=x"; ${letters}`],
    [["kvm-a", "$(x)"], "host.1", `got "$(x)"; ${letters}`],
    ["ssh://kvm-b", "host", 'got "ssh://kvm-b"; expected a host name without a scheme, for example "root@kvm-b:2222"'],
    [
      "kvm-b:65536",
      "host",
      'got "kvm-b:65536"; expected a port from 1 to 65535 behind the colon, for example "kvm-b:2222"',
    ],
    [
      "[fd00::12",
      "host",
      'got "[fd00::12"; expected an IPv6 address, in brackets where a port follows, for example "fd00::12" or "root@[fd00::12]:2222"',
    ],
    [
      "root:hunter2@kvm-b",
      "host",
      'got a text; expected an account name of letters, digits and . _ - before the @, for example "root@kvm-b"; for other account names, set `user` of the host in vm-placement:hosts',
    ],
    [
      ["kvm-a", "kvm-a"],
      "host",
      'got ["kvm-a","kvm-a"]; a host is in the list twice; write for example ["kvm-b", "kvm-c"]',
    ],
  ];
  for (const [value, property, message] of hosts) {
    it(`refuses the host ${JSON.stringify(value) ?? "that is missing"}`, () => {
      assert.deepEqual(failuresOf({ domain: "db-01", host: value }), [[property, message, "invalidInput"]]);
    });
  }

  it("takes addresses of either family and accounts of a directory in an inventory", () => {
    const hosts = {
      "kvm-a": { address: "[fd00::11]", user: "CORP\\\\kvm admin" },
      "fd00::12": { peerAddress: "fe80::1%eth0" },
    };
    assert.deepEqual(parseInventory(JSON.stringify(hosts)).failures, []);
  });

  it("refuses a name of an inventory with a port in it", () => {
    assert.match(parseInventory('{ "kvm-b:2222": {} }').failures[0]!.message, /is not a host name/);
  });

  it("takes a name, an address, an account at a host, and a list of these", () => {
    for (const host of [
      "kvm-a",
      "10.0.0.11",
      "fd00::11",
      "::1",
      "kvm-c.example.net",
      "root@kvm-a",
      "root@kvm-a:2222",
      "[fd00::12]:22",
    ]) {
      assert.deepEqual(parseInputs({ domain: "db-01", host }), {
        inputs: {
          domain: "db-01",
          hosts: [host],
          anyOf: false,
          migration: { mode: "auto" },
          onDrift: "moveBack",
          limits: undefined,
        },
        failures: [],
      });
      assert.deepEqual(parseInputs({ domain: "db-01", host: [host, "kvm-z"] }).inputs.hosts, [host, "kvm-z"]);
      assert.equal(parseInputs({ domain: "db-01", host: [host] }).inputs.anyOf, true);
    }
  });

  it("takes limits as percentages, and nothing else", () => {
    const read = (limits: unknown) => {
      const { inputs, failures } = parseInputs({ domain: "db-01", host: "kvm-a", limits });
      return failures.length === 0 ? inputs.limits : failures.map(({ property, message }) => `${property}: ${message}`);
    };
    assert.deepEqual(read({ memory: "90%", cpu: "400%" }), { memory: 0.9, cpu: 4 });
    assert.deepEqual(read({}), {});
    assert.deepEqual(read({ memory: 90 }), [
      'limits.memory: got 90; expected a percentage from 1% to 1000%, for example "90%"',
    ]);
    assert.deepEqual(read({ memory: "0.5%" }), [
      'limits.memory: got "0.5%"; expected a percentage from 1% to 1000%, for example "90%"',
    ]);
    assert.match(JSON.stringify(read({ memroy: "90%" })), /unknown field \\"memroy\\" \(did you mean memory\?\)/);
    assert.match(
      JSON.stringify(read("90%")),
      /expected an object with memory or cpu, for example \{ memory: \\"90%\\" \}/,
    );
  });

  it("refuses inputs that there are none of, with the nearest; what a placement keeps beside its inputs is no stranger", () => {
    const placement = { domain: "db-01", host: "kvm-a" };
    assert.deepEqual(failuresOf({ ...placement, migrations: {}, Host: "kvm-b" }), [
      [
        "migrations",
        'unknown field "migrations" (did you mean migration?); the fields are domain, host, migration, onDrift, limits and inventory',
        "invalidInput",
      ],
      [
        "Host",
        'unknown field "Host" (did you mean host?); the fields are domain, host, migration, onDrift, limits and inventory',
        "invalidInput",
      ],
    ]);
    const kept = { plan: {}, currentHost: "kvm-a", domainUuid: "", state: "", lastMigration: {}, schemaVersion: 1 };
    assert.deepEqual(failuresOf({ ...placement, ...kept, __urn: "", __provider: "", __name: "" }), []);
  });
});

describe("schema: values that are not known yet", () => {
  it("may stand at any leaf of any option, and fail nothing", () => {
    for (const name of optionNames) {
      const migration = written(name, UNKNOWN);
      assert.deepEqual(spelling(migration), [], optionTable[name].input);
      assert.equal(parseInputs({ domain: "db-01", host: "kvm-a", migration }).inputs.migration, undefined);
      const { kind } = optionTable[name];
      if (kind.type === "list") assert.deepEqual(spelling(written(name, [UNKNOWN])), [], optionTable[name].input);
      const group = optionTable[name].input.split(".")[0]!;
      assert.deepEqual(spelling({ [group]: UNKNOWN }), []);
    }
    for (const [name, inside] of [
      ["maxDowntime", { limit: UNKNOWN, after: "5s" }],
      ["copyStorage", { mode: UNKNOWN, disks: ["vda", UNKNOWN] }],
    ] as const) {
      assert.deepEqual(migrationFailures({ [name]: inside }), []);
    }
  });

  it("may be the domain, the host, a member of a list of hosts, or all options", () => {
    for (const [given, undetermined] of [
      [{ domain: UNKNOWN }, "domain"],
      [{ host: UNKNOWN }, "hosts"],
      [{ host: [UNKNOWN] }, "hosts"],
      [{ host: ["kvm-a", UNKNOWN, UNKNOWN] }, "hosts"],
      [{ migration: UNKNOWN }, "migration"],
    ] as const) {
      const { inputs, failures } = parseInputs(Object.assign({ domain: "db-01", host: "kvm-a" }, given));
      assert.deepEqual(failures, []);
      assert.equal(inputs[undetermined], undefined);
    }
  });

  it("hide nothing that is wrong beside them, and are not shown by their spelling", () => {
    assert.deepEqual(migrationFailures({ timeout: UNKNOWN, parallel: { connections: 0 } }), [
      [
        "migration.parallel.connections",
        'got 0; expected a whole number from 1 to 255 or "auto", for example 4',
        "invalidInput",
      ],
    ]);
    assert.deepEqual(failuresOf({ domain: UNKNOWN, host: [UNKNOWN, "-x"] }), [
      ["host.1", 'got "-x"; expected a host name of letters, digits and . _ -, for example "kvm-b"', "invalidInput"],
    ]);
    const [[, message] = []] = failuresOf({ domain: "db-01", host: [UNKNOWN, 5] });
    assert.equal(
      message,
      'got ["(not known yet)",5]; expected a host name, or a list of them, for example "kvm-b" or ["kvm-b", "kvm-c"]',
    );
  });

  it("are found at any depth", () => {
    assert.equal(containsUnknown({ a: [{ b: UNKNOWN }] }), true);
    assert.equal(containsUnknown({ a: [{ b: `${UNKNOWN} ` }], c: null }), false);
  });
});

describe("schema: the inventory", () => {
  const secret = "c2VjcmV0LXRoYXQtbXVzdC1ub3QtYmUtc2hvd24";

  function inventoryFailures(value: unknown): Failure[] {
    const { inventory, failures } = parseInventory(typeof value === "string" ? value : JSON.stringify(value));
    assert.equal(inventory, undefined);
    return failures.map(({ property, message, code }) => [property, message, code]);
  }

  it("is not there where nothing is configured", () => {
    assert.deepEqual(parseInventory(undefined), { inventory: undefined, failures: [] });
  });

  it("takes every field of a host, and hosts of which only the name is known", () => {
    const host = {
      address: "10.0.0.11",
      port: 2222,
      user: "root",
      identityFile: "~/.ssh/id_ed25519",
      privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
      passphrase: "correct horse",
      agent: "/run/user/1000/agent",
      hostKey: "SHA256:GYnKdo9AhUyj1p8LvJkv7CpJAxSrTVWH0uJ0O7jS6ks",
      knownHostsFile: "~/.ssh/known_hosts.kvm",
      proxyJump: "bastion,admin@inner:2222",
      peerAddress: "[fd00::11]",
      peerUser: "migrate",
      peerPort: 2022,
      peerTransport: "ssh",
      peerKeyfile: "/root/.ssh/migrate",
      peerProxy: "native",
      linkSpeed: "25Gbps",
      migrationAddress: "::1",
      maxOutgoing: 1,
      maxIncoming: 64,
      maintenance: true,
      labels: { rack: "r1" },
    };
    const { inventory, failures } = parseInventory(
      JSON.stringify({ "kvm-a": host, "kvm-b": {}, "kvm-c.example.net": null }),
    );
    assert.deepEqual(failures, []);
    assert.deepEqual(inventory, {
      "kvm-a": { name: "kvm-a", ...host },
      "kvm-b": { name: "kvm-b" },
      "kvm-c.example.net": { name: "kvm-c.example.net" },
    });
  });

  it("takes a host key as ssh prints it", () => {
    for (const hostKey of ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA", "ecdsa-sha2-nistp256 AAAAE2VjZHNh root@kvm-a"]) {
      assert.deepEqual(parseInventory(JSON.stringify({ "kvm-a": { hostKey } })).failures, []);
    }
  });

  const ipOrName =
    'expected an IP address or host name without account and port, for example "10.0.0.12" or "fd00::12"';
  const refusals: [title: string, value: unknown, property: string, message: RegExp | string][] = [
    ["a text", "kvm-a", "", "is no object; expected hosts by name"],
    [
      "a list",
      [{ name: "kvm-a", passphrase: secret }],
      "",
      "got a list; expected hosts by name, for example { kvm-a: { address: 10.0.0.11, user: root } }",
    ],
    [
      "a host name with a blank",
      { "kvm a": {} },
      ".kvm a",
      "is not a host name; expected letters, digits and . _ -, or an IPv6 address, for example kvm-a: { address: 10.0.0.11, user: root }",
    ],
    [
      "a text for a host",
      { "kvm-a": secret },
      ".kvm-a",
      /^got a text; expected an object with address, port, .+ or labels, for example \{ address: 10\.0\.0\.11, user: root \}$/,
    ],
    [
      "a misspelt field",
      { "kvm-a": { passfrase: secret } },
      ".kvm-a",
      /^unknown field "passfrase" \(did you mean passphrase\?\); the fields are address, port, .+ and labels$/,
    ],
    [
      "a port as text",
      { "kvm-a": { port: "22" } },
      ".kvm-a.port",
      'got "22"; expected a whole number from 1 to 65535, for example 22',
    ],
    [
      "a port out of range",
      { "kvm-a": { peerPort: 65_536 } },
      ".kvm-a.peerPort",
      "got 65536; expected a whole number from 1 to 65535, for example 22",
    ],
    [
      "an address that ssh would take for an option",
      { "kvm-a": { address: "-oProxyCommand=x" } },
      ".kvm-a.address",
      `got "-oProxyCommand=x"; ${ipOrName}`,
    ],
    [
      "an address with a path",
      { "kvm-a": { peerAddress: "kvm-a/session" } },
      ".kvm-a.peerAddress",
      `got "kvm-a/session"; ${ipOrName}`,
    ],
    [
      "an address that is a number",
      { "kvm-a": { migrationAddress: 10 } },
      ".kvm-a.migrationAddress",
      `got 10; ${ipOrName}`,
    ],
    ["an empty user", { "kvm-a": { user: "" } }, ".kvm-a.user", 'got ""; expected an account name, for example "root"'],
    [
      "a peer user that ssh would take for an option",
      { "kvm-a": { peerUser: "-l" } },
      ".kvm-a.peerUser",
      'got "-l"; expected an account name, for example "migrate"',
    ],
    [
      "a transport that is no control transport of libvirt's between hosts",
      { "kvm-a": { peerTransport: "libssh2" } },
      ".kvm-a.peerTransport",
      'got "libssh2"; expected "ssh", "tls" or "tcp", for example "ssh"',
    ],
    [
      "a switch that would accept any host key or certificate",
      { "kvm-a": { no_verify: true } },
      ".kvm-a",
      /^unknown field "no_verify"; the fields are /,
    ],
    [
      "a key of the account's home, which only a shell knows",
      { "kvm-a": { peerKeyfile: "~/.ssh/migrate" } },
      ".kvm-a.peerKeyfile",
      'got "~/.ssh/migrate"; expected an absolute path on the other hosts, for example "/root/.ssh/migrate"',
    ],
    [
      "a priority that is none",
      { "kvm-a": { peerTransport: "tls", peerTlsPriority: "NORMAL VERS" } },
      ".kvm-a.peerTlsPriority",
      'got "NORMAL VERS"; expected a priority string of GnuTLS, for example "NORMAL:-VERS-TLS1.2"',
    ],
    ...(
      [
        ["tls", { peerKeyfile: "/root/.ssh/migrate" }, "ssh"],
        ["tcp", { peerProxy: "native" }, "ssh"],
        [undefined, { peerPkipath: "/etc/pki/migrate" }, "tls"],
        ["tcp", { peerTlsPriority: "NORMAL" }, "tls"],
      ] as const
    ).map(([peerTransport, field, of]): [string, unknown, string, string] => [
      `${Object.keys(field)[0]!} with ${peerTransport ?? "the default transport"}`,
      { "kvm-a": { peerTransport, ...field } },
      `.kvm-a.${Object.keys(field)[0]!}`,
      `is of peerTransport: ${of}; expected it with ${of} only, and peerTransport is ${peerTransport ?? "ssh"}`,
    ]),
    ...["25", "25Gbit/s", "25GiB/s", "0Gbps", "fast"].map((linkSpeed): [string, unknown, string, string] => [
      `the link speed ${linkSpeed}`,
      { "kvm-a": { linkSpeed } },
      ".kvm-a.linkSpeed",
      `got "${linkSpeed}"; expected a speed in Gbps or Mbps, for example "25Gbps"`,
    ]),
    ...[{ maxIncoming: 1 }, { migrationAddress: "10.9.0.12" }, { migrationAddress: "10.9.0.12", maxIncoming: 2 }].map(
      (beside): [string, unknown, string, string] => [
        `one data port beside ${JSON.stringify(beside)}`,
        { "kvm-a": { migrationPort: 49_160, ...beside } },
        ".kvm-a.migrationPort",
        "is a single port for all migrations; expected migrationAddress and maxIncoming: 1 beside it",
      ],
    ),
    [
      "a list of identity files",
      { "kvm-a": { identityFile: ["a"] } },
      ".kvm-a.identityFile",
      'got ["a"]; expected a path, for example "~/.ssh/id_ed25519"',
    ],
    [
      "an empty private key",
      { "kvm-a": { privateKey: "" } },
      ".kvm-a.privateKey",
      "got an empty text; expected the text of a private key",
    ],
    [
      "a passphrase that is a number",
      { "kvm-a": { passphrase: 736_372 } },
      ".kvm-a.passphrase",
      "got a number; expected the passphrase",
    ],
    [
      "an agent that is neither a switch nor a path",
      { "kvm-a": { agent: 5 } },
      ".kvm-a.agent",
      "got 5; expected true, false or a socket path, for example true",
    ],
    [
      "a short fingerprint",
      { "kvm-a": { hostKey: "SHA256:abc" } },
      ".kvm-a.hostKey",
      'got "SHA256:abc"; expected a fingerprint or a public key line, for example "SHA256:…" or "ssh-ed25519 AAAA…"',
    ],
    [
      "a jump host that is none",
      { "kvm-a": { proxyJump: true } },
      ".kvm-a.proxyJump",
      'got true; expected jump hosts as ssh writes them, for example "bastion" or "admin@bastion:2222"',
    ],
    [
      "more migrations than a host can bear",
      { "kvm-a": { maxOutgoing: 65 } },
      ".kvm-a.maxOutgoing",
      "got 65; expected a whole number from 1 to 64, for example 2",
    ],
    [
      "none at all",
      { "kvm-a": { maxIncoming: 0 } },
      ".kvm-a.maxIncoming",
      "got 0; expected a whole number from 1 to 64, for example 2",
    ],
    [
      "maintenance as a word",
      { "kvm-a": { maintenance: "yes" } },
      ".kvm-a.maintenance",
      'got "yes"; expected true or false, for example true',
    ],
    ...["kvm-b:2222", "root@kvm-b", "ssh://kvm-b", "[kvm-b]", "fe80::1%25eth0", "kvm%20b", "10.9.0.12:49152"].flatMap(
      (address) =>
        ["address", "peerAddress", "migrationAddress"].map((field): [string, unknown, string, RegExp] => [
          `the ${field} ${address}`,
          { "kvm-a": { [field]: address } },
          `.kvm-a.${field}`,
          /expected an IP address or host name without account and port, for example "10\.0\.0\.12"/,
        ]),
    ),
    ...["-l root", " root", "root ", "ro\u0007ot", ""].map((user): [string, unknown, string, RegExp] => [
      `the user ${JSON.stringify(user)}`,
      { "kvm-a": { user } },
      ".kvm-a.user",
      /expected an account name, for example "root"/,
    ]),
    ...[0, 65_536, "22", 22.5].map((port): [string, unknown, string, RegExp] => [
      `the port ${JSON.stringify(port)}`,
      { "kvm-a": { peerPort: port } },
      ".kvm-a.peerPort",
      /expected a whole number from 1 to 65535, for example 22/,
    ]),
    [
      "labels as a list",
      { "kvm-a": { labels: ["r1"] } },
      ".kvm-a.labels",
      'got ["r1"]; expected text by key, for example { rack: "r1" }',
    ],
    [
      "a label that is a number",
      { "kvm-a": { labels: { rack: 1 } } },
      ".kvm-a.labels.rack",
      'got 1; expected text, for example "r1"',
    ],
  ];
  for (const [title, value, property, message] of refusals) {
    it(`refuses ${title}`, () => {
      const [failure, ...more] = inventoryFailures(value);
      assert.deepEqual(more, []);
      assert.equal(failure?.[0], `vm-placement:hosts${property}`);
      if (typeof message === "string") assert.equal(failure[1], message);
      else assert.match(failure[1], message);
      assert.equal(failure[2], "invalidInput");
      assert.ok(!failure.join().includes(secret));
    });
  }

  it("names a key's text that stands in the wrong field, and does not show it", () => {
    const key = `-----BEGIN OPENSSH PRIVATE KEY-----\n${secret}\n-----END OPENSSH PRIVATE KEY-----\n`;
    for (const field of ["identityFile", "knownHostsFile", "agent", "hostKey", "address", "user", "proxyJump"]) {
      const [failure, ...more] = inventoryFailures({ "kvm-a": { [field]: key } });
      assert.deepEqual(more, []);
      assert.equal(failure?.[0], `vm-placement:hosts.kvm-a.${field}`);
      assert.match(failure[1], /^got the text of a private key; expected /);
      assert.doesNotMatch(failure[1], /BEGIN|c2Vjc/);
    }
    assert.match(inventoryFailures({ "kvm-a": { identityFile: key } })[0]![1], /put the text of a key in privateKey$/);
  });

  it("says how to set a secret that is wrong, and how to begin", () => {
    const commandsFor = (text: string) =>
      parseInventory(text).failures.flatMap(({ remedies }) => remedies.flatMap(({ commands }) => commands));
    assert.deepEqual(commandsFor('{"kvm-a":{"passphrase":5,"port":0}}'), [
      { command: "pulumi config set --secret --path 'vm-placement:hosts.kvm-a.passphrase' < FILE" },
    ]);
    assert.deepEqual(commandsFor("kvm-a"), [
      { command: "pulumi config set --path 'vm-placement:hosts.kvm-a.address' 10.0.0.11" },
    ]);
  });

  it("names every wrong field at once", () => {
    assert.deepEqual(
      inventoryFailures({ "kvm-a": { port: 0 }, "kvm-b": { maintenance: 1 } }).map(([property]) => property),
      ["vm-placement:hosts.kvm-a.port", "vm-placement:hosts.kvm-b.maintenance"],
    );
  });
});

describe("schema: which ssh", () => {
  it("is one of three, auto by default", () => {
    for (const ssh of ["auto", "ssh2", "openssh"] as const) assert.deepEqual(parseSsh(ssh), { ssh, failures: [] });
    assert.deepEqual(parseSsh(undefined), { ssh: "auto", failures: [] });
    const { failures } = parseSsh("OpenSSH");
    assert.deepEqual(
      failures.map(({ property, code }) => [property, code]),
      [["vm-placement:ssh", "invalidInput"]],
    );
  });
});

describe("schema: the libvirt URI", () => {
  it("is the system's by default, and may name a socket", () => {
    for (const uri of [undefined, "qemu:///system", "qemu+unix:///system?socket=/run/libvirt/libvirt-sock"]) {
      assert.deepEqual(parseUri(uri), { uri: uri ?? "qemu:///system", failures: [] });
    }
  });

  it("refuses one that is another host's, a session's or a shell's", () => {
    for (const uri of [
      "qemu+ssh://kvm-b/system",
      "qemu:///session",
      "qemu:///system;reboot",
      "qemu:///system?x=$(y)",
    ]) {
      const { failures } = parseUri(uri);
      assert.deepEqual(failures, [
        {
          property: "vm-placement:uri",
          message:
            `got "${uri}"; expected the libvirt URI that is local to each host, for example qemu:///system` +
            (uri.endsWith("/session")
              ? " (VMs of qemu:///session belong to the daemon of one user, which libvirt on another host does not reach: define them in qemu:///system)"
              : ""),
          remedies: [{ do: "set it", commands: [{ command: "pulumi config set vm-placement:uri qemu:///system" }] }],
          code: "invalidInput",
        },
      ]);
    }
  });
});

describe("schema: what goes back to Pulumi", () => {
  it("holds no undefined at any depth, and keeps null, false and empty texts", () => {
    assert.deepEqual(withoutUndefined({ a: undefined, b: [undefined, { c: undefined, d: null }], e: false, f: "" }), {
      b: [{ d: null }],
      e: false,
      f: "",
    });
  });
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

describe("listenAddress", () => {
  const failuresOf = (listenAddress: string) =>
    parseInputs({ domain: "db-01", host: "kvm-b", migration: { listenAddress } }).failures;
  for (const good of ["10.9.0.12", "fd00::12", "kvm-b.mig"]) {
    it(`may be ${good}`, () => assert.deepEqual(failuresOf(good), []));
  }
  // virsh would hand them to QEMU as a host name that does not resolve; the port is libvirt's to choose.
  for (const bad of ["10.9.0.12:49152", "[fd00::12]", "[fd00::12]:49152", "kvm-b:22", "root@kvm-b"]) {
    it(`is no ${bad}`, () => {
      assert.deepEqual(
        failuresOf(bad).map(({ property, code }) => [property, code]),
        [["migration.listenAddress", "invalidInput"]],
      );
    });
  }
});
